-- Blue-green and canary: where the traffic is afterwards, whatever happens.
describe("traffic", function()
  local w
  before_each(function()
    w = world "test"
    w.deploy.app:serve { version = "1", slot = "blue" }
    w.deploy.app:serve { version = "1", slot = "green" }
    w.deploy.app:put_artifact { version = "2" }
    w.deploy.app:shift_traffic { weights = { blue = 100 } }
    w.metrics.main:set { name = "errors", value = 1 }
    w.http.app:answer { path = "/health", status = 200 }
    w:prepared()
  end)

  local function share(slot) return w.deploy.app.traffic[slot] or 0 end

  for _, how in ipairs { "blue-green", "canary" } do
    it(how .. " moves all the traffic to the proved slot", function()
      local run = w:run("traffic", { how = how })
      assert.equal("done", run.outcome)
      assert.same({ live = "blue", free = "green" }, run.value)
      assert.equal(100, share "green")
      assert.is_true(run.took_s >= 300)
    end)

    it(how .. " moves no traffic to a slot that is not well", function()
      w.http.app:answer { path = "/health", status = 503 }
      local run = w:run("traffic", { how = how })
      assert.equal("failed", run.outcome)
      assert.equal(100, share "blue")
      assert.equal(0, w:times "deploy/app:shift_traffic")
    end)

    it(how .. " brings the traffic back where errors rise", function()
      w.metrics.main:ramp { name = "errors", value = 50, over_s = 600 }
      local run = w:run("traffic", { how = how })
      assert.equal("failed", run.outcome)
      assert.contains("stopped being true", run.reason)
      assert.equal(100, share "blue")
    end)
  end

  it("is one move for blue-green, and one for each share of a canary", function()
    w:run("traffic", { how = "blue-green" })
    assert.equal(1, w:times "deploy/app:shift_traffic")
    w.deploy.app:shift_traffic { weights = { blue = 100 } }
    w:prepared()
    w:run("traffic", { how = "canary" })
    assert.equal(3, w:times "deploy/app:shift_traffic")
  end)

  it("takes mixed traffic for no free slot", function()
    w.deploy.app:shift_traffic { weights = { blue = 50, green = 50 } }
    local run = w:run("traffic", { how = "canary" })
    assert.equal("failed", run.outcome)
    assert.contains("Neither blue nor green has all the traffic", run.reason)
  end)

  it("starts from green where green is live", function()
    w.deploy.app:shift_traffic { weights = { green = 100 } }
    local run = w:run("traffic", { how = "blue-green" })
    assert.same({ live = "green", free = "blue" }, run.value)
    assert.equal(100, share "blue")
  end)
end)
