-- What differs while planning: values that only the run will know end a strand's plan at the first
-- branch on them, and conditions that rest on them are assumed.
local scheduler = require "vocabulary.scheduler"

local M = {}

local function any_unknown(...)
  for index = 1, select("#", ...) do
    local value = select(index, ...)
    if scheduler.is_unknown(value) then return value end
  end
end

---Installs the plan's versions of what looks into values, in place, into a script's globals.
function M.install(wire, globals)
  local function passing(library, name)
    local original = library[name]
    return function(...)
      local unknown = any_unknown(...)
      if unknown then return wire.unknown(name .. " of " .. wire.unknown_source(unknown)) end
      return original(...)
    end
  end
  local function ending(original)
    return function(value, ...)
      return original(scheduler.check(value), ...)
    end
  end
  local replaced = { math = {}, string = {} }
  for _, name in ipairs { "abs", "ceil", "floor", "max", "min", "fmod", "sqrt", "pow" } do
    replaced.math[name] = passing(globals.math, name)
  end
  for _, name in ipairs { "format", "lower", "upper", "rep", "sub", "gsub", "match", "find",
    "len", "byte", "reverse" } do
    replaced.string[name] = passing(globals.string, name)
  end
  for _, name in ipairs { "type", "tonumber", "pairs", "ipairs", "next", "unpack" } do
    replaced[name] = ending(globals[name])
  end
  replaced.__check = scheduler.check
  return replaced
end

---Gives the scheduler what plans need: `check`, `assume`, `is_unknown`.
function M.start(wire, planning)
  scheduler.planning = planning
  scheduler.is_unknown = wire.is_unknown
  if not planning then
    scheduler.check = function(value) return value end
    scheduler.assume = function() end
    return
  end
  scheduler.check = function(value)
    if wire.is_unknown(value) then scheduler.horizon(wire.unknown_source(value)) end
    return value
  end
  scheduler.assume = function(what)
    local strand = scheduler.current()
    scheduler.emit(strand, "assume", "assume", "", { what = what })
    return wire.unknown(what)
  end
end

return M
