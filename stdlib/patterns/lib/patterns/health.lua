-- Health: many endpoints asked side by side, their JSON judged, their latency held against targets.
local options = require "patterns.options"

local M = {}

local endpoint_shape = {
  name = { "text", required = true }, at = { "target", required = true },
  path = { "text", default = "/health" }, expect = { "any", default = 200 }, json = { "table" },
  target = { "duration" }, alert = { "duration" },
}

local function judge(row, endpoint, took_s)
  if took_s > (endpoint.alert or math.huge) then
    row.state = "alert"
  elseif took_s > (endpoint.target or math.huge) then
    row.state = "slow"
  else
    row.state = "healthy"
  end
  row.latency_s, row.problem = took_s, nil
  if row.state ~= "healthy" then
    row.problem = ("it took %.0f ms; the target is %s"):format(took_s * 1000,
      endpoint.target and ("%.0f ms"):format(endpoint.target * 1000) or "not said")
  end
end

-- One endpoint: { name, state, latency_s?, target_s?, alert_s?, problem? }.
local function ask(endpoint)
  local answered, answer = pcall(function()
    return endpoint.at:check { path = endpoint.path, expect = endpoint.expect,
      json = endpoint.json }
  end)
  local row = { name = endpoint.name, target_s = endpoint.target, alert_s = endpoint.alert,
    state = "failed", problem = answer.message }
  -- In a plan, what does not answer well is not known: it is taken for failed then.
  ensure(function()
    if answered then judge(row, endpoint, answer.took_s) end
    return true
  end, "%s answers well by then", endpoint.name)
  return row
end

---Asks every endpoint once, at the same time, and never fails: what does not answer is a row.
---
---An endpoint is { name, at = http("…"), path = "/health", expect = 200, json?, target?, alert? }.
---A state is "healthy"; "slow" beyond `target`; "alert" beyond `alert`; "failed" with no or a wrong
---answer. Only "alert" and "failed" make the whole unhealthy.
---@return table report { healthy = boolean, rows = list of { name, state, latency_s?, problem? } }
function M.look(endpoints)
  local wanted = options.read_each(endpoints, endpoint_shape, "health.look")
  -- One alone needs no branch of its own, of which each poll of a wait would show one more.
  local rows = #wanted == 1 and { ask(wanted[1]) } or each(wanted, { at_once = 16 }, ask)
  local report = { healthy = true, rows = rows }
  for _, row in ipairs(rows) do
    if row.state == "failed" or row.state == "alert" then report.healthy = false end
  end
  return report
end

local row_form = "%-24s %-8s %9s %9s %9s"

local function ms(seconds, otherwise)
  return seconds and ("%.0f ms"):format(seconds * 1000) or otherwise
end

---The report as a table of text: name, state, latency beside target and alarm, and what is wrong.
function M.show(report)
  local lines = { row_form:format("", "state", "latency", "target", "alarm") }
  for _, row in ipairs(report.rows) do
    -- The problem is not looked at: a plan may not know it.
    lines[#lines + 1] = table.concat({ row_form:format(row.name, row.state,
      ms(row.latency_s, "no answer"), ms(row.target_s, "-"), ms(row.alert_s, "-")), row.problem },
      "  ")
  end
  return table.concat(lines, "\n")
end

---Names what is wrong in a report, in one sentence; nil where nothing is.
function M.problem(report)
  local wrong = {}
  for _, row in ipairs(report.rows) do
    if row.state == "failed" or row.state == "alert" then
      wrong[#wrong + 1] = ("%s: %s"):format(row.name, row.problem)
    end
  end
  if #wrong == 0 then return nil end
  return table.concat(wrong, "; ")
end

---Asks once and raises `unhealthy` (safe to try again), naming everything that is wrong.
function M.ensure(endpoints)
  local report = M.look(endpoints)
  local problem = M.problem(report)
  if problem then options.fail("unhealthy", problem .. ".") end
  return report
end

local wait_shape = { within = { "duration", required = true }, every = { "duration", default = 5 },
  name = { "text", default = "everything is healthy" } }

---Waits until all endpoints are healthy. Options: within (required), every = 5 s, name.
---Raises `timed_out`, with the last answer's problem.
function M.wait(endpoints, given)
  local read = options.read(given, wait_shape, "health.wait")
  local report
  wait_until(read.name, { within = read.within, every = read.every }, function()
    report = M.ensure(endpoints)
    return true
  end)
  return report
end

local stay_shape = { during = { "duration", required = true }, every = { "duration", default = 10 },
  name = { "text", default = "everything stays healthy" } }

---Watches for `during` that all endpoints stay healthy; fails the first time one is not.
function M.stay(endpoints, given)
  local read = options.read(given, stay_shape, "health.stay")
  return hold(read.name, { during = read.during, every = read.every }, function()
    local problem = M.problem(M.look(endpoints))
    if problem then log("Not healthy: " .. problem) end
    return problem == nil
  end)
end

return M
