-- runbook { … }: what a runbook file returns, checked before anything starts.
local errors = require "vocabulary.errors"
local scheduler = require "vocabulary.scheduler"
local suggest = require "vocabulary.suggest"

local M = {}

local metatable = { __metatable = "runbook" }

local kinds = {
  summary = "string", objectives = "table", targets = "table", parameters = "table",
  locks = "table", on_failure = "string", refuse = "function", run = "function",
  ended = "function",
}
local known = { "summary", "objectives", "targets", "parameters", "locks", "on_failure",
  "refuse", "run", "ended" }

local function refuse(message, at) errors.raise("bad_runbook", message, "never", at) end

local function check_targets(targets, at)
  for target, changes in next, targets do
    if type(target) ~= "string" or not target:find("^[%l_]+/[%w_-]+$") then
      refuse(("targets: %s is no target; write \"family/name\", such as [\"dns/site\"] = "
        .. "{ \"upsert\" }."):format(tostring(target)), at)
    end
    if type(changes) ~= "table" then
      refuse(("targets: %s needs a list of the changes allowed on it; {} is observe only.")
        :format(target), at)
    end
    for index, change in next, changes do
      if type(index) ~= "number" or type(change) ~= "string" then
        refuse(("targets: the changes of %s must be a list of operations' names."):format(target),
          at)
      end
    end
  end
end

---Declares a runbook. Unknown keys are errors. `drill`: the facts of the drill whose file it is.
function M.declare(given, drill)
  local at = scheduler.position()
  if type(given) ~= "table" then refuse("runbook needs a table: runbook { … }.", at) end
  for name, value in next, given do
    local kind = type(name) == "string" and kinds[name]
    if not kind then
      refuse(("runbook has no key %s.%s"):format(tostring(name),
        suggest.did_you_mean(tostring(name), known)), at)
    end
    if type(value) ~= kind then
      refuse(("%s of runbook must be a %s, but it is a %s."):format(name, kind, type(value)), at)
    end
  end
  if not given.run then refuse("runbook needs run = function(params) … end.", at) end
  if not given.summary or given.summary == "" then
    refuse("runbook needs summary = \"…\": one line that says what it does.", at)
  end
  local on_failure = given.on_failure
  if on_failure and on_failure ~= "ask" and on_failure ~= "undo" and on_failure ~= "stop" then
    refuse(("on_failure must be \"ask\", \"undo\" or \"stop\", but it is \"%s\".%s"):format(
      on_failure, suggest.did_you_mean(on_failure, { "ask", "undo", "stop" })), at)
  end
  check_targets(given.targets or {}, at)
  return setmetatable({ declared = given, at = at, drill = drill }, metatable)
end

---The declaration behind what a runbook file returned, or nil; of a drill's file also its facts.
function M.declaration(value)
  if type(value) == "table" and getmetatable(value) == "runbook" then
    return value.declared, value.drill
  end
end

---What the host needs to know of a declaration: everything but its functions.
function M.describe(declared, drill)
  return {
    drill = drill,
    summary = declared.summary, objectives = declared.objectives, targets = declared.targets or {},
    parameters = declared.parameters or {}, locks = declared.locks or {},
    on_failure = declared.on_failure or "ask", refuses = declared.refuse ~= nil,
    has_ended = declared.ended ~= nil,
  }
end

return M
