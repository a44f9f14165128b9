-- What must hold of every runbook under every fault, whatever its author says.
local pointing = require "testing.pointing"
local show = require "testing.show"
local undoing = require "testing.undoing"

local M = {}

local rests = { done = true, failed = true, cancelled = true, undone = true,
  ["partly undone"] = true, waits = true, paused = true, parked = true }
-- What is asked for again so soon after its answer was lost is meant to be the same.
local again_within_s = 60

local function count_writers(w)
  local ok, writers = pcall(function() return w.families.database:writers() end)
  return ok and #writers or 0
end

-- The incidents that nobody has taken yet, by "notify/oncall region-outage". In a channel that is
-- down nobody can.
local function open_incidents(w)
  local found = {}
  for _, target in ipairs(w.things) do
    local seen = target:find("^notify/") and w:look(target) or {}
    for _, incident in ipairs(seen.reachable and seen.open or {}) do
      if not incident.acknowledged_by then
        found[target .. " " .. incident.key] = { target = target, key = incident.key }
      end
    end
  end
  return found
end

---What the world was like before the run.
function M.start(w)
  return { writers = count_writers(w), happened = {}, lost = {}, open = open_incidents(w),
    pointing = pointing.start(w), undoing = undoing.start(w) }
end

local function add(found, name, why) found[#found + 1] = { name = name, why = why } end

-- A change that may be repeated, or that its provider knows by its key, is no second change.
local function is_repeated(start, effect)
  if not effect.happened or effect.recovery == "repeat" or effect.recovery == "key" then
    return false
  end
  local name = effect.key .. " " .. effect.target .. ":" .. effect.operation
  local before = start.happened[name]
  start.happened[name] = true
  return before
end

-- The runbook itself asks again for what may have happened, since nobody can tell it.
local function is_asked_again(start, effect)
  if not effect.happened or effect.recovery == "repeat" then return false end
  local call = ("%s:%s %s"):format(effect.target, effect.operation, show.show(effect.arguments))
  local lost = start.lost[call]
  start.lost[call] = effect.outcome == "unknown" and effect or nil
  return lost and lost.key ~= effect.key and effect.at - lost.at <= again_within_s
end

-- The applications that the environment says use a database; all where none is said to.
local function users_of(w, database)
  local apps, users = {}, {}
  for _, target in ipairs(w.things) do
    if target:find("^deploy/") then
      apps[#apps + 1] = target
      if w:uses(target, database) then users[#users + 1] = target end
    end
  end
  return #users > 0 and users or apps
end

-- One of a database's applications that serves its users now.
local function serving(w, database)
  for _, target in ipairs(users_of(w, database)) do
    local app = w:look(target)
    if not app.maintenance and app.instances_healthy > 0 then return target end
  end
end

---`told`: the effect as the run made it, perhaps by another name of the target.
function M.after_effect(w, start, told, found)
  local effect = setmetatable({ target = w:own_name(told.target) }, { __index = told })
  local call = ("%s:%s"):format(effect.target, effect.operation)
  if is_repeated(start, effect) then
    add(found, "no change is repeated without leave", call .. " happened twice")
  end
  if is_asked_again(start, effect) then
    add(found, "no change is repeated without leave",
      call .. " happened twice: its answer was lost, and the runbook did the same again")
  end
  if count_writers(w) > math.max(1, start.writers) then
    add(found, "never two primaries that both take writes", "after " .. call)
  end
  if effect.operation == "restore" and effect.target:find("^database/") and effect.happened then
    local app = serving(w, effect.target)
    if app then
      add(found, "traffic is off during a restore",
        ("%s was restored while %s served"):format(effect.target, app))
    end
  end
  pointing.after_effect(w, start.pointing, effect, found)
  undoing.after_effect(start.undoing, effect)
end

function M.finally(w, start, run, found)
  if run.outcome == "broken" then
    add(found, "the run ends or is parked with a next action", run.reason)
  elseif not rests[run.outcome] then
    add(found, "the run ends or is parked with a next action",
      ("it was %s: %s"):format(tostring(run.outcome), tostring(run.reason or "")))
  end
  undoing.finally(w, start.undoing, run, found)
  if run.outcome ~= "done" then return end
  for name, incident in pairs(open_incidents(w)) do
    if not start.open[name] then
      add(found, "every incident opened is resolved or handed over",
        ("%s is still open in %s, and nobody has taken it, though the run is done")
          :format(incident.key, incident.target))
    end
  end
end

return M
