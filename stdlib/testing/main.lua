-- The program of a test file: loads it, tells what tests it holds, executes those it is asked for.
local assertions = require "testing.assertions"
local errors = require "vocabulary.errors"
local explore = require "testing.explore"
local json = require "vocabulary.json"
local modules = require "vocabulary.modules"
local sandbox = require "vocabulary.sandbox"
local scheduler = require "vocabulary.scheduler"
local serve = require "vocabulary.serve"
local suite = require "testing.suite"
local units = require "vocabulary.units"
local world = require "testing.world"

local wire
local handlers = {}

local function measure(read, word)
  return function(value)
    local number, expected = read(value)
    if not number then error(word .. " needs " .. expected .. ".", 2) end
    return number
  end
end

local function words()
  local all = suite.words()
  all.assert, all.world = assertions.assert, world.make
  all.duration = measure(units.read_duration, "duration")
  all.size = measure(units.read_size, "size")
  all.date = function(format, at) return units.date(format or "%Y-%m-%dT%H:%M:%SZ", at) end
  all.json, all.require, all.try = json, modules.require, function(body)
    local results = { pcall(body) }
    if results[1] then return unpack(results, 1, table.maxn(results)) end
    return false, errors.from(results[2])
  end
  all.explore = explore.declare
  all.explored = function(path, code)
    local one = explore.declared(modules.load(path))
    return explore.execute(one, explore.prepare(one), code).violated
  end
  all.pcall, all.xpcall = pcall, xpcall
  all.random = sandbox.random("tests")
  return all
end

function handlers.module(_, path, text, problem)
  modules.texts[path] = text or nil
  modules.problems[path] = problem
end

function handlers.load(_, path)
  scheduler.start(wire)
  world.start(wire)
  modules.start(wire, sandbox.make(wire, words()))
  suite.start(path)
  local ok, problem = pcall(modules.load, path)
  if ok then
    wire.send { "tests", suite.list() }
  else
    wire.send { "load_failed", tostring(errors.from(problem)) }
  end
end

function handlers.test(_, index)
  wire.send { "result", suite.execute(index, world) }
end

local exploration

function handlers.explore(_, path)
  scheduler.start(wire)
  world.start(wire)
  modules.start(wire, sandbox.make(wire, words()))
  suite.start(path)
  local ok, value = pcall(function() return explore.declared(modules.load(path)) end)
  if not ok then return wire.send { "load_failed", tostring(errors.from(value)) } end
  exploration = value
  wire.send { "exploration", { runbook = value.runbook } }
end

local prepared

function handlers.prepare()
  local ok, made = pcall(explore.prepare, exploration)
  prepared = ok and made or nil
  wire.send(ok and { "prepared" } or { "load_failed", tostring(errors.from(made)) })
end

local function execute_schedule(code, tells)
  local ok, told = pcall(explore.execute, exploration, prepared, code, tells)
  if ok then return wire.send { "explored", told } end
  wire.send { "load_failed", tostring(errors.from(told)) }
end

function handlers.schedule(_, code) execute_schedule(code) end

function handlers.replay(_, code) execute_schedule(code, "always") end

function handlers.finish()
  wire.send { "finished", suite.finish() }
end

return function(with_wire)
  wire = with_wire
  serve(wire, handlers)
end
