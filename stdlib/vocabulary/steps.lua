-- step: a named piece of a runbook, with attempts, timeout, verification and undo.
local bounds = require "vocabulary.bounds"
local errors = require "vocabulary.errors"
local options = require "vocabulary.options"
local scheduler = require "vocabulary.scheduler"

local M = {
  undos = {},      -- By scope of the attempt: { body = function, result = value }.
  stand_ins = {},  -- By the first event of an attempt: { n, outcome, error }; see M.stand_in.
}

local not_needed = {}
local unpack = unpack

local allowed = {
  timeout = "duration", retries = "count", backoff = "duration", when = "function",
  verify = "function", undo = "undo", on_failure = { "ask", "undo", "stop" },
}

local function preview(value)
  local kind = type(value)
  if kind == "number" and value == value and math.abs(value) ~= math.huge then return value end
  if kind == "boolean" then return value end
  if kind == "string" then return #value <= 200 and value or value:sub(1, 200) .. " …" end
end

local function close(strand, name, outcome, fields)
  fields = fields or {}
  fields.outcome = outcome
  scheduler.emit(strand, "close", name, "", fields)
end

---Asks the host what is to become of a failure: { again = true, pause = s }, { raise = true } or
---{ skip = true, value = v }. Unguarded, the answer comes when a person has decided.
function M.ask_failure(strand, what, name, failure, attempts_left)
  local _, decision = scheduler.perform("failure", name, "", {
    what = what, error = errors.plain(failure), attempts_left = attempts_left or 0,
    guarded = scheduler.is_guarded(strand),
  })
  return decision
end

---What stands in for an attempt that failed before the code was replaced, or nil: its body is not
---executed again, and the strand goes on counting where its failure was told.
function M.stand_in(strand, n)
  local found = M.stand_ins[strand.id .. "#" .. n]
  if found then strand.n = found.n end
  return found
end

local function note_place(failure, strand)
  if not failure.step and #strand.names > 0 then
    failure.step = table.concat(strand.names, " › ")
  end
  return failure
end

local function timed_out(name, seconds)
  return errors.make { code = "timeout", retry = "safe",
    message = ("The step \"%s\" did not end within its timeout of %s."):format(name,
      require("vocabulary.units").show_duration(seconds)) }
end

-- One attempt: the outcome and, of a failure, the error.
local function attempt(strand, spec, number)
  local n = scheduler.emit(strand, "open", spec.name, "", {
    what = spec.what, attempt = number, timeout = spec.timeout, retries = spec.retries,
    within = spec.within, on_failure = spec.on_failure, undo = spec.undo,
    backoff = spec.backoff,
  })
  local scope = scheduler.enter(strand, n)
  if spec.undo_body then M.undos[scope] = { body = spec.undo_body } end
  local instead = M.stand_in(strand, n)
  if instead then
    scheduler.leave(strand, scope)
    return instead.outcome, errors.make(instead.error), {}, scope
  end
  local results = { scheduler.call(spec.body) }
  scheduler.leave(strand, scope)
  strand.scope = scope
  if results[1] == "returned" then
    if M.undos[scope] then M.undos[scope].result = results[2] end
    return "done", nil, results, scope
  end
  if results[1] == "raised" then return "failed", errors.from(results[2]), results, scope end
  scheduler.perform("settle", spec.name, "", { scope = scope, why = results[2] })
  if results[2] == "skip" then return "skipped", nil, results, scope end
  return "timeout", timed_out(spec.name, spec.timeout), results, scope
end

---Executes `spec.body` as attempts with the host's decisions in between. Spec: what, name, body,
---timeout?, retries?, backoff?, within?, undo?, undo_body?, on_failure?.
function M.attempts(strand, spec)
  bounds.check_depth(strand, ("%s \"%s\""):format(spec.what, spec.name))
  local outer, steps, names = strand.scope, strand.steps, strand.names
  local number = 1
  while true do
    strand.names = { unpack(names) }
    strand.names[#names + 1] = spec.name
    if spec.what == "step" then strand.steps = steps + 1 end
    local own = strand.names
    local outcome, failure, results, scope = attempt(strand, spec, number)
    strand.steps, strand.names = steps, own  -- A timeout leaves those of the step it dropped.
    if outcome == "done" then
      if results[2] == not_needed then
        close(strand, spec.name, "not_needed")
        strand.scope, strand.names = outer, names
        return
      end
      close(strand, spec.name, "done", { value = preview(results[2]) })
      strand.scope, strand.names = outer, names
      return unpack(results, 2, table.maxn(results))
    end
    local decision = { skip = outcome == "skipped", value = results[3] }
    if failure then
      note_place(failure, strand)
      decision = M.ask_failure(strand, spec.what, spec.name, failure,
        math.max(0, (spec.retries or 0) + 1 - number))
    end
    strand.names = names
    if decision.skip then
      M.undos[scope] = nil
      close(strand, spec.name, "skipped")
      strand.scope = outer
      return decision.value
    end
    close(strand, spec.name, outcome, { error = errors.plain(failure) })
    strand.scope = outer
    if not decision.again then error(failure, 0) end
    if decision.pause and decision.pause > 0 then
      scheduler.perform("timer", spec.name, "", { seconds = decision.pause, why = "backoff" })
    end
    number = number + 1
  end
end

local function failed_verification(name)
  return errors.make { code = "verify_failed", retry = "safe", at = scheduler.position(),
    message = ("The verification of the step \"%s\" says it did not do what it should.")
      :format(name) }
end

---step(name, options?, fn): returns what `fn` returns.
function M.step(name, given, body)
  local at = scheduler.position()
  if body == nil then given, body = nil, given end
  options.name(name, "step", at)
  local of = ("step \"%s\""):format(name)
  if type(body) ~= "function" then
    errors.raise("bad_argument", of .. " needs a function as its last argument.", "never", at)
  end
  local read = options.read(given, allowed, of, at)
  local strand = scheduler.here("step")
  scheduler.refuse_in_probe(strand, "step")
  return M.attempts(strand, {
    what = "step", name = name, timeout = read.timeout, retries = read.retries,
    backoff = read.backoff, on_failure = read.on_failure,
    undo = read.undo == false and "kept" or read.undo and "function" or nil,
    undo_body = read.undo or nil,
    body = function()
      if read.when then
        local needed = scheduler.probe("when of " .. of, read.when)
        if scheduler.planning then needed = scheduler.check(needed) end
        if not needed then return not_needed end
      end
      local results = { body() }
      if read.verify then
        local verified = scheduler.probe("verify of " .. of, read.verify,
          unpack(results, 1, table.maxn(results)))
        if scheduler.planning and scheduler.is_unknown(verified) then
          scheduler.assume("verify of " .. of)
        elseif not verified then
          error(failed_verification(name), 0)
        end
      end
      return unpack(results, 1, table.maxn(results))
    end,
  })
end

---True where a failure has no step around it in its own strand, nor a guard: it is then asked
---about where it stands.
function M.is_bare(strand)
  return strand.steps == 0 and not scheduler.is_probing(strand)
end

return M
