-- Metric watches: numbers held against limits over windows, once or for a while.
local options = require "patterns.options"

local M = {}

local limit_shape = {
  name = { "text", required = true }, over = { "duration", default = "5m" },
  above = { "number" }, below = { "number" },
  empty = { one_of = { "fails", "passes" }, default = "fails" },
}

local function read_limits(limits, of)
  local read = options.read_each(limits, limit_shape, of, 4)
  for place, limit in ipairs(read) do
    if not limit.above == not limit.below then
      error(("item %d of %s needs either above or below."):format(place, of), 3)
    end
  end
  return read
end

---What is wrong with one reading ({ value, unit, empty }) under one limit; nil where it is fine.
---`above` and `below` name the side that is bad; a reading without samples is bad unless the limit
---says empty = "passes".
function M.judge(reading, limit)
  if reading.empty then
    return limit.empty ~= "passes" and ("%s has no samples"):format(limit.name) or nil
  end
  local unit = reading.unit and reading.unit ~= "" and " " .. reading.unit or ""
  if limit.above and reading.value > limit.above then
    return ("%s is %g%s, above %g"):format(limit.name, reading.value, unit, limit.above)
  end
  if limit.below and reading.value < limit.below then
    return ("%s is %g%s, below %g"):format(limit.name, reading.value, unit, limit.below)
  end
  return nil
end

local function find_problems(metrics_target, limits)
  local problems = {}
  for _, limit in ipairs(limits) do
    local reading = metrics_target:read { name = limit.name, over = limit.over }
    problems[#problems + 1] = M.judge(reading, limit)
  end
  return problems
end

---Reads every limit's metric once: the list of what is wrong, empty where nothing is.
---
---A limit is { name, over = "5m", above? or below?, empty = "fails" }: `name` is the query's name
---in the environment, `over` the window it looks back over, `above` or `below` the bad side.
---@return string[] problems
function M.problems(metrics_target, limits)
  options.target(metrics_target, "metrics", "watch.problems")
  return find_problems(metrics_target, read_limits(limits, "watch.problems"))
end

---Raises `limit_passed` (safe to try again), naming everything that is wrong.
function M.ensure(metrics_target, limits)
  options.target(metrics_target, "metrics", "watch.ensure")
  local problems = find_problems(metrics_target, read_limits(limits, "watch.ensure"))
  if #problems > 0 then options.fail("limit_passed", table.concat(problems, "; ") .. ".") end
end

local stay_shape = { during = { "duration", required = true }, every = { "duration", default = 30 },
  name = { "text", default = "metrics stay within their limits" } }

---Watches for `during` that no limit is passed; fails the first time one is.
---Options: during (required), every = 30 s, name.
function M.stay(metrics_target, limits, given)
  options.target(metrics_target, "metrics", "watch.stay")
  local wanted = read_limits(limits, "watch.stay")
  local read = options.read(given, stay_shape, "watch.stay")
  return hold(read.name, { during = read.during, every = read.every }, function()
    local problems = find_problems(metrics_target, wanted)
    if #problems > 0 then log("Limit passed: " .. table.concat(problems, "; ") .. ".") end
    return #problems == 0
  end)
end

local wait_shape = { within = { "duration", required = true }, every = { "duration", default = 30 },
  name = { "text", default = "metrics are within their limits" } }

---Waits until no limit is passed. Options: within (required), every = 30 s, name.
function M.wait(metrics_target, limits, given)
  options.target(metrics_target, "metrics", "watch.wait")
  local wanted = read_limits(limits, "watch.wait")
  local read = options.read(given, wait_shape, "watch.wait")
  return wait_until(read.name, { within = read.within, every = read.every }, function()
    return #find_problems(metrics_target, wanted) == 0
  end)
end

return M
