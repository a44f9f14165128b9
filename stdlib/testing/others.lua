-- The world changes under a runbook: what others do just before one of its calls is executed.
local target_handle = require "testing.target_handle"

local M = {}

-- What a record set of a type is made to say by somebody who edits it.
local elsewhere = { A = "192.0.2.250", AAAA = "2001:db8::250", CNAME = "edited.example.net.",
  TXT = "edited by somebody else" }

local function other_version(now)
  for _, release in ipairs(now.releases or {}) do
    if release.version ~= now.version then return release.version end
  end
end

-- What somebody else changes of that which a call is about, by family: a control and its arguments,
-- or nothing where the call is about nothing that can be named.
local edits = {
  cache = function(_, given)
    local key = given.key or type(given.keys) == "table" and given.keys[1]
    return key and "put", { key = key, value = "edited by somebody else" }
  end,
  deploy = function(now, given)
    local version = other_version(given.slot and now.slots and now.slots[given.slot] or now)
    return version and "serve", { version = version, slot = given.slot }
  end,
  dns = function(_, given)
    local set = given.name and given
    for _, list in ipairs { "upserts", "deletes", "records" } do
      set = set or type(given[list]) == "table" and given[list][1]
    end
    local value = set and elsewhere[set.type]
    return value and "put", { name = set and set.name, type = set and set.type, value = value }
  end,
  notify = function(_, given) return given.key and "resolve", { key = given.key } end,
  storage = function(_, given)
    local key = not given.to and (given.to_key or given.key)
    return key and "put", { key = key, body = "edited by somebody else" }
  end,
}

local function edit_of(w, call)
  local read = edits[call.target:match("^%a+")]
  local control, arguments = nil, nil
  if read then control, arguments = read(w:look(call.target), call.arguments) end
  return control or nil, arguments
end

-- How a target is brought down, by the control that does it.
local function ways_down(w, target)
  for _, control in ipairs(w:controls(target)) do
    if control == "fail" or control == "seal" then return control end
  end
end

local function control(w, target, name, arguments)
  local family, short = target:match("^(%a+)/(.+)$")
  return w[family](short):control(name, arguments)
end

local kinds = {
  down = function(w, call) control(w, call.target, ways_down(w, call.target)) end,
  -- What its provider refuses to anybody is not edited.
  edited = function(w, call)
    local name, arguments = edit_of(w, call)
    if name then pcall(control, w, call.target, name, arguments) end
  end,
}

---Whether this is a fault of that kind.
function M.knows(kind) return kinds[kind] ~= nil end

---Whether there is a fault of such a kind, of which a rule's author knows nothing.
function M.are_in(steps)
  for _, step in ipairs(steps) do
    if kinds[step.kind] then return true end
  end
  return false
end

---Adds to each change of the run without faults what others may do to it: `others`, a list of
---kinds.
---@param calls table list of { name, change, times }
function M.survey(w, calls)
  local about = {}
  for _, effect in ipairs(w.effects) do
    local name = effect.target .. ":" .. effect.operation
    about[name] = about[name] or edit_of(w, effect)
  end
  for _, call in ipairs(calls) do
    call.others = {}
    if call.change then
      if ways_down(w, call.name:match("^[^:]+")) then call.others[1] = "down" end
      if about[call.name] then call.others[#call.others + 1] = "edited" end
    end
  end
  return calls
end

---Puts a fault into the world: of these kinds, or `happens`, which its author describes.
---@param happens table|nil by name, what may happen: functions of the world and the call
---@param step table { kind, operation, nth, name }
function M.prepare(w, happens, step)
  local act = kinds[step.kind] or (happens or {})[step.name]
  if not act then
    error(("The exploration has no happens[%q]. It has: %s."):format(step.name,
      target_handle.list_names(target_handle.keys(happens or {}))), 0)
  end
  w:just_before(step.operation, act, { skip = step.nth - 1 })
end

---The targets that somebody else has changed, by their own names; nil: any of them.
function M.edited(w, steps)
  local targets = {}
  for _, step in ipairs(steps) do
    if step.kind == "happens" then return nil end
    if step.kind == "edited" then targets[w:own_name(step.operation:match("^[^:]+"))] = true end
  end
  return targets
end

return M
