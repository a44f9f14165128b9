-- explore { … }: one runbook under every fault, and what must hold whatever happens.
local errors = require "vocabulary.errors"
local events = require "testing.events"
local invariants = require "testing.invariants"
local others = require "testing.others"
local suggest = require "vocabulary.suggest"
local target_handle = require "testing.target_handle"
local world = require "testing.world"

local M = {}

local fields = { runbook = "string", world = "function", parameters = "any", answers = "table",
  always = "table", finally = "table", without = "table", who = "string",
  happens = "table" }
local declaration_mark = {}

---explore { runbook, world = function() … end, parameters, answers, always, finally, without,
---happens }.
function M.declare(given)
  if type(given) ~= "table" then error("explore needs a table.", 2) end
  local known = {}
  for name in next, fields do known[#known + 1] = name end
  table.sort(known)
  for name, value in next, given do
    local wanted = fields[name]
    if not wanted then
      error(("explore has no field %s.%s"):format(tostring(name),
        suggest.did_you_mean(tostring(name), known)), 2)
    end
    if wanted ~= "any" and type(value) ~= wanted then
      error(("%s of explore must be a %s."):format(name, wanted), 2)
    end
  end
  if not given.runbook or not given.world then error("explore needs runbook and world.", 2) end
  return setmetatable({ mark = declaration_mark, declared = given }, { __metatable = "explore" })
end

---The declaration that a file returned.
function M.declared(value)
  if type(value) ~= "table" or rawget(value, "mark") ~= declaration_mark then
    error("An exploration returns explore { … }.", 0)
  end
  return value.declared
end

local function parameters_of(one, w)
  if type(one.parameters) == "function" then return one.parameters(w) end
  return one.parameters
end

-- "after dns/site:upsert 2" says: the second call of that operation is executed, its answer lost.
-- "death 7": the host dies where it makes its seventh commit; "overtaken 7": another takes the run
-- over there while it lives. "refuse Restore?": a person says no, or nothing where the question is
-- for more than yes and no.
-- "down dns/site:upsert 1", "edited dns/site:upsert 1": just before it is executed its target
-- fails, or somebody else changes what it is about; "happens NAME, dns/site:upsert 1": what the
-- exploration itself says may happen.
-- "undo": where the run has come to rest, it is undone. "none": nothing goes wrong.
local kinds = { before = true, dropped = true, after = true, failed = true, throttled = true,
  late = true }

local ends_host = { death = "dies_at_commit", overtaken = "overtaken_at_commit" }

local function parse(code)
  local steps = {}
  if code == "" or code == "none" then return steps end
  for part in (code .. " + "):gmatch("(.-) %+ ") do
    local kind, rest = part:match("^(%a+) (.+)$")
    local operation, nth = (rest or ""):match("^(%S+) (%d+)$")
    if (kinds[kind] or others.knows(kind)) and operation then
      steps[#steps + 1] = { kind = kind, operation = operation, nth = tonumber(nth) }
    elseif kind == "happens" and rest:find(", %S+ %d+$") then
      local name, call, number = rest:match("^(.+), (%S+) (%d+)$")
      steps[#steps + 1] = { kind = kind, name = name, operation = call, nth = tonumber(number) }
    elseif ends_host[kind] and tonumber(rest) then
      steps[#steps + 1] = { kind = kind, nth = tonumber(rest) }
    elseif kind == "refuse" or kind == "silence" then
      steps[#steps + 1] = { kind = kind, question = rest }
    elseif part == "undo" then
      steps[#steps + 1] = { kind = part }
    else
      error(("\"%s\" is no fault. Write such as: after dns/site:upsert 1, death 7, refuse NAME, "
        .. "undo, none."):format(part), 0)
    end
    steps[#steps].code = part
  end
  return steps
end

-- The steps that nothing of the run has met: it does not come so far, or asks no such question.
local function unmet(w, run, steps)
  local times, asked, met_none = {}, {}, {}
  for _, call in ipairs(w.calls) do times[call.name] = call.times end
  for _, question in ipairs(w.questions) do asked[question] = true end
  for _, step in ipairs(steps) do
    local met = (step.operation and (times[step.operation] or 0) >= step.nth)
      or (step.question and asked[step.question])
      or (ends_host[step.kind] and (run.commits or 0) >= step.nth) or step.kind == "undo"
    if not met then met_none[#met_none + 1] = step.code end
  end
  return met_none
end

local function copy(from)
  local made = {}
  for name, value in next, from or {} do made[name] = value end
  return made
end

-- Puts the faults into the world; what is left for the run's own options is returned.
local function disturb(w, one, steps)
  local options = { answers = copy(one.answers), who = one.who }
  for _, step in ipairs(steps) do
    if step.kind == "undo" then
      options.undo = true
    elseif ends_host[step.kind] then
      if options.dies_at_commit or options.overtaken_at_commit then
        error(("A schedule loses its host once: leave out \"%s\"."):format(step.code), 0)
      end
      options[ends_host[step.kind]] = step.nth
    elseif step.kind == "refuse" then
      options.answers[step.question] = { decision = "reject", value = "no", refuses = true,
        reason = "explored" }
    elseif step.kind == "silence" then
      options.answers[step.question] = nil
    else
      local ok, problem
      if kinds[step.kind] then
        ok, problem = pcall(w.fails, w, step.operation, { how = step.kind, skip = step.nth - 1,
          late = "1h", code = "explored", message = "The exploration refuses it." })
      else
        ok, problem = pcall(others.prepare, w, one.happens, step)
      end
      if not ok then error((problem:gsub("^testing/[%w_]+%.lua:%d+: ", "")), 0) end
    end
  end
  return options
end

local function broken(raised)
  local failure = errors.from(raised)
  return { outcome = "broken", reason = failure.message, code = failure.code }
end

-- Executes the run to its rest, resuming it where its host died.
local function execute(w, one, options)
  local parameters = parameters_of(one, w)
  local again = { answers = options.answers, who = options.who }
  local ok, run = pcall(w.run, w, one.runbook, parameters, { answers = options.answers,
    who = options.who, dies_at_commit = options.dies_at_commit,
    overtaken_at_commit = options.overtaken_at_commit })
  if ok and run.outcome == "died" then
    if run.id then
      ok, run = pcall(w.resume, w, run, again)
    else
      ok, run = pcall(w.run, w, one.runbook, parameters, again)
    end
  end
  return ok and run or broken(run)
end

-- Undoes the run where it rests; the run as it was where there is nothing to undo any more.
local function undo(w, run, options)
  local ok, undone = pcall(w.undo, w, run, nil, { answers = options.answers, who = options.who })
  if ok then return undone end
  local failure = broken(undone)
  return failure.code == "not_taken" and run or failure
end

local function check(group, subject, found, ...)
  for name, holds in next, group or {} do
    local ok, value = pcall(holds, ...)
    if not ok then
      found[#found + 1] = { name = name, why = "the check itself failed: "
        .. tostring(errors.from(value)) }
    elseif not value then
      found[#found + 1] = { name = name, why = subject }
    end
  end
end

local function already(found, name)
  for _, one in ipairs(found) do
    if one.name == name then return true end
  end
  return false
end

---The world in which one schedule begins, for M.execute.
---@param one table what explore { … } declared
function M.prepare(one)
  world.forget()
  local w = one.world()
  if getmetatable(w) ~= "world" then
    error("world of explore must return the world that it has made.", 0)
  end
  w:prepared()
  return { world = w, start = invariants.start(w) }
end

---One schedule: { violated = list of { name, why }, outcome, calls, questions, commits, story }.
---@param one table what explore { … } declared
---@param prepared table what M.prepare made; it is used up
---@param code string the faults, joined with " + "; "" for none
---@param tells string|nil "always": the story is told whatever was violated
function M.execute(one, prepared, code, tells)
  local w, start = prepared.world, prepared.start
  local steps = parse(code)
  local options = disturb(w, one, steps)
  start.undoing.edited = others.edited(w, steps)
  local found = {}
  -- An author's rules speak of a world that nobody but the run changes, or that `happens` changes.
  local asked = others.are_in(steps) and {} or one
  events.on_effect(function(effect)
    local now = {}
    local subject = ("after %s:%s"):format(effect.target, effect.operation)
    check(asked.always, subject, now, w)
    invariants.after_effect(w, start, effect, now)
    for _, violation in ipairs(now) do
      if not already(found, violation.name) then found[#found + 1] = violation end
    end
  end)
  local run = execute(w, one, options)
  -- What cannot even be started is the exploration's own mistake, and no finding.
  if #steps == 0 and run.outcome == "broken" and run.code ~= "never_rests" then
    error(run.reason, 0)
  end
  local last = {}
  check(asked.finally, ("at the end, when the run was %s"):format(run.outcome), last, w, run)
  -- What the author says of the end is said of the run's own, not of its undo.
  if options.undo and run.id then run = undo(w, run, options) end
  events.on_effect(nil)
  invariants.finally(w, start, run, last)
  for _, violation in ipairs(last) do
    if not already(found, violation.name) then found[#found + 1] = violation end
  end
  local told = { violated = {}, outcome = run.outcome, reason = run.reason, calls = w.calls,
    commits = run.commits, questions = w.questions, unmet = unmet(w, run, steps) }
  if #steps == 0 then
    others.survey(w, told.calls)
    told.happens = target_handle.keys(one.happens or {})
  end
  for _, violation in ipairs(found) do
    if not (one.without and one.without[violation.name]) then
      told.violated[#told.violated + 1] = violation
    end
  end
  if tells or #told.violated > 0 then told.story = world.story() end
  world.forget()
  return told
end

return M
