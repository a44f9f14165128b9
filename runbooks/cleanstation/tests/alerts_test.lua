-- alerts: each to whom it concerns, once while it lasts, and never silent where nobody measures.
local station_world = require "station_world"

describe("alerts", function()
  local w
  before_each(function()
    w = station_world.open(world "production")
    for name, value in pairs { errors = 5, connections = 80, heap = 90 } do
      w.metrics.app:set { name = name, value = value }
    end
    w:prepared()
  end)

  local function measure(name, value) w.metrics.app:set { name = name, value = value } end
  local function firing() return w:run("alerts").value.firing end
  local function said(severity)
    local titles = {}
    for _, message in ipairs(w.notify.team.sent) do
      if message.severity == severity then titles[#titles + 1] = message.title end
    end
    return titles
  end

  it("tells nobody at the limits, nor of a night without requests", function()
    assert.same({}, firing())
    w.metrics.app:empty { name = "errors" }
    w.metrics.app:empty { name = "heap" }
    assert.same({}, firing())
    assert.same({}, w.effects)
  end)

  it("pages the one on call for more than 5 % of errors, as critical, and not the team", function()
    measure("errors", 5.1)
    assert.same({ "errors" }, firing())
    assert.equal("critical", w.effects[1].arguments.severity)
    assert.contains("errors is 5.1 percent, above 5", w:told "notify/oncall")
    assert.equal("open", w.notify.oncall.incidents["alert-errors"].state)
    assert.equal("", w:told "notify/team")
  end)

  it("warns the team of connections and of memory, and wakes nobody", function()
    measure("connections", 81)
    measure("heap", 90.5)
    assert.same({ "connections", "heap" }, firing())
    assert.same({ "The database's connections run out", "CleanStation's memory runs out" },
      said "warning")
    assert.contains("heap is 90.5 percent, above 90", w:told "notify/team")
    assert.equal("", w:told "notify/oncall")
  end)

  it("tells once while it lasts, again after a day, and when it is over", function()
    measure("heap", 95)
    for _ = 1, 3 do
      assert.same({ "heap" }, firing())
      w:advance("1m")
    end
    assert.equal(1, #said "warning")
    w:advance("25h")
    measure("heap", 95)
    measure("connections", 10)
    firing()
    assert.equal(2, #said "warning")
    measure("heap", 50)
    for _ = 1, 2 do assert.same({}, firing()) end
    assert.same({ "It is over" }, said "info")
  end)

  it("resolves at PagerDuty what it has opened there", function()
    measure("errors", 9)
    firing()
    measure("errors", 0)
    firing()
    assert.equal("resolved", w.notify.oncall.incidents["alert-errors"].state)
    assert.same({}, w.notify.team.sent)
  end)

  it("tells again where telling was not delivered, or cannot be remembered", function()
    measure("errors", 9)
    w.notify.oncall:fail {}
    firing()
    w.notify.oncall:recover {}
    firing()
    assert.equal("open", w.notify.oncall.incidents["alert-errors"].state)
    measure("heap", 95)
    w.cache.redis:fail()
    for _ = 1, 2 do assert.same({ "errors", "heap" }, firing()) end
    assert.equal(2, #said "warning")
  end)

  it("tells again where nobody knows whether it was told", function()
    measure("heap", 95)
    w:fails("notify/team:send", { how = "dropped" })
    for _ = 1, 3 do assert.same({ "heap" }, firing()) end
    assert.equal(1, #said "warning")
  end)

  it("says so where nobody counts the database's connections", function()
    w.metrics.app:empty { name = "connections" }
    assert.same({ "connections" }, firing())
    assert.contains("connections has no samples", w:told "notify/team")
  end)

  it("says so where Prometheus gives no numbers, and fires nothing else", function()
    w:fails("metrics/app:read", { how = "failed", code = "unreachable", times = 1 })
    assert.same({ "numbers" }, firing())
    assert.contains("no alert can fire", w:told "notify/team")
    assert.equal("", w:told "notify/oncall")
    assert.same({}, firing())
    assert.same({ "It is over" }, said "info")
  end)
end)
