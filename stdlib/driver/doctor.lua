-- What a driver's file says of itself to `perilune doctor`: what it asks beforehand, and what its
-- provider does not let anybody ask without doing it.
--
-- The file's `doctor` is { checks, cannot, ask }: `checks` and `cannot` are lists of texts for the
-- reference; ask(say, call) asks, changes nothing, and tells what it found by `say`.
local errors = require "vocabulary.errors"

local M = {}

-- Failures that say nothing of what was asked about: the place was not reached at all.
local unreached = { name_not_found = true, refused = true, unreachable = true, tls_failed = true,
  timed_out = true, connection_lost = true }

local function is_refused(failure)
  return failure.code == "credentials_refused" or failure.code == "permission_denied"
    or type(failure.detail) == "table"
    and (failure.detail.status == 401 or failure.detail.status == 403)
end

-- Whether runbooks make one of these changes here, as far as their files show.
local function is_wanted(changes, operations)
  if not changes or not operations then return true end
  for _, wanted in ipairs(changes) do
    for _, name in ipairs(operations) do
      if name == wanted then return true end
    end
  end
  return false
end

local function sayer(found, changes)
  local say = {}
  local function add(state, text, advice, credentials)
    found[#found + 1] = { state = state, found = text, advice = advice,
      credentials = credentials or nil }
  end
  function say.well(text) add("ok", text) end
  -- What will fail in a run; `advice` says what to do.
  function say.problem(text, advice) add("problem", text, advice) end
  -- A credential that is none, or may not do what runs need.
  function say.refused(text, advice) add("problem", text, advice, true) end
  -- A right that only these operations need: none is missed where no runbook here does them.
  function say.lacks(operations, text, advice)
    if is_wanted(changes, operations) then return say.refused(text, advice) end
    add("note", text .. "; no runbook here needs it")
  end
  function say.unchecked(text) add("unchecked", text) end
  -- Asks by fn: what it returns, or nil where it raised, which is told as a problem.
  function say.try(what, fn)
    local well, answer = pcall(fn)
    if well then return answer == nil and true or answer end
    local failure = errors.from(answer)
    if unreached[failure.code] then error(failure, 0) end
    add("problem", what .. ": " .. failure.message, nil, is_refused(failure))
  end
  return say
end

---All that is found of a target, with what cannot be: a list of { state, found, advice,
---credentials }.
function M.examine(doctor, call, changes)
  local found = {}
  if doctor.ask then doctor.ask(sayer(found, changes), call) end
  for _, text in ipairs(doctor.cannot or {}) do
    found[#found + 1] = { state = "unchecked", found = text }
  end
  return found
end

---What the host may know of it.
function M.describe(doctor)
  if type(doctor) ~= "table" then return nil end
  return { checks = doctor.checks or {}, cannot = doctor.cannot or {} }
end

return M
