-- maintenance: which points are checked when, and what fails them.
local care_world = require "care_world"

-- As cron starts it.
local function alone(what) return { what = what, people = false } end

describe("maintenance", function()
  local w
  before_each(function() w = care_world.warm_up(care_world.open(world "production")) end)

  it("checks the daily points alone, asking nobody", function()
    local run = w:run("maintenance", { what = "daily" })
    assert.equal("done", run.outcome)
    assert.equal(3, run.value.passed)
    assert.same({}, w.questions)
    assert.contains("3 passed, 0 failed", w:told())
  end)

  it("checks the weekly points, and leaves to people what no program knows", function()
    local run = w:run("maintenance", alone "weekly")
    assert.equal("done", run.outcome)
    assert.equal(3, run.value.passed)
    assert.same({}, w.questions)
  end)

  it("tests a restore every month", function()
    local history = care_world.keep_history(care_world.open(world "test"), 40)
    local run = history:run("maintenance", alone "monthly")
    assert.equal("done", run.outcome)
    assert.equal(1, run.value.passed)
    assert.equal(1, history:times "database/restore-test:clone")
  end)

  it("fails where the restore fails, and tells the team at once", function()
    local run = w:run("maintenance", alone "monthly")
    assert.equal("failed", run.outcome)
    assert.contains("A restore was tested", run.reason)
    assert.contains("Maintenance: 0 passed, 1 failed", w:told "notify/team")
    assert.is_true(run.took_s < 60)
  end)

  for what, case in pairs {
    ["a monitor fires"] = { "No monitor fires: eleva.care", function(w)
      w.metrics.monitors:alarm { name = "eleva.care", state = "firing" }
    end },
    ["there are many errors"] = { "errors-per-hour is 40", function(w)
      w.metrics.product:set { name = "errors-per-hour", value = 40 }
    end },
    ["PostHog has no numbers"] = { "errors-per-hour has no samples", function(w)
      w.metrics.product:empty { name = "errors-per-hour" }
    end },
    ["a job has not run"] = { "Every job has run: ", function(w)
      w.schedule.jobs:pause { jobs = { "keep-alive" } }
    end },
  } do
    it("fails the daily list where " .. what, function()
      case[2](w)
      local run = w:run("maintenance", { what = "daily" })
      assert.equal("failed", run.outcome)
      assert.contains(case[1], run.reason)
    end)
  end

  it("judges how full Redis is where Redis says it", function()
    w.cache.redis:limit { memory = 1000, evicts = false }
    w.cache.redis:put { key = "slots", value = ("x"):rep(100) }
    local run = w:run("maintenance", alone "weekly")
    assert.equal("done", run.outcome)
    assert.contains("Redis has memory left (automated)", table.concat(run.log, "\n"))
    w.cache.redis:put { key = "slots", value = ("x"):rep(870) }
    run = w:run("maintenance", alone "weekly")
    assert.contains("is used", run.reason)
    w.cache.redis:fail()
    assert.contains("Redis has memory left: ", w:run("maintenance", alone "weekly").reason)
  end)

  it("fails the weekly list where a query is slow, and shows it", function()
    w.database.care:slow_query { sql = "select * from appointments", mean_s = 4, max_s = 9,
      calls = 20 }
    local run = w:run("maintenance", alone "weekly")
    assert.equal("failed", run.outcome)
    assert.contains("4.0 s: select * from appointments", run.reason)
  end)

  it("fails the weekly list where pages are slow, and names every point that failed", function()
    w.metrics.product:set { name = "page-p95", value = 4 }
    w.metrics.product:set { name = "api-p95", value = 2 }
    local run = w:run("maintenance", alone "weekly")
    assert.contains("page-p95 is 4", run.reason)
    assert.contains("api-p95 is 2", run.reason)
  end)

  it("does what is due: daily always, weekly on Mondays, monthly on the first", function()
    -- The world's second day is a Friday, 2 January 2026; Monday is the fifth.
    assert.equal(3, #w:run("maintenance", alone "due").value.rows)
    w:advance("3d")
    assert.equal(6, #w:run("maintenance", alone "due").value.rows)
    w:advance("27d")
    assert.contains("A restore was tested", w:run("maintenance", alone "due").reason)
  end)
end)

describe("maintenance by hand", function()
  local function answered(of_security_alerts)
    return { answers = {
      ["The database has connections left"] = 31,
      ["Redis has memory left"] = 12,
      ["Dependencies are up to date"] = "https://github.com/eleva-care/eleva-care-app/pull/812",
      ["Security alerts were reviewed"] = of_security_alerts,
    } }
  end
  local w
  before_each(function() w = care_world.warm_up(care_world.open(world "production")) end)

  it("works through the whole list, with the evidence that people give", function()
    local run = w:run("maintenance", { what = "weekly" }, answered "none left")
    assert.equal("done", run.outcome)
    assert.equal(7, run.value.passed)
    assert.equal("automated", run.value.rows[1].how)
    assert.equal("none left", run.value.reviewed[4].evidence)
  end)

  it("asks nobody for the daily points, nor on a day on which nothing is due", function()
    for _, what in ipairs { "daily", "due" } do
      assert.equal(3, w:run("maintenance", { what = what }).value.passed)
    end
    assert.same({}, w.questions)
  end)

  it("asks people also where a program's check has failed, and names both failures", function()
    w.metrics.product:set { name = "page-p95", value = 4 }
    local run = w:run("maintenance", { what = "weekly" }, answered "No, 3 findings are open")
    assert.equal("failed", run.outcome)
    assert.contains("page-p95 is 4", run.reason)
    assert.contains("Security alerts were reviewed: No, 3 findings", run.reason)
    assert.equal(4, #w.questions)
  end)
end)
