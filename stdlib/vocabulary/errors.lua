-- Errors as scripts see them: tables with a code, a message and whether trying again is right.
local M = {}

local fields = { "code", "message", "retry", "operation", "target", "step", "at", "detail",
  "branches" }

local metatable = {
  __metatable = "error",
  __tostring = function(failure)
    local where = failure.at and failure.at .. ": " or ""
    return where .. tostring(failure.message)
  end,
}

---Makes an error table; `retry` is "safe", "unknown" or "never".
function M.make(given)
  given.code = given.code or "error"
  given.retry = given.retry or "never"
  return setmetatable(given, metatable)
end

---Raises an error of the vocabulary itself.
function M.raise(code, message, retry, at)
  error(M.make { code = code, message = message, retry = retry, at = at }, 0)
end

---Turns whatever was raised into an error table. Plain Lua errors are never retried.
function M.from(raised)
  if type(raised) == "table" then
    if getmetatable(raised) == "error" then return raised end
    local message = rawget(raised, "message")
    local retry = rawget(raised, "retry")
    local code = rawget(raised, "code")
    return M.make {
      code = type(code) == "string" and code or "raised",
      message = type(message) == "string" and message or "A table without a message was raised.",
      retry = (retry == "safe" or retry == "unknown") and retry or "never",
    }
  end
  local text = type(raised) == "string" and raised or "A " .. type(raised) .. " was raised."
  local at, message = text:match("^([%w%p]+%.lua:%d+): (.*)$")
  return M.make { code = "lua_error", message = message or text, at = at }
end

---The error as plain data that may cross to the host.
function M.plain(failure)
  local copy = {}
  for _, name in ipairs(fields) do
    local value = rawget(failure, name)
    local kind = type(value)
    if kind == "string" or kind == "number" or kind == "boolean" then copy[name] = value end
    if kind == "table" and (name == "detail" or name == "branches") then copy[name] = value end
  end
  if #tostring(copy.message) > 8192 then copy.message = copy.message:sub(1, 8192) .. " …" end
  return copy
end

return M
