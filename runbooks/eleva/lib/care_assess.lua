-- What is known of an incident: alarms, health, jobs and errors, read at once, whatever fails.
local care = require "care"
local care_health = require "care_health"
local care_jobs = require "care_jobs"
local health = require "patterns.health"

local M = {}

local ranks = { warning = 1, error = 2, critical = 3 }

-- What a row of the table concerns, and how much: "database itself" is the database too.
local function concern_of(name)
  local service = care.services[name:match("^%S+")]
  if not service then return "app", "critical" end
  return service.part, care.priorities[service.priority].severity
end

-- The combined endpoint is not well as soon as any service is not. Where it still tells of one that
-- is well, it is the named service that fails, not the API.
local function is_explained(row, report)
  if row.name ~= "api" or row.state ~= "failed" then return false end
  local tells, named = false, false
  for _, other in ipairs(report.rows) do
    local service = care.services[other.name]
    if service and other.state == "failed" then
      named = true
    elseif service and not service.path then
      tells = true
    end
  end
  return tells and named
end

local function note_health(found, report)
  local parts = {}
  for _, row in ipairs(report.rows) do
    local unwell = row.state == "failed" or row.state == "alert"
    if unwell and not is_explained(row, report) then
      found.failing[#found.failing + 1] = row.name
      local part, severity = concern_of(row.name)
      if part then parts[part] = true end
      if ranks[severity] > ranks[found.severity] then found.severity = severity end
    end
  end
  for part in pairs(parts) do found.parts[#found.parts + 1] = part end
  table.sort(found.parts)
  found.unwell, found.problem = not report.healthy, health.problem(report)
  found.lines[#found.lines + 1] = health.show(report)
end

local function firing_of(alarms)
  local names = {}
  for _, one in ipairs(alarms) do
    if one.state == "firing" then names[#names + 1] = one.name end
  end
  return names
end

-- One source that does not answer takes nothing from the others.
local function read(found, what, reader)
  local answered, value = pcall(reader)
  if answered then return value end
  found.lines[#found.lines + 1] = ("%s: not known (%s)"):format(what, value.message)
end

---Reads everything once and never fails. `on` has the handles site, db, redis, jobs, monitors,
---heartbeats, product.
---@return table found { wrong, unwell, severity, parts, failing, firing, problem?, lines }
function M.look(on)
  local found = { severity = "warning", parts = {}, failing = {}, firing = {}, lines = {} }
  note_health(found, care_health.look(on))
  local alarms = read(found, "alarms", function() return on.monitors:alarms {} end)
  found.firing = firing_of(alarms or {})
  if #found.firing > 0 then
    found.lines[#found.lines + 1] = "firing: " .. table.concat(found.firing, ", ")
  end
  local rows = read(found, "jobs", function() return care_jobs.look(on.jobs, on.heartbeats) end)
  local late = rows and care_jobs.problem(rows)
  if late then found.lines[#found.lines + 1] = "jobs: " .. late end
  local errors = read(found, "errors", function()
    return on.product:read { name = "errors-per-hour", over = "1h" }
  end)
  if errors and not errors.empty then
    found.lines[#found.lines + 1] = ("errors: %g %s"):format(errors.value, errors.unit or "")
  end
  found.wrong = found.unwell or #found.firing > 0
  return found
end

---A few words: the names of what fails, or fires.
function M.title(found)
  local named = #found.failing > 0 and "failing" or "firing"
  return ("%s: %s"):format(named, table.concat(found[named], ", "))
end

---One line: what fails and how, or what fires.
function M.sentence(found)
  if found.unwell then return found.problem end
  return #found.firing > 0 and "firing: " .. table.concat(found.firing, ", ")
    or "nothing that is watched is wrong"
end

return M
