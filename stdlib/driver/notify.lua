-- What every driver of the notify family does alike: a message that could not be delivered raises
-- nothing unless the runbook wants it to, and what a provider knows by its key is sent again.
local calls = require "driver.calls"
local errors = require "vocabulary.errors"
local json = require "vocabulary.json"

local M = {}

local tries_max = 4
local pause_first_s = 0.5
local acknowledged_every_max_s = 10
-- A second sending is the same to the provider: by its key, or because the driver looks first.
local repeatable = { open = true, resolve = true, acknowledge = true, set_component = true,
  schedule_maintenance = true, end_maintenance = true }
local verbs = { open = "opened", update = "updated", resolve = "resolved",
  acknowledge = "acknowledged" }

local function one_line(text)
  return (tostring(text):gsub("\194[\128-\159]", "?"):gsub("\n", " | "):gsub("%c", "?"))
end

---The message in one line, for plans and the screen.
function M.shown(operation, arguments)
  local head = {}
  if arguments.severity then head[#head + 1] = arguments.severity:upper() end
  if arguments.key then head[#head + 1] = arguments.key end
  if verbs[operation] then head[#head + 1] = verbs[operation] end
  if arguments.state then head[#head + 1] = "(" .. arguments.state .. ")" end
  local parts = {}
  for _, name in ipairs { "title", "summary", "text", "detail" } do
    parts[#parts + 1] = arguments[name]
  end
  local line = table.concat(head, " ")
  if line ~= "" then line = line .. ": " end
  return one_line(line .. table.concat(parts, " – "))
end

local function before(operation)
  return function(arguments)
    local creates = operation == "send" or operation == "open"
    return { sign = creates and "+" or "~", plan = M.shown(operation, arguments) }
  end
end

local function send_until_taken(again, act, arguments, found, call)
  local pause_s, maybe_sent = pause_first_s, false
  for try = 1, tries_max do
    local ok, value, after = pcall(act, arguments, found, call)
    if ok then
      value = value or {}
      if value.changed == nil or maybe_sent then value.changed = true end
      return true, value, after
    end
    local failure = errors.from(value)
    maybe_sent = maybe_sent or failure.retry == "unknown"
    local may_repeat = failure.retry == "safe" or (failure.retry == "unknown" and again)
    if not may_repeat or failure.code == "cancelled" or try == tries_max then
      return false, failure
    end
    local asked_s = type(failure.detail) == "table" and failure.detail.retry_after_s or 0
    local slept = pcall(calls.ask, "sleep", { seconds = math.max(pause_s, asked_s) })
    if not slept then return false, failure end
    pause_s = pause_s * 2
  end
end

local function act(again, own)
  return function(arguments, found, call)
    local sent, value, after = send_until_taken(again, own, arguments, found, call)
    if sent then
      value.key, value.delivered = arguments.key, true
      return value, after
    end
    if arguments.on_undelivered == "fail" then error(value, 0) end
    return { key = arguments.key, delivered = false, error = errors.plain(value),
      changed = value.retry == "unknown" }
  end
end

---Completes a driver's operations: what a plan shows of a message, and what a failure comes to. An
---operation that says `repeatable = true` is sent again after a lost answer.
function M.complete_all(operations)
  for name, operation in pairs(operations) do
    if operation.act then
      operation.before = operation.before or before(name)
      operation.act = act(repeatable[name] or operation.repeatable, operation.act)
    end
  end
end

local function fields_text(fields)
  local lines = {}
  for name, value in pairs(fields or {}) do
    lines[#lines + 1] = name .. ": " .. (type(value) == "string" and value or json.encode(value))
  end
  table.sort(lines)
  return table.concat(lines, "\n")
end

-- The text, or as much of it as fits into so many bytes of UTF-8 with a mark at its end.
local function cut(text, bytes_max)
  if #text <= bytes_max then return text end
  local last = bytes_max - #"…"
  while last > 0 and text:byte(last + 1) >= 128 and text:byte(last + 1) < 192 do last = last - 1 end
  return text:sub(1, last) .. "…"
end

-- Asks for the incident until somebody has taken it; nil where nobody did in that time.
local function wait_acknowledged(status)
  return function(arguments, call)
    local ends, pause_s = calls.now + arguments.within, pause_first_s
    while true do
      local incident = status(arguments, call)
      if incident and incident.state ~= "open" then return incident end
      if calls.now + pause_s > ends then return nil end
      calls.ask("sleep", { seconds = pause_s })
      pause_s = math.min(pause_s * 1.5, acknowledged_every_max_s)
    end
  end
end

---Words for files of this family: `line(operation, arguments)`.
M.words = { line = M.shown, fields_text = fields_text, cut = cut,
  wait_acknowledged = wait_acknowledged }

return M
