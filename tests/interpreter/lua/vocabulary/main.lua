-- The program of perilune-worker-test: does what a test's messages say, in place of the vocabulary.
local sandbox = require "vocabulary.sandbox"

local handlers = {}

-- Executes a script in a fresh sandbox, as a strand's body would be: in a coroutine.
function handlers.script(wire, source, install)
  local printed = {}
  local function print(...)
    local shown = {}
    for index = 1, select("#", ...) do shown[index] = sandbox.tostring((select(index, ...))) end
    printed[#printed + 1] = table.concat(shown, "\t")
  end
  local extra = { print = print, pcall = pcall, xpcall = xpcall, words = { a = 1 },
    random = sandbox.random("seed"), secret = function(name)
      return wire.secret { { "", name, "", "", "raw" } }
    end, unknown = wire.unknown, json = require "vocabulary.json" }
  local globals = sandbox.make(wire, extra, install)
  local chunk, message = wire.load(source, "@runbooks/test.lua", globals)
  if not chunk then return wire.send { "ended", printed, message } end
  local strand = coroutine.create(chunk)
  local ok, failure = coroutine.resume(strand)
  if ok and coroutine.status(strand) == "suspended" then
    ok, failure = false, "yielded " .. sandbox.tostring(failure)
  end
  wire.send { "ended", printed, not ok and sandbox.tostring(failure) or nil }
end

-- Executes trusted Lua, which gets `wire` and the message's further elements.
function handlers.trusted(wire, source, ...)
  local chunk = assert(loadstring(source, "=trusted"))
  local results = { pcall(chunk, wire, ...) }
  local last = table.maxn(results)
  for index = 1, last do
    local sendable = wire.check(results[index])
    if not sendable then results[index] = sandbox.tostring(results[index]) end
  end
  wire.send { results[1] and "returned" or "raised", unpack(results, 2, last) }
end

function handlers.echo(wire, ...) wire.send { "echo", ... } end

function handlers.burst(wire, count, text)
  for index = 1, count do wire.send { "burst", index, text } end
end

return function(wire, mode)
  wire.send { "ready", mode }
  while true do
    local message = wire.receive()
    handlers[message[1]](wire, unpack(message, 2, table.maxn(message)))
  end
end
