-- Calls under way: each is a coroutine that asks the host for what it may not do itself.
local errors = require "vocabulary.errors"

local M = { now = 0 }

local wait_tag = {}
local running = {}  -- Calls by id.
local current       -- The call being resumed, or nil.
local wire

function M.start(with_wire) wire = with_wire end

---"drivers/dns/example.lua:12" of the innermost line of the driver, or nil.
function M.position()
  for level = 3, 40 do
    local info = debug.getinfo(level, "Sl")
    if not info then return nil end
    if M.sources and M.sources[info.source] and info.currentline > 0 then
      return info.short_src .. ":" .. info.currentline
    end
  end
end

---The call that executes now. Raises `cannot_wait` where waiting is not possible.
function M.here(word)
  if not current or coroutine.running() ~= current.co or not coroutine.isyieldable() then
    errors.raise("cannot_wait", word .. " may only be called from a driver's own function while "
      .. "it executes, not while the file is loaded and not inside a coroutine of its own, "
      .. "table.sort or string.gsub.", "never", M.position())
  end
  return current
end

---Asks the host for something and waits for its answer; a failure is raised.
function M.ask(kind, data)
  local call = M.here(kind)
  call.k = call.k + 1
  local sent, reason = wire.send { "ask", call.id, call.k, kind, data }
  if not sent then
    errors.raise("bad_argument", ("What is given to %s cannot leave the driver: %s.")
      :format(kind, reason), "never", M.position())
  end
  local ok, value = coroutine.yield(wait_tag)
  if ok then return value end
  local failure = errors.make(value)
  failure.at = failure.at or M.position()
  error(failure, 0)
end

---One part of a change that takes several requests: what `body` gives is durable before the next
---request leaves, and a part that is recorded already is not done again.
function M.part(name, body)
  local call = M.here("part")
  if call.info.parts[name] then return call.info.parts[name].value end
  if call.in_part then
    errors.raise("bad_driver", "part cannot stand inside another part.", "never",
      M.position())
  end
  M.ask("part", { name = name })
  call.in_part = true
  local ok, value = pcall(body)
  call.in_part = false
  if not ok then error(value, 0) end
  M.ask("keep_part", { name = name, value = { value = value } })
  call.info.parts[name] = { value = value }
  return value
end

local function ask_until(options, probe)
  local ends = M.now + (options.within or 3600)
  local pause = options.every or 1
  while true do
    local found = probe()
    if found then return found end
    if M.now + pause > ends then return nil end
    if options.tell then M.ask("tell", { text = options.tell }) end
    M.ask("sleep", { seconds = pause })
    pause = math.min(pause * (options.growth or 1), options.every_max or 30)
  end
end

---Asks `probe` again and again until it gives something true; `within` seconds at most. With
---`taken`, what is waited for is a change that the provider has taken: once time is up, it is not
---known what becomes of it, and `taken` says so.
function M.poll(options, probe)
  if not options.taken then return ask_until(options, probe) end
  local well, found = pcall(ask_until, options, probe)
  if well and found then return found end
  if not well and (type(found) ~= "table" or found.code ~= "timed_out") then error(found, 0) end
  errors.raise("timed_out", options.taken, "unknown", M.position())
end

-- A call ended: up to three results, or what it raised.
local function finish(call, ok, first, second, third)
  running[call.id] = nil
  if ok then
    local sent, reason = wire.send { "done", call.id, first, second, third }
    if sent then return end
    first = errors.make { code = "driver_failed",
      message = ("What the driver returned is no plain data: %s."):format(reason) }
  end
  wire.send { "failed", call.id, errors.plain(errors.from(first)) }
end

local function resume(call, ...)
  current = call
  local ok, first, second, third = coroutine.resume(call.co, ...)
  current = nil
  if coroutine.status(call.co) == "dead" then finish(call, ok, first, second, third) end
end

---Begins a call: `body` is executed in a coroutine of its own until it first asks for something.
function M.begin(id, body, info)
  local call = { id = id, k = 0, info = info, co = coroutine.create(body) }
  running[id] = call
  resume(call)
end

---The host's answer to what a call asked for last.
function M.answer(id, k, ok, value)
  local call = running[id]
  if call and call.k == k then resume(call, ok, value) end
end

---The host gave the call up: its coroutine is never resumed.
function M.drop(id) running[id] = nil end

return M
