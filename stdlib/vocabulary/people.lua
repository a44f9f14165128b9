-- approve, confirm, ask, manual: questions to people, answered from any terminal.
local errors = require "vocabulary.errors"
local options = require "vocabulary.options"
local scheduler = require "vocabulary.scheduler"
local steps = require "vocabulary.steps"

local M = {}

local allowed = {
  role = "text", count = "count", not_starter = "boolean", within = "duration", otherwise = "any",
  detail = "text", evidence = { "text", "number", "url", "file" }, verify = "function",
  when = "function", choices = "any",
}

local function check_choices(read, of, at)
  if read.choices == nil then return end
  if type(read.choices) ~= "table" or #read.choices == 0 then
    errors.raise("bad_argument", "choices of " .. of .. " must be a list of texts.", "never", at)
  end
  for _, choice in ipairs(read.choices) do
    if type(choice) ~= "string" then
      errors.raise("bad_argument", "choices of " .. of .. " must be a list of texts.", "never", at)
    end
  end
end

-- Asks once: the answer { decision, value, reason, who }, or raises.
local function question(strand, what, name, read, at)
  while true do
    local instead, ok, value = steps.stand_in(strand, strand.n + 1)
    if instead then
      value = instead.error
    else
      ok, value = scheduler.perform("question", name, "", {
        what = what, role = read.role, count = read.count, not_starter = read.not_starter,
        within = read.within, otherwise = read.otherwise, detail = read.detail,
        evidence = read.evidence, choices = read.choices,
      })
    end
    local failure
    if not ok then
      failure = errors.make(value)
    elseif what == "approve" and (value.decision == "reject" or value.value == false) then
      failure = errors.make { code = "rejected", message = ("\"%s\" was rejected%s%s."):format(
        name, value.who and " by " .. value.who or "",
        value.reason and ": " .. value.reason or "") }
    else
      return value
    end
    failure.at = at
    if not steps.is_bare(strand) or scheduler.is_guarded(strand) then error(failure, 0) end
    local decision = steps.ask_failure(strand, "question", name, failure)
    if decision.skip then return { decision = "skip", value = decision.value } end
    if not decision.again then error(failure, 0) end
  end
end

local function verified(read, name, value)
  if not read.verify then return true end
  local ok, result = scheduler.pcall(scheduler.probe, "verify of \"" .. name .. "\"", read.verify,
    value)
  if ok and result then return true end
  if not ok and errors.from(result).retry ~= "safe" then error(result, 0) end
  require("vocabulary.log").write("warning", ("\"%s\" was answered, but its verification does "
    .. "not hold yet; it is asked again."):format(name))
  return false
end

local function word(what)
  return function(name, given)
    local at = scheduler.position()
    options.name(name, what, at)
    local of = ("%s \"%s\""):format(what, name)
    local read = options.read(given, allowed, of, at)
    check_choices(read, of, at)
    local strand = scheduler.here(what)
    scheduler.refuse_in_probe(strand, what)
    if read.when and not scheduler.check(scheduler.probe("when of " .. of, read.when)) then
      return nil
    end
    while true do
      local answer = question(strand, what, name, read, at)
      local value = answer.value
      if what == "approve" then value = answer end
      if what == "confirm" then
        value = answer.decision == "yes" or answer.decision == "approve" or answer.value == true
      end
      if scheduler.plans(strand) or verified(read, name, answer.value) then return value end
    end
  end
end

---approve(name, options?): raises `rejected` unless approved; returns { decision, who, reason }.
M.approve = word("approve")
---confirm(name, options?): true or false.
M.confirm = word("confirm")
---ask(name, options?): the value a person gave.
M.ask = word("ask")
---manual(name, options?): a person does it; returns the evidence given.
M.manual = word("manual")

return M
