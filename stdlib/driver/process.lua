-- Programs that are runs of a CI service: a workflow or a pipeline, found again by the key of the
-- change that started it.
local calls = require "driver.calls"
local errors = require "vocabulary.errors"
local suggest = require "vocabulary.suggest"
local times = require "driver.times"

local M = {}

local first_pause_s, pause_most_s = 0.5, 15
local clock_margin_s, week_s = 300, 7 * 86400

local function refuse(code, message) errors.raise(code, message, "never", calls.position()) end

-- The declared program that a call names, where all that it asks for is allowed.
local function permit(arguments, call, observes)
  local programs, name = call.settings.programs, arguments.program
  local program, names = programs[name], {}
  for known in pairs(programs) do names[#names + 1] = known end
  table.sort(names)
  if not program then
    refuse("not_declared", ("The target %s declares no program \"%s\" under `programs`.%s")
      :format(call.target, name, suggest.did_you_mean(name, names)))
  end
  local whose = ("The program %s of %s"):format(name, call.target)
  if observes and program.effect ~= "observe" then
    refuse("not_permitted", whose .. " is not declared with `effect: observe`: use run.")
  end
  if arguments.arguments and arguments.arguments[1] or arguments.input then
    refuse("not_permitted", whose .. " is run by a CI service, which takes variables only: give "
      .. "them as `environment`.")
  end
  local allowed = {}
  for _, variable in ipairs(program.variables or {}) do allowed[variable] = true end
  for variable, value in pairs(arguments.environment or {}) do
    if not allowed[variable] then
      refuse("not_permitted", ("%s takes no variable %s from a runbook: it is not in its "
        .. "`variables`."):format(whose, variable))
    elseif type(value) ~= "string" then
      refuse("bad_argument", ("%s: the variable %s is a secret, and the service shows variables to "
        .. "all who may see the run. Keep it among the service's own secrets.")
        :format(whose, variable))
    end
  end
  return program
end

-- The variables of a run: the declared ones, and those that the runbook sets.
local function values_of(program, arguments)
  local values = {}
  for name, value in pairs(program.environment or {}) do values[name] = tostring(value) end
  for name, value in pairs(arguments.environment or {}) do values[name] = value end
  return values
end

-- A run that has ended, as the family tells it. Its output stays with the service: what is given
-- is its address.
local function exit_of(run)
  local began, ended = times.read(run.started_at), times.read(run.ended_at)
  return { exit_code = run.well and 0 or 1, output = (run.url or "") .. "\n",
    errors = run.well and "" or run.state .. "\n", truncated = false,
    took_s = began and ended and math.max(0, ended - began) or 0 }
end

local function failure_of(exit, run, arguments, call)
  if exit.exit_code == arguments.expect_exit then return nil end
  return errors.make { code = "exit_status", retry = "never", detail = exit,
    at = calls.position(), message = ("%s: the run of %s ended as %s: %s"):format(call.target,
      arguments.program, run.state, run.url or "it has no address") }
end

-- Asks until the run has ended, or the call's time is up.
local function wait(place, call, id, taken)
  return calls.poll({ every = first_pause_s, growth = 1.5, every_max = pause_most_s,
    within = math.huge, taken = taken, tell = call.target .. ": run " .. id .. " goes on" },
  function()
    local run = place.get(call, id)
    return run.ended and run or nil
  end)
end

-- When a change's run can have begun at the earliest, by the service's clock.
local function since(call)
  local intent_at = call.intent_at or 0
  return (intent_at > 0 and intent_at or calls.now - week_s) - clock_margin_s
end

-- Whether the service shows a run of this key, asked until it has had time to.
local function sight(place, call, program)
  local sent_at = (call.sent_at or 0) > 0 and call.sent_at or calls.now
  local within = math.max(0, sent_at + call.settings.seen_within - calls.now)
  return calls.poll({ every = 1, within = within }, function()
    return place.find(call, program)
  end)
end

local function run_of(place)
  return {
    before = function(arguments, call)
      permit(arguments, call, false)
      return { plan = "run " .. arguments.program .. " of " .. call.target }
    end,
    act = function(arguments, _, call)
      local program = permit(arguments, call, false)
      local id = calls.part("start", function()
        local there = place.find(call, program)
        return there or place.start(call, program, values_of(program, arguments), call.key)
          or sight(place, call, program)
      end)
      if not id then
        errors.raise("not_found", ("%s: the run of %s was taken, but none with its key is to be "
          .. "seen. %s"):format(call.target, arguments.program, place.advice), "unknown",
          calls.position())
      end
      local run = wait(place, call, id, ("%s: run %s of %s had not ended when time was up. "
        .. "It goes on."):format(call.target, id, arguments.program))
      local exit = exit_of(run)
      local failure = failure_of(exit, run, arguments, call)
      if failure then error(failure, 0) end
      exit.changed = true
      return exit
    end,
    look = function(arguments, _, call)
      local id = sight(place, call, permit(arguments, call, false))
      if not id then return place.unseen(call, permit(arguments, call, false)) end
      local _, run = pcall(wait, place, call, id)
      if type(run) ~= "table" or not run.ended then
        return "cannot_tell", "run " .. id .. " has not ended yet. Wait for it and resume again."
      end
      local exit = exit_of(run)
      local failure = failure_of(exit, run, arguments, call)
      -- `act` finds the same run and tells this failure; it starts none.
      if failure then return "did_not", "It will not be started again: " .. failure.message end
      exit.changed = true
      return "happened", exit
    end,
  }
end

---The operations of a CI service. `place` gives: `start(call, program, values, key, reads)`, the
---new run's id, or nil where the service does not tell; `find(call, program)`, the id of the run of
---the call's key; `get(call, id)`, { ended, well, state, url, started_at, ended_at }; `unseen(call,
---program)`, what `look` says where no run is found; `advice`, what to correct then.
function M.runs(place)
  return {
    run = run_of(place),
    inspect = { observe = function(arguments, call)
      local program = permit(arguments, call, true)
      local id = place.start(call, program, values_of(program, arguments), nil, true)
      if not id then
        refuse("not_supported", call.target .. ": the service does not tell which run it started.")
      end
      local run = wait(place, call, id)
      local exit = exit_of(run)
      local failure = failure_of(exit, run, arguments, call)
      if failure then error(failure, 0) end
      return exit
    end },
  }
end

---What of `programs` every such driver declares.
M.programs_doc = "`effect` (observe or change, the default); `environment` (map of variables to "
  .. "texts); `variables` (names that a runbook may set itself)."

function M.complete_all() end

M.words = { runs = M.runs, since = since, programs_doc = M.programs_doc }

return M
