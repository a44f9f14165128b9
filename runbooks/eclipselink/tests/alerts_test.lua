-- alerts: what is told of which number, with which severity, how often, and when it is over.
local clinic_world = require "clinic_world"

describe("alerts", function()
  local w
  before_each(function()
    w = clinic_world.open(world "production")
    clinic_world.count(w, {})
  end)

  -- Title and severity of what was told since the last time.
  local seen
  before_each(function() seen = 0 end)
  local function told()
    w:run("alerts")
    local lines = {}
    for place = seen + 1, #w.sent do
      local said = w.sent[place]
      lines[#lines + 1] = ("%s (%s)"):format(said.title, said.severity)
    end
    seen = #w.sent
    return lines
  end

  it("tells nothing and changes nothing at the limits themselves", function()
    clinic_world.count(w, { ["errors-per-minute"] = 10, ["report-failures-per-hour"] = 5 })
    assert.same({}, w:run("alerts").value.firing)
    assert.same({}, w.effects)
  end)

  for name, case in pairs { ["errors-per-minute"] = { 11, "warning" },
    ["report-failures-per-hour"] = { 6, "warning" }, ["database-failures"] = { 1, "critical" } } do
    it(("tells of %s above its limit as %s"):format(name, case[2]), function()
      clinic_world.count(w, { [name] = case[1] })
      assert.same({ ("Alert: %s (%s)"):format(name, case[2]) }, told())
      assert.contains(("%s is %d"):format(name, case[1]), w:told())
    end)
  end

  it("asks the database itself, whatever the log says", function()
    w.database.clinic:fail()
    assert.same({ "Alert: database (critical)" }, told())
  end)

  it("tells once an hour while it lasts, and once that it is over", function()
    clinic_world.count(w, { ["errors-per-minute"] = 40 })
    assert.equal(1, #told())
    w:advance("10m")
    assert.same({}, told())
    w:advance("51m")
    assert.equal(1, #told())
    w.metrics.logs:set { name = "errors-per-minute", value = 0 }
    w:advance("2m")
    assert.same({ "Over: errors-per-minute (info)" }, told())
    assert.same({}, told())
  end)

  it("takes silence of Logtail for no good sign", function()
    w.metrics.logs:empty { name = "errors-per-minute" }
    w:advance("2m")
    assert.same({ "Alert: errors-per-minute (warning)" }, told())
    w:fails("metrics/logs:read", { how = "failed", skip = 1 })
    assert.same({ "Alert: report-failures-per-hour (warning)" }, told())
    assert.contains("report-failures-per-hour is not known", w:told())
  end)

  it("tells again rather than not at all where Redis is silent", function()
    w.cache.redis:fail()
    clinic_world.count(w, { ["database-failures"] = 3 })
    assert.equal(1, #told())
    assert.equal(1, #told())
  end)
end)
