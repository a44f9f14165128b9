-- Families as functions from a target's name to its handle; operations as methods of handles.
local errors = require "vocabulary.errors"
local options = require "vocabulary.options"
local scheduler = require "vocabulary.scheduler"
local steps = require "vocabulary.steps"
local suggest = require "vocabulary.suggest"

local M = {}

local handles = setmetatable({}, { __mode = "k" })  -- Handle to its target, "dns/site".

local function raise_operation(value, operation, target, strand, at)
  value.operation, value.target, value.at = operation, target, at
  local failure = errors.make(value)
  if #strand.names > 0 then failure.step = table.concat(strand.names, " › ") end
  return failure
end

---Performs one event that can fail. Outside any step and guard, a failure is asked about here.
function M.perform_bare(kind, what, name, target, data, at)
  while true do
    local strand = scheduler.here(target ~= "" and target .. ":" .. name or name)
    local instead, ok, value = steps.stand_in(strand, strand.n + 1)
    if instead then
      value = instead.error
    else
      ok, value = scheduler.perform(kind, name, target, data)
    end
    if ok then return value end
    local failure = raise_operation(value, name, target, strand, at)
    if not steps.is_bare(strand) or scheduler.is_guarded(strand) then error(failure, 0) end
    local decision = steps.ask_failure(strand, what, name, failure)
    if decision.skip then return decision.value end
    if not decision.again then error(failure, 0) end
  end
end

local function plain_arguments(given, call, at)
  if given == nil then return {} end
  if type(given) ~= "table" or handles[given] then
    errors.raise("bad_argument", ("%s takes one table of named parameters: %s { name = value }.")
      :format(call, call), "never", at)
  end
  local copy = {}
  for name, value in next, given do
    copy[name] = type(value) == "table" and handles[value] or value
  end
  return copy
end

local function method(family, name, effect)
  return function(self, given, ...)
    local at = scheduler.position()
    local target = type(self) == "table" and handles[self]
    if not target then
      errors.raise("bad_argument", ("Call %s with a colon on a target: %s(\"…\"):%s { … }.")
        :format(name, family, name), "never", at)
    end
    local call = target .. ":" .. name
    if select("#", ...) > 0 then
      errors.raise("bad_argument", call .. " takes one table of named parameters, but several "
        .. "arguments are given.", "never", at)
    end
    if effect == "change" then
      scheduler.refuse_in_probe(scheduler.here(call), call)
    end
    return M.perform_bare("operation", "operation", name, target,
      plain_arguments(given, call, at), at)
  end
end

local function family_function(family, operations)
  local methods, names = {}, {}
  for name, effect in next, operations do
    methods[name] = method(family, name, effect)
    names[#names + 1] = name
  end
  local made = {}
  local metatable = {
    __metatable = "target",
    __index = function(_, name)
      local found = methods[name]
      if found then return found end
      errors.raise("no_such_operation", ("The family %s has no operation %s.%s"):format(family,
        tostring(name), suggest.did_you_mean(tostring(name), names)), "never",
        scheduler.position())
    end,
    __newindex = function()
      errors.raise("bad_argument", "A target's handle cannot be changed.", "never",
        scheduler.position())
    end,
    __tostring = function(self) return handles[self] end,
  }
  return function(name)
    scheduler.check(name)
    if type(name) ~= "string" or not name:find("^[%w_-]+$") then
      errors.raise("bad_argument", ("%s needs a target's name, such as %s(\"main\")."):format(
        family, family), "never", scheduler.position())
    end
    if not made[name] then
      made[name] = setmetatable({}, metatable)
      handles[made[name]] = family .. "/" .. name
    end
    return made[name]
  end
end

---Makes `proxy` stand for the target of `handle` where it is given as an argument.
function M.stand_for(proxy, handle)
  handles[proxy] = handles[handle]
  return proxy
end

---Makes the functions of all families from { family = { operation = "observe" | "change" } }.
function M.make(families)
  local functions = {}
  for family, operations in pairs(families) do
    functions[family] = family_function(family, operations)
  end
  return functions
end

---run_runbook(name, params): executes another runbook of the library as a child of this run.
function M.run_runbook(name, params)
  local at = scheduler.position()
  options.name(name, "run_runbook", at)
  scheduler.refuse_in_probe(scheduler.here("run_runbook"), "run_runbook")
  return M.perform_bare("child", "child", name, "", plain_arguments(params, "run_runbook", at), at)
end

return M
