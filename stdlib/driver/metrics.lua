-- What every driver of the metrics family does alike: queries by their names in the environment,
-- and waiting until alarms are clear.
local calls = require "driver.calls"
local errors = require "vocabulary.errors"
local silences = require "driver.metrics_silences"
local suggest = require "vocabulary.suggest"
local units = require "vocabulary.units"

local M = {}

local poll_least_s, poll_most_s = 0.1, 15

local function sorted_keys(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

---The query of this name from the setting `queries`. Raises `unknown_query`.
local function query_of(call, name)
  local queries = call.settings.queries or {}
  local query = queries[name]
  if query then return type(query) == "table" and query or { query = query } end
  local names = sorted_keys(queries)
  errors.raise("unknown_query", ("%s has no query \"%s\".%s The environment names %s.")
    :format(call.target, name, suggest.did_you_mean(name, names),
      #names > 0 and '"' .. table.concat(names, '", "') .. '"' or "none"), "never")
end

local function not_clear(alarms)
  local found = {}
  for _, alarm in ipairs(alarms) do
    if alarm.state ~= "ok" then found[#found + 1] = alarm.name .. " is " .. alarm.state end
  end
  return found[1] and table.concat(found, ", ")
end

-- Reads the alarms until all were "ok" for `clear_for` without a break.
local function wait_clear(read)
  return function(arguments, call)
    local began, clear_since, last = calls.now, nil, "they were not read in time"
    local every = math.min(poll_most_s, math.max(poll_least_s, arguments.clear_for / 5))
    while true do
      local alarms = read({ names = arguments.names }, call)
      local found = not_clear(alarms)
      if found then
        clear_since, last = nil, found
      else
        clear_since = clear_since or calls.now
        last = "they were clear, but not yet for " .. units.show_duration(arguments.clear_for)
        if calls.now - clear_since >= arguments.clear_for then return alarms end
      end
      if calls.now + every > began + arguments.within then break end
      calls.ask("sleep", { seconds = every })
    end
    errors.raise("timed_out", ("The alarms of %s were not clear within %s: %s. Look at what they "
      .. "watch, or allow more time."):format(call.target, units.show_duration(arguments.within),
      last), "safe")
  end
end

---Completes a driver's operations: wherever there is `alarms`, there is `wait_clear`; changes that
---leave `before` out have nothing to read first.
function M.complete_all(operations)
  for _, operation in pairs(operations) do
    if operation.act and not operation.before then
      operation.before = function() return {} end
    end
  end
  if operations.alarms and not operations.wait_clear then
    operations.wait_clear = { observe = wait_clear(operations.alarms.observe) }
  end
end

M.words = { query_of = query_of, kept_silences = silences.kept_silences,
  paused_monitors = silences.paused_monitors }

return M
