-- The daily, weekly and monthly lists: first what a program can check, then what only people can.
local care = require "care"
local care_jobs = require "care_jobs"
local care_points = require "care_points"
local options = require "patterns.options"
local watch = require "patterns.watch"

-- A check by metrics: fails where the limit is passed, else its evidence is the number.
local function below(product, name, limit, unit)
  return function()
    local reading = product:read { name = name, over = "24h" }
    local problem = watch.judge(reading, { name = name, above = limit })
    if problem then options.fail("limit_passed", problem) end
    return ("%g %s"):format(reading.value, unit)
  end
end

local function daily(on, errors_per_hour)
  return {
    { name = "No monitor fires", check = function()
      local alarms, firing = on.monitors:alarms {}, {}
      for _, one in ipairs(alarms) do
        if one.state == "firing" then firing[#firing + 1] = one.name end
      end
      if #firing > 0 then options.fail("firing", table.concat(firing, ", ")) end
      return ("%d monitors"):format(#alarms)
    end },
    { name = "Errors are few", check = below(on.product, "errors-per-hour",
      errors_per_hour, "an hour") },
    { name = "Every job has run", check = function()
      local problem = care_jobs.problem(care_jobs.look(on.jobs, on.heartbeats))
      if problem then options.fail("jobs", problem) end
      return "all eight"
    end },
  }
end

local function weekly(on)
  local points = {
    { name = "The API is fast", check = below(on.product, "api-p95",
      duration(care.latencies.api.alert), "s at p95") },
    { name = "Pages are fast", check = below(on.product, "page-p95",
      duration(care.latencies.page.alert), "s at p95") },
    { name = "No query is slow", check = function()
      local slow = on.db:slow_queries { longer_than = care.latencies.database.alert }
      local lines = {}
      for place, one in ipairs(slow) do
        lines[place] = ("%.1f s: %s"):format(one.mean_s, one.sql:sub(1, 80))
      end
      if #slow > 0 then options.fail("slow", table.concat(lines, "; ")) end
      return "none above " .. care.latencies.database.alert
    end },
  }
  for _, point in ipairs(care_points.rooms(on.db, on.redis, "by_program")) do
    points[#points + 1] = point
  end
  return points
end

local function monthly()
  return {
    { name = "A restore was tested", check = function()
      local result = run_runbook("restore-test", {})
      return ("%s, in %.0f s"):format(date("%Y-%m-%d %H:%M UTC", result.shows_at), result.took_s)
    end },
  }
end

-- Both halves are worked through, whatever one of them finds. Cron leaves the second to a run of
-- its own: it waits for people for hours, and tomorrow's list is not to wait for today's.
local function both(first, second)
  local checked, result = try(first)
  local asked, reviewed = try(second)
  local problems = {}
  if not checked then problems[#problems + 1] = result.message end
  if not asked then problems[#problems + 1] = reviewed.message end
  if #problems > 0 then options.fail("checklist_failed", table.concat(problems, "\n")) end
  return { passed = result.passed + reviewed.passed, failed = result.failed + reviewed.failed,
    rows = result.rows, reviewed = reviewed.rows }
end

return runbook {
  summary = "Work through the daily, weekly and monthly lists: by program, and by people",
  targets = {
    ["metrics/monitors"] = {},
    ["metrics/heartbeats"] = {},
    ["metrics/product"] = {},
    ["schedule/jobs"] = {},
    ["database/care"] = {},
    ["cache/redis"] = {},
    ["notify/team"] = { "send" },
    -- Of the restore test.
    ["database/platform"] = {},
    ["database/restore-test"] = { "clone", "drop" },
  },
  parameters = {
    what = { type = "string", enum = { "due", "daily", "weekly", "monthly" }, default = "due",
      help = "which checklist; due: by the day" },
    people = { type = "boolean", default = true,
      help = "false: leave what only people can do to the runbook review" },
    errors_per_hour = { type = "number", default = 10, min = 0, help = "more are too many" },
  },
  locks = { "maintenance/eleva" },
  on_failure = "stop",

  run = function(params)
    local on = { monitors = metrics("monitors"), heartbeats = metrics("heartbeats"),
      product = metrics("product"), jobs = schedule("jobs"), db = database("care"),
      redis = cache("redis") }
    local points = care_points.due({
      daily = function() return daily(on, params.errors_per_hour) end,
      weekly = function() return weekly(on) end, monthly = monthly,
    }, params.what, run.started_at)
    local function check() return care_points.work(notify("team"), "Maintenance", points) end
    if not params.people or params.what == "daily" then return check() end
    return both(check, function() return run_runbook("review", { what = params.what }) end)
  end,
}
