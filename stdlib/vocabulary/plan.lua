-- What differs while planning: values that only the run will know end a strand's plan at the first
-- branch on them, and conditions that rest on them are assumed.
local scheduler = require "vocabulary.scheduler"

local M = {}

-- What gives an unknown where it is given one.
local passed_on = {
  math = { "abs", "acos", "asin", "atan", "atan2", "ceil", "cos", "cosh", "deg", "exp", "floor",
    "fmod", "frexp", "ldexp", "log", "log10", "max", "min", "modf", "pow", "rad", "sin", "sinh",
    "sqrt", "tan", "tanh" },
  string = { "byte", "char", "find", "format", "gsub", "len", "lower", "match", "rep", "reverse",
    "sub", "upper" },
  bit = { "arshift", "band", "bnot", "bor", "bswap", "bxor", "lshift", "rol", "ror", "rshift",
    "tobit", "tohex" },
}
-- What chooses by its first argument.
local chosen_by = { "type", "tonumber", "pairs", "ipairs", "next", "unpack", "assert", "select",
  "error" }

-- Gives the first unknown among the arguments.
local function any_unknown(...)
  for index = 1, select("#", ...) do
    local value = select(index, ...)
    if scheduler.is_unknown(value) then return value end
  end
end

-- An unknown among the list's own items, which a library's function would look at unseen.
local function unknown_item(list)
  return type(list) == "table" and any_unknown(unpack(list, 1, table.maxn(list))) or nil
end

-- A format's text as far as it is known, for people: "…" stands for what only the run will know.
local function filled(wire, raw, template, ...)
  local index, arguments = 0, { ... }
  return (raw.gsub(template, "%%([-+ #%d.]*)([%a%%])", function(flags, kind)
    if kind == "%" then return "%" end
    index = index + 1
    local value = arguments[index]
    if scheduler.is_unknown(value) then
      return raw.match(wire.unknown_source(value), "^\"([^\"]*)\"$") or "…"
    elseif type(value) ~= "string" and type(value) ~= "number" then
      return "…"
    end
    local well, text = pcall(raw.format, "%" .. flags .. kind, value)
    return well and text or "…"
  end))
end

---The plan's versions of what looks into values: most give an unknown where they are given one, and
---what would choose by it ends the strand's plan.
function M.install(wire, globals)
  local function passing(name, original)
    return function(...)
      local unknown = any_unknown(...)
      if unknown then return wire.unknown(name .. " of " .. wire.unknown_source(unknown)) end
      return original(...)
    end
  end
  local function ending(original)
    return function(...)
      scheduler.check(any_unknown(...))
      return original(...)
    end
  end
  local replaced = { tostring = passing("tostring", globals.tostring), table = {} }
  for library, names in pairs(passed_on) do
    replaced[library] = {}
    for _, name in ipairs(names) do
      replaced[library][name] = passing(name, globals[library][name])
    end
  end
  replaced.string.gmatch = ending(globals.string.gmatch)
  -- What people read says what it can: what a text would be, and not how it would be made.
  local raw = { gsub = globals.string.gsub, format = globals.string.format,
    match = globals.string.match }
  function replaced.string.format(template, ...)
    if scheduler.is_unknown(template) or not any_unknown(...) then
      return passing("format", raw.format)(template, ...)
    end
    return wire.unknown(("\"%s\""):format(filled(wire, raw, template, ...)))
  end
  function replaced.string.gsub(text, ...)
    if scheduler.is_unknown(text) then return text end
    return passing("gsub", raw.gsub)(text, ...)
  end
  for _, name in ipairs(chosen_by) do
    local original = globals[name]
    replaced[name] = function(value, ...) return original(scheduler.check(value), ...) end
  end
  replaced.rawequal = ending(globals.rawequal)
  -- The originals are taken now: later `globals` holds what replaces them.
  local concat, sort = globals.table.concat, globals.table.sort
  function replaced.table.concat(list, ...)
    local unknown = scheduler.is_unknown(list) and list or unknown_item(list)
    if unknown then return wire.unknown("text with " .. wire.unknown_source(unknown)) end
    return concat(list, ...)
  end
  for _, name in ipairs { "insert", "remove", "getn", "maxn" } do
    local original = globals.table[name]
    replaced.table[name] = function(list, ...) return original(scheduler.check(list), ...) end
  end
  function replaced.table.sort(list, ...)
    scheduler.check(scheduler.is_unknown(list) and list or unknown_item(list))
    return sort(list, ...)
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
