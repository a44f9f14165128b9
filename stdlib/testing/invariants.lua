-- What must hold of every runbook under every fault, whatever its author says.
local M = {}

local rests = { done = true, failed = true, cancelled = true, undone = true,
  ["partly undone"] = true, waits = true, paused = true, parked = true }

local function count_writers(w)
  local ok, writers = pcall(function() return w.families.database:writers() end)
  return ok and #writers or 0
end

---What the world was like before the run.
function M.start(w)
  return { writers = count_writers(w), happened = {} }
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

-- Some of a world's applications serve their users now.
local function serving(w)
  for _, target in ipairs(w.targets) do
    local name = target:match("^deploy/(.+)$")
    if name then
      local app = w.deploy(name)
      if app.maintenance == false and app.state == "serving" then return name end
    end
  end
end

function M.after_effect(w, start, effect, found)
  if is_repeated(start, effect) then
    add(found, "no change is repeated without leave",
      ("%s:%s happened twice"):format(effect.target, effect.operation))
  end
  if count_writers(w) > math.max(1, start.writers) then
    add(found, "never two primaries that both take writes",
      ("after %s:%s"):format(effect.target, effect.operation))
  end
  if effect.operation == "restore" and effect.target:find("^database/") and effect.happened then
    local app = serving(w)
    if app then
      add(found, "traffic is off during a restore",
        ("%s was restored while deploy/%s served"):format(effect.target, app))
    end
  end
end

function M.finally(w, _, run, found)
  if run.outcome == "broken" then
    add(found, "the run ends or is parked with a next action", run.reason)
  elseif not rests[run.outcome] then
    add(found, "the run ends or is parked with a next action",
      ("it was %s: %s"):format(tostring(run.outcome), tostring(run.reason or "")))
  end
  if run.outcome ~= "done" then return end
  for _, target in ipairs(w.targets) do
    local name = target:match("^notify/(.+)$")
    for _, incident in ipairs(name and w.notify(name).open or {}) do
      add(found, "every incident opened is resolved or handed over",
        ("%s is still open in %s, though the run is done"):format(tostring(incident.key), target))
    end
  end
end

return M
