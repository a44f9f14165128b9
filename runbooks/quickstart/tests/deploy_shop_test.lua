-- Releasing the shop: what is released, when a person is asked, and what happens where it fails.
local yes = { answers = { ["Release it?"] = "approve" } }

describe("deploy-shop", function()
  local w

  before_each(function()
    w = world "local"
    w.deploy.shop:put_artifact { version = "1.0" }
    w.deploy.shop:put_artifact { version = "1.1" }
    assert.equal("done", w:run("deploy-shop", { version = "1.0" }, yes).outcome)
  end)

  it("releases the version and waits until the shop itself says so", function()
    local run = w:run("deploy-shop", { version = "1.1" }, yes)
    assert.equal("done", run.outcome)
    assert.same({ version = "1.1", before = "1.0" }, run.value)
    assert.equal("1.1", w.deploy.shop.version)
    assert.equal("The shop is now 1.1; it was 1.0.", w.sent[#w.sent].text)
  end)

  it("waits for a person, and releases nothing before", function()
    local run = w:run("deploy-shop", { version = "1.1" })
    assert.equal("waits", run.outcome)
    assert.equal("Release it?", run.asks[1].name)
    assert.equal("1.0", w.deploy.shop.version)
  end)

  it("asks nobody where it is told to", function()
    local run = w:run("deploy-shop", { version = "1.1", ask_first = false })
    assert.equal("done", run.outcome)
  end)

  it("changes nothing where the person refuses", function()
    local run = w:run("deploy-shop", { version = "1.1" },
      { answers = { ["Release it?"] = { decision = "reject", reason = "not today" } } })
    assert.is_not.equal("done", run.outcome)
    assert.equal("1.0", w.deploy.shop.version)
  end)

  it("says so where there is no such version", function()
    local run = w:run("deploy-shop", { version = "9.9" }, yes)
    assert.equal("waits", run.outcome)
    assert.contains("There is no version 9.9 of the shop.", run.asks[1].detail)
  end)

  it("believes the shop itself, and not only what deployed it", function()
    w.http.shop:answer { path = "/health", status = 200, json = { version = "1.0" } }
    local run = w:run("deploy-shop", { version = "1.1" }, yes)
    assert.equal("waits", run.outcome)
    assert.equal("Ask the shop itself", run.asks[1].name)
  end)

  it("is undone to the version before", function()
    local run = w:run("deploy-shop", { version = "1.1" }, yes)
    run = w:undo(run)
    assert.equal("undone", run.outcome)
    w:advance("5m")
    assert.equal("1.0", w.deploy.shop.version)
  end)

  it("stops at a version that never serves, and is undone", function()
    w.deploy.shop:break_version { version = "1.1" }
    local run = w:run("deploy-shop", { version = "1.1" }, { answers = {
      ["Release it?"] = "approve", ["Release it"] = "undo" } })
    assert.equal("undone", run.outcome)
    w:advance("5m")
    assert.equal("1.0", w.deploy.shop.version)
  end)
end)
