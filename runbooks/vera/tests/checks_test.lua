-- checks: each in its time, told at once after five minutes, once, and when it is over.
local vera_world = require "vera_world"

describe("checks", function()
  local w
  before_each(function()
    -- At ten o'clock everything is due.
    w = vera_world.open(world "production")
    w.http.api:answer { path = "/webhooks/stripe", method = "POST", status = 400 }
    w.metrics.datadog:set { name = "errors", value = 5 }
    w.metrics.datadog:set { name = "p95", value = 1 }
    w:prepared()
  end)

  local function go() return w:run("checks").value end
  local function said(severity)
    local titles = {}
    for _, message in ipairs(w.notify.team.sent) do
      if message.severity == severity then titles[#titles + 1] = message.title end
    end
    return titles
  end

  it("tells nobody while all is well", function()
    assert.same({ asked = 4, down = {}, passed = {} }, go())
    assert.same({}, w.effects)
  end)

  it("asks API and site every 5 min, the database every 10, the webhook every hour", function()
    local asked = {}
    for place = 1, 13 do
      asked[place] = go().asked
      w:advance("5m")
    end
    assert.same({ 4, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 4 }, asked)
    assert.equal(4, w:run("checks", { all = true }).value.asked)
  end)

  -- What breaks one of them, and what is told then.
  local broken = {
    ["API is down"] = function()
      w.http.api:answer { path = "/health", status = 200, json = { status = "degraded" } }
    end,
    ["Site is down"] = function() w.http.site:answer { path = "/", status = 502 } end,
    ["Database is down"] = function() w.database.primary:fail() end,
    ["Payment webhook is down"] = function()
      w.http.api:answer { path = "/webhooks/stripe", method = "POST", status = 200 }
    end,
  }
  for title, breaks in pairs(broken) do
    it("tells at once, and once, after 5 min: " .. title, function()
      breaks()
      local run = w:run "checks"
      assert.equal("done", run.outcome)
      assert.same({ title }, said "critical")
      assert.is_true(run.took_s >= duration("5m") and run.took_s < duration("6m"))
      w:run("checks", { all = true })
      assert.same({ title }, said "critical")
    end)
  end

  it("says nothing of what was down for less than 5 min", function()
    w.http.site:answer { path = "/", status = 502, times = 10 }
    assert.same({}, go().down)
    assert.same({}, w.notify.team.sent)
  end)

  it("says when it is over", function()
    w.http.site:answer { path = "/", status = 502 }
    go()
    w.http.site:answer { path = "/", status = 200 }
    go()
    go()
    assert.same({ "It is over" }, said "info")
  end)

  it("tells of more than 5 errors a minute, and warns of a p95 over 1 s", function()
    w.metrics.datadog:set { name = "errors", value = 6 }
    assert.contains("errors is 6", go().passed.errors)
    assert.same({ "More than 5 errors a minute" }, said "error")
    w.metrics.datadog:set { name = "errors", value = 0 }
    w.metrics.datadog:set { name = "p95", value = 1.2 }
    go()
    assert.same({ "Answers are slow" }, said "warning")
    assert.same({ "It is over" }, said "info")
  end)

  it("says so where nobody measures", function()
    w:fails("metrics/datadog:read", { how = "failed", code = "denied" })
    go()
    assert.same({ "Nobody measures" }, said "warning")
  end)

  it("tells also where Redis cannot remember it", function()
    w.cache.redis:fail()
    w.http.site:answer { path = "/", status = 502 }
    assert.same({ "Site" }, go().down)
    assert.same({ "Site is down" }, said "critical")
  end)
end)
