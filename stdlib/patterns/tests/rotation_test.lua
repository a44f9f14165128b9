-- Rotating a secret: both valid for a while, nothing current that is not in use, the old one gone.
describe("rotation", function()
  local w
  before_each(function()
    w = world "test"
    w.deploy.web:serve { version = "1" }
    w.secrets.vault:put { name = "KEY", value = "old old old" }
    w.http.app:answer { path = "/health", status = 200 }
    w:prepared()
  end)

  local function stages() return w.secrets.vault.secrets.KEY.stages end

  it("gives the application both, then makes the new one current", function()
    local run = w:run("rotation")
    assert.equal("done", run.outcome)
    assert.equal("rotated", run.value)
    assert.same({ "KEY", "KEY_PREVIOUS" }, w.deploy.web.env)
    assert.same({ ["1"] = "previous", ["2"] = "current" }, stages())
  end)

  it("goes on with the old one where the application is not well with the new one", function()
    w.http.app:answer { path = "/health", status = 503 }
    local run = w:run("rotation")
    assert.equal("failed", run.outcome)
    assert.same({}, w.deploy.web.env)
    assert.equal("current", stages()["1"])
  end)

  it("forgets the old one when the overlap is over, and not before", function()
    w:run("rotation")
    w:advance("30m")
    assert.equal("rotated", w:run("rotation").value)
    w:advance("2h")
    local run = w:run("rotation")
    assert.equal("retired", run.value)
    assert.same({ "KEY" }, w.deploy.web.env)
    for version, stage in pairs(stages()) do
      assert.is_true(stage ~= "previous", version .. " is still " .. stage)
    end
  end)

  it("puts what a maker has made into a store that cannot make any", function()
    local run = w:run("rotation", { maker = true })
    assert.equal("done", run.outcome)
    assert.equal("current", stages()["2"])
    assert.is_table(w.secrets.maker.secrets.KEY)
  end)
end)
