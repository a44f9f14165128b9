-- What the lists of programs and of people have in common: which are due, and what becomes of them.
local care = require "care"
local checklist = require "patterns.checklist"
local options = require "patterns.options"

local M = {}

-- More of anything is too full.
local percent_max = 80

local function is_room(used)
  if used > percent_max then options.fail("too_full", ("%.0f %% is used"):format(used)) end
  return ("%.0f %% is used"):format(used)
end

-- A point for a program where the provider says how full it is, for a person where it does not say,
-- for both where it does not answer.
local function room(name, ask, target, part_name, whole_name)
  local answered, part, whole = pcall(function()
    local status = target:status()
    if not status.reachable then options.fail("unreachable", "it does not answer") end
    return status[part_name], status[whole_name]
  end)
  local known = answered and part and whole and whole > 0
  local point = {}
  if known or not answered then
    point.by_program = { name = name, check = function()
      if not answered then error(part, 0) end
      return is_room(100 * part / whole)
    end }
  end
  if not known then
    point.by_person = { name = name, ask = ask, evidence = "number", judge = is_room }
  end
  return point
end

---The points of what may be too full, of which `who` ("by_program", "by_person") takes care.
function M.rooms(db, redis, who)
  local points = {}
  for _, point in ipairs {
    room("The database has connections left",
      "See in Neon how many percent of the connections were in use at most.", db,
      "connections", "connections_max"),
    room("Redis has memory left", "See in Upstash how many percent of the memory are in use.",
      redis, "memory_bytes", "memory_max_bytes"),
  } do
    points[#points + 1] = point[who]
  end
  return points
end

-- The daily list always, the weekly one on Mondays, the monthly one on the first.
local function is_due(list, what, at)
  if what ~= "due" then return list == what end
  if list == "weekly" then return date("%a", at) == "Mon" end
  return list == "daily" or date("%d", at) == "01"
end

---The points of the list `what` ("daily", "weekly", "monthly", or "due": all that are by the day of
---`at`). `lists` has a function by each name, which gives its points.
function M.due(lists, what, at)
  local points = {}
  for _, list in ipairs { "daily", "weekly", "monthly" } do
    if lists[list] and is_due(list, what, at) then
      for _, point in ipairs(lists[list]()) do points[#points + 1] = point end
    end
  end
  return points
end

---Works through points, tells the team what came of them, and fails where one has not passed.
---@return table result As checklist.go.
function M.work(team, title, points)
  local result = checklist.go(points)
  local shown = checklist.show(result)
  log(shown)
  if #points > 0 then
    care.tell(team, { severity = result.failed > 0 and "error" or "info",
      title = ("%s: %d passed, %d failed"):format(title, result.passed, result.failed),
      text = shown })
  end
  checklist.ensure(result)
  return result
end

return M
