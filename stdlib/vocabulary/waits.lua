-- ensure, wait_until, hold, sleep, wait_for, keep, try: observing the world, and waiting for it.
local errors = require "vocabulary.errors"
local options = require "vocabulary.options"
local scheduler = require "vocabulary.scheduler"
local steps = require "vocabulary.steps"
local units = require "vocabulary.units"

local M = {}

-- What a condition says where it does not hold; in a plan perhaps an unknown.
local function says(message, ...)
  if message == nil then return "A condition that must hold does not." end
  if select("#", ...) > 0 then message = M.format(message, ...) end
  return scheduler.planning and scheduler.is_unknown(message) and message or tostring(message)
end

-- The value of a condition; nil and true where, in a plan, it looks into what only the run knows.
local function evaluate(body)
  if not scheduler.planning then return scheduler.probe("ensure", body) end
  local strand = scheduler.here("ensure")
  local outer = strand.assuming
  strand.assuming = #strand.frames
  local how, value = scheduler.call(scheduler.probe, "ensure", body)
  strand.assuming = outer
  if how == "raised" then error(value, 0) end
  return value, how == "interrupted"
end

---ensure(condition_or_function, message, …): fails the step where the condition does not hold.
---Further arguments fill the message's %s and %d.
function M.ensure(condition, message, ...)
  local at = scheduler.position()
  local unknown
  if type(condition) == "function" then condition, unknown = evaluate(condition) end
  local assumed = scheduler.planning and (unknown or scheduler.is_unknown(condition))
  if condition and not assumed then return condition end
  local said = says(message, ...)
  if scheduler.planning and scheduler.is_unknown(said) then
    said = tostring(message):gsub("%%[%d.-]*%a", "…")
  end
  if assumed then return scheduler.assume(("ensure does not fail with \"%s\""):format(said)) end
  errors.raise("ensure_failed", said, "safe", at)
end

---sleep(duration): durable; a resumed run sleeps only what is left.
function M.sleep(given)
  local seconds, expected = units.read_duration(scheduler.check(given))
  if not seconds then
    errors.raise("bad_argument", "sleep needs " .. expected .. ".", "never",
      scheduler.position())
  end
  scheduler.perform("timer", "sleep", "", { seconds = seconds, why = "sleep" })
end

local function poll_timer(name, seconds)
  scheduler.perform("timer", name, "", { seconds = seconds, why = "poll" })
end

-- Executes a waiting body as if it were a step, so that a failure outside any step is asked about
-- here and can be tried again.
local function as_step(strand, spec)
  if steps.is_bare(strand) then return steps.attempts(strand, spec) end
  local results = { scheduler.pcall(spec.body) }
  if not results[1] then error(results[2], 0) end
  return unpack(results, 2, table.maxn(results))
end

local function read_wait(word, name, given, body, allowed)
  local at = scheduler.position()
  options.name(name, word, at)
  local read = options.read(given, allowed, ("%s \"%s\""):format(word, name), at)
  if type(body) ~= "function" then
    errors.raise("bad_argument", word .. " needs a function as its last argument.", "never", at)
  end
  return read, at
end

local function not_in_time(name, within, last, at)
  local message = ("\"%s\" did not become true within %s."):format(name,
    units.show_duration(within))
  if last then message = message .. " The last answer was an error: " .. last.message end
  return errors.make { code = "timed_out", retry = "safe", message = message, at = at,
    operation = last and last.operation, target = last and last.target }
end

---wait_until(name, { within =, every = }, fn): ends the first time `fn` is true and returns it. An
---error that is safe to repeat counts as "not yet".
function M.wait_until(name, given, body)
  local read, at = read_wait("wait_until", name, given, body,
    { within = "duration", every = "duration" })
  if not read.within then
    errors.raise("bad_argument", ("wait_until \"%s\" needs within = \"5m\": how long it may "
      .. "take."):format(name), "never", at)
  end
  local strand = scheduler.here("wait_until")
  if scheduler.plans(strand) then return scheduler.assume("wait_until: " .. name) end
  return as_step(strand, { what = "wait", name = name, within = read.within, body = function()
    local started, last = strand.now, nil
    while true do
      if scheduler.plans(strand) then return scheduler.assume("wait_until: " .. name) end
      local ok, value = scheduler.pcall(scheduler.probe, "wait_until", body)
      if ok and scheduler.is_unknown(value) then return scheduler.assume("wait_until: " .. name) end
      if ok and value then return value end
      if not ok then
        last = errors.from(value)
        if last.retry ~= "safe" then error(last, 0) end
      end
      local left = started + read.within - strand.now
      if left <= 0 then error(not_in_time(name, read.within, last, at), 0) end
      poll_timer(name, math.min(read.every or 5, left))
    end
  end })
end

---hold(name, { during =, every = }, fn): fails the first time `fn` is false.
function M.hold(name, given, body)
  local read, at = read_wait("hold", name, given, body,
    { during = "duration", every = "duration" })
  if not read.during then
    errors.raise("bad_argument", ("hold \"%s\" needs during = \"10m\": how long it must hold.")
      :format(name), "never", at)
  end
  local strand = scheduler.here("hold")
  if scheduler.plans(strand) then return scheduler.assume("hold: " .. name) end
  return as_step(strand, { what = "hold", name = name, within = read.during, body = function()
    local started = strand.now
    while true do
      if scheduler.plans(strand) then return scheduler.assume("hold: " .. name) end
      local held = scheduler.probe("hold", body)
      if scheduler.is_unknown(held) then return scheduler.assume("hold: " .. name) end
      if not held then
        error(errors.make { code = "did_not_hold", retry = "safe", at = at,
          message = ("\"%s\" stopped being true after %s; it must hold for %s."):format(name,
            units.show_duration(strand.now - started), units.show_duration(read.during)) }, 0)
      end
      local left = started + read.during - strand.now
      if left <= 0 then return true end
      poll_timer(name, math.min(read.every or 5, left))
    end
  end })
end

---wait_for(names, { within = }): { name, data } of the first outside signal of one of the names.
function M.wait_for(names, given)
  local at = scheduler.position()
  scheduler.check(names)
  if type(names) == "string" then names = { names } end
  if type(names) ~= "table" or #names == 0 then
    errors.raise("bad_argument", "wait_for needs a signal's name or a list of names.", "never",
      at)
  end
  local copy = {}
  for index, name in ipairs(names) do copy[index] = options.name(name, "a signal", at) end
  local read = options.read(given, { within = "duration" }, "wait_for", at)
  local strand = scheduler.here("wait_for")
  scheduler.refuse_in_probe(strand, "wait_for")
  local ok, value = scheduler.perform("question", copy[1], "", { what = "signal", names = copy,
    within = read.within, otherwise = read.within and "fail" or nil })
  if not ok then
    value.at = at
    error(errors.make(value), 0)
  end
  return value
end

---keep(name): what came before stays when something later fails.
function M.keep(name)
  options.name(name, "keep", scheduler.position())
  local strand = scheduler.here("keep")
  scheduler.refuse_in_probe(strand, "keep")
  scheduler.emit(strand, "keep", name, "", {})
end

---try(fn, …): true and the results, or false and the error table.
function M.try(body, ...)
  if type(body) ~= "function" then
    errors.raise("bad_argument", "try needs a function.", "never", scheduler.position())
  end
  local results = { scheduler.pcall(body, ...) }
  if results[1] then return unpack(results, 1, table.maxn(results)) end
  local failure = errors.from(results[2])
  require("vocabulary.log").write("caught", failure.message, { code = failure.code })
  return false, failure
end

return M
