-- auto-rollback: the limits, at once or staged, never twice in a row, and a person where it fails.
local vibelog_world = require "vibelog_world"

describe("auto-rollback", function()
  local w
  before_each(function() w = vibelog_world.open(world "production") end)

  local function measure(name, value)
    w.metrics.app:set { name = name, value = value }
    w:prepared()
  end
  local function go() return w:run("auto-rollback") end

  it("does nothing within the limits", function()
    measure("error-rate", 5)
    measure("p95", 5)
    assert.same({ action = "none" }, go().value)
    assert.same({}, w.effects)
  end)

  it("goes back at once for more than 5 % of errors", function()
    measure("error-rate", 5.1)
    local run = go()
    assert.equal("done", run.outcome)
    assert.equal("at once", run.value.action)
    assert.equal("aaaaaaa", w.deploy.web.version)
    assert.equal(0, w:times "deploy/staging:release")
    assert.contains("error-rate is 5.1", w:told "notify/team")
  end)

  it("goes back in staging first for a p95 over 5 s", function()
    measure("p95", 6)
    local run = go()
    assert.equal("staged", run.value.action)
    assert.equal("aaaaaaa", w.deploy.staging.version)
    assert.equal("aaaaaaa", w.deploy.web.version)
    assert.is_true(w:place "deploy/staging:release" < w:place "deploy/web:rollback")
  end)

  it("leaves production alone where the version before is broken in staging", function()
    measure("p95", 6)
    vibelog_world.health(w.http.staging, { "database" })
    local run = go()
    assert.equal("failed", run.outcome)
    assert.equal("bbbbbbb", w.deploy.web.version)
    assert.equal("open", w.notify.oncall.incidents["auto-rollback"].state)
  end)

  it("leaves production alone where the slowness passes meanwhile", function()
    w.metrics.app:set { name = "p95", value = 6 }
    w.metrics.app:ramp { name = "p95", value = 1, over_s = 20 }
    w:prepared()
    local run = go()
    assert.equal("passed by itself", run.value.action)
    assert.equal("bbbbbbb", w.deploy.web.version)
  end)

  it("does not go back twice for what was measured before", function()
    measure("error-rate", 20)
    go()
    assert.same({ action = "cooling down" }, go().value)
    assert.equal("aaaaaaa", w.deploy.web.version)
  end)

  it("goes back to nothing where it cannot remember that it did", function()
    measure("error-rate", 20)
    w:fails("cache/redis:set", { how = "failed" })
    assert.equal("failed", go().outcome)
    assert.equal("bbbbbbb", w.deploy.web.version)
  end)

  -- A release that answers nothing serves no numbers either.
  local function silence(times)
    w:fails("metrics/app:read", { how = "failed", times = 99 })
    w.http.site:answer { path = "/api/health", status = 502, times = times or 3 }
    w:prepared()
  end

  it("goes back where a new release answers nothing, not even its numbers", function()
    silence()
    local run = go()
    assert.equal("at once", run.value.action)
    assert.contains("three checks failed", run.value.reason)
    assert.equal("aaaaaaa", w.deploy.web.version)
  end)

  it("calls somebody where only the numbers are silent, or the release is no new one", function()
    silence(2)
    assert.equal("failed", go().outcome)
    w = vibelog_world.open(world "production")
    w:advance("3h")
    silence()
    assert.equal("failed", go().outcome)
    assert.equal("bbbbbbb", w.deploy.web.version)
    assert.equal("open", w.notify.oncall.incidents["auto-rollback"].state)
  end)

  it("goes no further back where errors go on, calls somebody, and says when it is over", function()
    w.deploy.web:serve { version = "ccccccc" }
    measure("error-rate", 20)
    go()
    for _ = 1, 4 do
      w:advance("40m")
      measure("error-rate", 20)
      local run = go()
      assert.equal("failed", run.outcome)
      assert.contains("We went back to bbbbbbb at 10:00 UTC", run.reason)
    end
    assert.equal("bbbbbbb", w.deploy.web.version)
    assert.equal("open", w.notify.oncall.incidents["auto-rollback"].state)
    measure("error-rate", 0)
    assert.equal("none", go().value.action)
    assert.equal("resolved", w.notify.oncall.incidents["auto-rollback"].state)
  end)

  it("goes back from a release that came after a rollback", function()
    measure("error-rate", 20)
    go()
    w.deploy.web:serve { version = "ccccccc" }
    w:advance("40m")
    measure("error-rate", 20)
    assert.equal("at once", go().value.action)
    assert.equal("aaaaaaa", w.deploy.web.version)
  end)

  it("calls the one on call where there is nothing to go back to", function()
    w = world "production"
    w.deploy.web:serve { version = "aaaaaaa" }
    measure("error-rate", 20)
    measure("p95", 1)
    assert.contains("There is no deployment to go back to", go().reason)
    assert.contains("has failed", w:told "notify/oncall")
  end)

  it("calls the one on call where going back fails", function()
    measure("error-rate", 20)
    w:fails("deploy/web:rollback", { how = "failed", code = "cannot_roll_back" })
    local run = go()
    assert.equal("failed", run.outcome)
    assert.contains("has failed", w:told "notify/oncall")
  end)
end)
