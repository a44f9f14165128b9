-- The globals of a script: the harmless part of Lua, the vocabulary's words, and nothing else.
local coroutines = require "vocabulary.sandbox_coroutines"
local random = require "vocabulary.sandbox_random"
local suggest = require "vocabulary.suggest"
local tables = require "vocabulary.sandbox_tables"
local text = require "vocabulary.sandbox_text"

local M = {
  random = random.make,
  read_only = tables.read_only,
  tostring = text.tostring,
  coroutine_depth = coroutines.depth,
  abandon = coroutines.abandon,
}

-- What a script may look for in vain, and what it has instead.
local absent = {
  io = "Files are reached by operations, such as those of storage.",
  os = "The time is now() and date(), programs are the family process.",
  debug = "Nothing stands in for it.",
  ffi = "Nothing stands in for it.",
  jit = "Nothing stands in for it.",
  package = "Modules of the library are loaded with require.",
  load = "Code comes from the library's files only, by require.",
  loadstring = "Code comes from the library's files only, by require.",
  loadfile = "Code comes from the library's files only, by require.",
  dofile = "Code comes from the library's files only, by require.",
  getfenv = "A function's globals cannot be changed.",
  setfenv = "A function's globals cannot be changed.",
  _G = "Globals cannot be reached as a table; write the name itself.",
  newproxy = "Nothing stands in for it.",
  collectgarbage = "Memory is collected by itself.",
  print = "A line for the screen and the report is written with log.",
}

local math_names = { "abs", "acos", "asin", "atan", "atan2", "ceil", "cos", "cosh", "deg", "exp",
  "floor", "fmod", "frexp", "huge", "ldexp", "log", "log10", "max", "min", "modf", "pi", "pow",
  "rad", "sin", "sinh", "sqrt", "tan", "tanh" }
local bit_names = { "arshift", "band", "bnot", "bor", "bswap", "bxor", "lshift", "rol", "ror",
  "rshift", "tobit", "tohex" }

local function pick(library, names)
  local picked = {}
  for _, name in ipairs(names) do picked[name] = library[name] end
  return picked
end

local function make_libraries()
  return {
    string = text.library(), table = tables.library(), coroutine = coroutines.library(),
    math = pick(math, math_names), bit = pick(bit, bit_names),
  }
end

local function refuse_reading(names)
  return function(_, name)
    local shown = text.tostring(name)
    local hint = absent[name]
    if hint then error(("%s is not part of the language. %s"):format(shown, hint), 2) end
    local known = {}
    for known_name in next, names do known[#known + 1] = known_name end
    table.sort(known)
    error(("%s is not defined: there is no local variable and no word of that name.%s")
      :format(shown, suggest.did_you_mean(shown, known)), 2)
  end
end

local function refuse_writing(_, name)
  error(("Assignment to the global %s: write \"local %s\" before its first use. Globals are "
    .. "refused because branches would share them."):format(text.tostring(name),
    text.tostring(name)), 2)
end

-- Puts words over what is there: a library's own entries into it, plain tables as read-only ones.
local function add_words(names, libraries, words)
  for name, word in next, words do
    if libraries[name] and type(word) == "table" then
      for entry, value in next, word do libraries[name][entry] = value end
    elseif type(word) == "table" and not debug.getmetatable(word) then
      names[name] = tables.read_only(word)
    else
      names[name] = word
    end
  end
end

---Makes fresh globals for scripts, as a table for wire.load.
---
---`extra` has the words to add; a table under a library's name is added to that library, and any
---other plain table becomes read-only. `extra.random` is math.random too. `install(wire, globals)`
---may return, in the same form, what is to stand in place of what was made.
---
---The string methods of the whole process become those of the globals made last.
---@param wire table
---@param extra table<string, any>?
---@param install (fun(wire: table, globals: table): table<string, any>)?
---@return table globals
function M.make(wire, extra, install)
  local libraries = make_libraries()
  local names = tables.functions()
  for name, value in next, { assert = assert, error = error, ipairs = ipairs, select = select,
    tonumber = tonumber, tostring = text.tostring, type = type, _VERSION = _VERSION } do
    names[name] = value
  end
  for name, library in next, libraries do names[name] = tables.read_only(library) end
  names.__hit = wire.hit  -- Only where a simulator counts what is executed.
  add_words(names, libraries, extra or {})
  if type(extra) == "table" and type(extra.random) == "function" then
    libraries.math.random = extra.random
  end
  setmetatable(names, { __index = refuse_reading(names) })
  local globals = setmetatable({}, {
    __index = names, __newindex = refuse_writing, __metatable = false,
  })
  if install then add_words(names, libraries, install(wire, globals)) end
  local string_metatable = debug.getmetatable("")
  string_metatable.__index = libraries.string
  string_metatable.__metatable = false
  return globals
end

return M
