-- The worker's own program: takes the host's messages in order and works each to quiescence.
local branches = require "vocabulary.branches"
local drill = require "vocabulary.drill"
local errors = require "vocabulary.errors"
local json = require "vocabulary.json"
local log = require "vocabulary.log"
local modules = require "vocabulary.modules"
local people = require "vocabulary.people"
local plan = require "vocabulary.plan"
local runbook = require "vocabulary.runbook"
local sandbox = require "vocabulary.sandbox"
local scheduler = require "vocabulary.scheduler"
local serve = require "vocabulary.serve"
local steps = require "vocabulary.steps"
local targets = require "vocabulary.targets"
local units = require "vocabulary.units"
local waits = require "vocabulary.waits"

local date_first, date_last = -62167219200, 253402300799

local wire
local declared, drill_facts, params, run_table, seed, globals
local generators = {}
local handlers = {}

local function measure(read, word)
  return function(value)
    if scheduler.is_unknown(value) then return value end
    local number, expected = read(value)
    if not number then
      errors.raise("bad_argument", word .. " needs " .. expected .. ".", "never",
        scheduler.position())
    end
    return number
  end
end

local function time_now()
  local strand = scheduler.current()
  if strand and scheduler.plans(strand) then return wire.unknown("the time of the run") end
  return strand and strand.now or scheduler.now
end

-- Random numbers come from one generator per strand, so replay gives the same ones.
local function random(...)
  local strand = scheduler.current()
  if scheduler.is_unknown(seed) then return wire.unknown("a random number") end
  local id = strand and strand.id or "loading"
  if not generators[id] then generators[id] = sandbox.random(seed .. "|" .. id) end
  return generators[id](...)
end

local function secret(name)
  scheduler.check(name)
  if type(name) ~= "string" or not name:find("^[%w_./-]+$") or #name > 200 then
    errors.raise("bad_argument", "secret needs a secret's name: secret(\"NAME\").", "never",
      scheduler.position())
  end
  return wire.secret { { "", name, "", "", "raw" } }
end

local function vocabulary(families)
  local words = targets.make(families)
  for name, word in pairs {
    runbook = function(given) return runbook.declare(given) end, drill = drill.declare,
    step = steps.step, parallel = branches.parallel,
    each = branches.each, meanwhile = branches.meanwhile, approve = people.approve,
    confirm = people.confirm, ask = people.ask, manual = people.manual,
    wait_for = waits.wait_for, sleep = waits.sleep, ensure = waits.ensure,
    wait_until = waits.wait_until, hold = waits.hold, keep = waits.keep, try = waits.try,
    duration = measure(units.read_duration, "duration"),
    size = measure(units.read_size, "size"), now = time_now, log = log.log, json = json,
    secret = secret, run_runbook = targets.run_runbook, require = modules.require,
    pcall = scheduler.pcall, xpcall = scheduler.xpcall, random = random,
    run = setmetatable({}, { __metatable = "run", __index = function(_, name)
      return run_table and run_table[name]
    end, __newindex = function()
      errors.raise("bad_argument", "run cannot be changed.", "never", scheduler.position())
    end }),
    date = function(format, at)
      at = at or time_now()
      if scheduler.is_unknown(at) then
        local shown = type(format) == "string" and format or "a date"
        return wire.unknown(("%s at %s"):format(shown, wire.unknown_source(at)))
      end
      if type(at) ~= "number" or not (at >= date_first and at <= date_last) then
        errors.raise("bad_argument", "date needs a time in seconds since 1970, within the years 0 "
          .. "to 9999, but got " .. tostring(at) .. ".", "never", scheduler.position())
      end
      return units.date(format or "%Y-%m-%dT%H:%M:%SZ", at)
    end,
  } do
    words[name] = word
  end
  drill.start(words, wire)
  return words
end

function handlers.module(_, path, text, problem)
  modules.texts[path] = text or nil
  modules.problems[path] = problem
end

function handlers.load(_, path, settings)
  seed = ""
  plan.start(wire, settings.planning == true)
  globals = sandbox.make(wire, vocabulary(settings.families),
    scheduler.planning and plan.install or nil)
  waits.format = globals.string.format
  modules.start(wire, globals)
  local ok, value = pcall(modules.load, path)
  if ok then declared, drill_facts = runbook.declaration(value) end
  if declared then
    local sent, reason = wire.send { "loaded", runbook.describe(declared, drill_facts) }
    if sent then return end
    ok, value = false, errors.make { code = "bad_runbook",
      message = "What runbook { … } declares must be plain data: " .. reason .. "." }
  elseif ok then
    ok, value = false, errors.make { code = "bad_runbook",
      message = path .. ": the file must return runbook { … }." }
  end
  wire.send { "load_failed", errors.plain(errors.from(value)) }
end

-- Asks the runbook's own `refuse` whether it may start with these parameters.
function handlers.refuse(_, given, now, run)
  local reason
  scheduler.now, run_table = now, run
  scheduler.loading = scheduler.loading + 1
  local ok, value = pcall(declared.refuse, given)
  scheduler.loading = scheduler.loading - 1
  if not ok then
    reason = "refuse failed: " .. tostring(errors.from(value))
  elseif value then
    reason = tostring(value)
  end
  wire.send { "refused", reason or false }
end

-- A strand of its own for the run's body, an undo function, or `ended`.
local function start_body(id, what, name, body, finish)
  local strand
  strand = scheduler.new_strand(id, "", nil, function()
    if what ~= "run" then
      local n = scheduler.emit(strand, "open", name, "", { what = what })
      scheduler.enter(strand, n)
      strand.names = { name }
    end
    while true do
      local results = { scheduler.call(body) }
      if results[1] == "returned" then return finish(strand, results[2]) end
      local failure = errors.from(results[2])
      local decision = steps.ask_failure(strand, what == "run" and "body" or what, name, failure)
      if decision.skip then return finish(strand, nil, failure) end
      if not decision.again then
        errors.raise("bug", "The host raised a failure that nothing can catch.")
      end
    end
  end)
end

-- Before `begin` of a plan that goes on from a journal: where each strand's records end.
function handlers.recorded(_, last) scheduler.recorded = last end

function handlers.begin(_, given, now, run, stand_ins)
  params, run_table = given, run
  steps.stand_ins = stand_ins or {}
  -- A run has its id only now: a resumed one must draw the numbers that the first one drew.
  seed, generators = run.id, {}
  scheduler.now = now
  start_body("/", "run", run.runbook, function() return declared.run(params) end,
    function(_, value)
      local sent, reason = wire.send { "end", value }
      if sent then return end
      -- What was done is done: a value that cannot be kept is no reason to fail it.
      log.write("warning", "What the runbook returned is no plain data, so the run has no value: "
        .. reason .. ".")
      wire.send { "end" }
    end)
end

local function close_with(outcome)
  return function(strand, _, failure)
    scheduler.emit(strand, "close", strand.names[1], "", { outcome = failure and "failed"
      or outcome, error = failure and errors.plain(failure) or nil })
  end
end

function handlers.undo(_, strand, n, index, now, name)
  scheduler.now = math.max(scheduler.now, now)
  local found = steps.undos[strand .. "#" .. n]
  start_body("/undo." .. index, "undo", name, function()
    if not found then
      errors.raise("no_undo_function", "The step's undo function was not reached by replay.")
    end
    return found.body(found.result)
  end, close_with("done"))
end

function handlers.ended(_, now, result)
  scheduler.now = math.max(scheduler.now, now)
  start_body("/ended", "ended", "ended", function() return declared.ended(params, result) end,
    close_with("done"))
end

-- The run is stopped: nothing of it is ever resumed. Undo functions stay.
function handlers.stop(_, now)
  scheduler.now = math.max(scheduler.now, now)
  for _, strand in pairs(scheduler.strands) do
    if strand and not strand.dropped then scheduler.drop(strand) end
  end
end

function handlers.deliver(_, seq, strand, n, now, how, value)
  if not scheduler.deliver(strand, n, now, how, value) then wire.send { "mismatch", seq } end
end

function handlers.where()
  local lines = {}
  for id, strand in pairs(scheduler.strands) do
    if strand then
      for index = #strand.frames, 1, -1 do
        local level = 0
        while true do
          local info = debug.getinfo(strand.frames[index].co, level, "Sln")
          if not info then break end
          if modules.sources[info.source] then
            lines[#lines + 1] = { strand = id, at = info.short_src .. ":" .. info.currentline,
              name = info.name }
          end
          level = level + 1
        end
      end
    end
  end
  wire.send { "stack", lines }
end

return function(with_wire)
  wire = with_wire
  scheduler.start(wire)
  log.start(wire)
  serve(wire, handlers, scheduler.drain)
end
