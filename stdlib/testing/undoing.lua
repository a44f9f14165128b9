-- Whether an undo has restored what it says: what the changed targets held before, and hold now.
local show = require "testing.show"

local M = {}

local rule = "undo restores what it says it restores"

local function pick(...)
  local names = { ... }
  return function(seen)
    local picked = {}
    for _, name in ipairs(names) do picked[name] = seen[name] end
    return picked
  end
end

-- Of each thing in a map that is shown, only these fields; nil where `leaves_out` it.
local function pick_each(map, leaves_out, ...)
  local of_one = pick(...)
  return function(seen)
    local picked = {}
    for key, one in pairs(seen[map]) do
      if not leaves_out(key, one) then picked[key] = of_one(one) end
    end
    return { [map] = picked }
  end
end

local function nothing() return false end

local of_app = pick("instances", "maintenance", "maintenance_message", "traffic", "env", "rules",
  "autoscaling", "memory_bytes", "cpus")

-- What somebody wants of a target, by family: no numbers and times that only ever grow, and nothing
-- that comes and goes by itself. A message that went out is not taken back.
local held = {
  cache = pick_each("keys", function(_, one) return one.ttl_s ~= nil end, "value", "digest"),
  database = pick("role", "writable", "fenced", "absent", "rows", "tables"),
  deploy = function(seen)
    local picked = of_app(seen)
    -- The version of what does not run serves nobody.
    if seen.instances > 0 then picked.version = seen.version end
    return picked
  end,
  dns = function(seen)
    local records = {}
    for name, types in pairs(seen.records) do
      for type, set in pairs(types) do
        if type ~= "SOA" then records[name .. " " .. type] = set end
      end
    end
    return { records = records }
  end,
  schedule = pick_each("jobs", nothing, "cron", "time_zone", "state", "destination"),
  storage = pick_each("objects", nothing, "body", "digest", "content_type"),
}

local function see(w)
  local seen = {}
  for _, target in ipairs(w.things) do
    local pick_held = held[target:match("^%a+")]
    if pick_held then seen[target] = pick_held(w:look(target)) end
  end
  return seen
end

local function sorted_keys(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys, function(one, other) return tostring(one) < tostring(other) end)
  return keys
end

-- The first place where two values are not the same: its path, and what stood and stands there.
local function difference(before, now, path)
  if before == now then return nil end
  if type(before) ~= "table" or type(now) ~= "table" then return path, before, now end
  for _, both in ipairs { before, now } do
    for _, key in ipairs(sorted_keys(both)) do
      local at, was, is = difference(before[key], now[key], path .. "." .. tostring(key))
      if at then return at, was, is end
    end
  end
end

---What the targets hold before the run.
function M.start(w) return { held = see(w), touched = {} } end

function M.after_effect(start, effect)
  if effect.happened then start.touched[effect.target] = true end
end

-- The targets with changes that the run says it has left, or was told to keep.
local function not_undone(w, run)
  local targets = {}
  for _, list in ipairs { run.left or {}, run.kept or {} } do
    for _, one in ipairs(list) do
      local target = one.what:match("^(%a+/[%w_.-]+):")
      if not target then return nil end
      targets[w:own_name(target)] = true
    end
  end
  return targets
end

---Compares the targets of which the run says that all its changes are undone, but for those that
---somebody else has changed too: `start.edited`.
function M.finally(w, start, run, found)
  if run.outcome ~= "undone" and run.outcome ~= "partly undone" then return end
  local left = not_undone(w, run)
  if not left or not start.edited then return end
  -- A release that was taken back needs some time to serve.
  w:advance("1h")
  for target, now in pairs(see(w)) do
    if start.touched[target] and not left[target] and not start.edited[target] then
      local at, was, is = difference(start.held[target], now, "")
      if at then
        found[#found + 1] = { name = rule, why = ("the run is %s, but %s%s was %s before it and is "
          .. "%s now"):format(run.outcome, target, at, show.show(was), show.show(is)) }
      end
    end
  end
end

return M
