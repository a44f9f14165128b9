-- The script's `tostring` and string library: no addresses, no bytecode, no giant texts.
local guard = require "vocabulary.sandbox_guard"
local wire = require "wire"

local M = {}

local text_bytes_max = 16 * 1024 * 1024
local stock = {
  find = string.find, format = string.format, gsub = string.gsub, rep = string.rep,
  tostring = tostring,
}
local getmetatable = debug.getmetatable

---What a script sees of a value. A table is "table", a function "function": their addresses would
---differ from run to run.
---@return string
function M.tostring(value)
  local kind = type(value)
  if kind == "table" then
    local metatable = getmetatable(value)
    local show = metatable and rawget(metatable, "__tostring")
    if show == nil then return "table" end
    local text = show(value)
    if type(text) ~= "string" then error("'__tostring' must return a string", 2) end
    return text
  end
  if kind == "function" or kind == "thread" then return kind end
  return stock.tostring(value)
end

-- Trusted code shows scripts' values to people too.
rawset(_G, "tostring", M.tostring)

local function refuse_addresses(pattern)
  if type(pattern) == "string" and stock.find(pattern, "p", 1, true) then
    local plain = stock.gsub(pattern, "%%%%", "")
    return stock.find(plain, "%%[-+ #0-9.]*p") ~= nil
  end
end

local function format_shown(pattern, count, ...)
  local shown = { ... }
  for index = 1, count do
    local value = shown[index]
    local kind = type(value)
    if kind == "table" or kind == "function" or kind == "thread" or kind == "userdata" then
      shown[index] = M.tostring(value)
    end
  end
  return stock.format(pattern, unpack(shown, 1, count))
end

-- Stock `%s` prints addresses past a replaced tostring, and `%p` does nothing else.
local function format(pattern, ...)
  local count = select("#", ...)
  local plain = true
  for index = 1, count do
    local value = select(index, ...)
    local kind = type(value)
    if kind == "userdata" and wire.is_secret(value) then
      error(("string.format cannot open %s; join handles with .. instead.")
        :format(M.tostring(value)), 2)
    end
    plain = plain and (kind == "string" or kind == "number" or kind == "boolean" or kind == "nil")
  end
  if refuse_addresses(pattern) then
    error("string.format has no %p here: addresses differ from run to run.", 2)
  end
  if plain then return stock.format(pattern, ...) end
  return format_shown(pattern, count, ...)
end

local function rep(text, count, separator)
  local times = tonumber(count)
  local kind = type(text)
  if times and (kind == "string" or kind == "number") then
    local gap = type(separator) == "string" and #separator or 0
    local unit = #stock.tostring(text) + gap
    if unit == 0 then return "" end
    local bytes = unit * times
    if bytes > text_bytes_max then
      error(("string.rep would make a text of %.0f bytes; at most %d are allowed.")
        :format(bytes, text_bytes_max), 2)
    end
  end
  return stock.rep(text, count, separator)
end

local function gsub(text, pattern, replacement, ...)
  local kind = type(replacement)
  if kind == "function" or kind == "table" then
    return guard.call("gsub", stock.gsub, text, pattern, replacement, ...)
  end
  return stock.gsub(text, pattern, replacement, ...)
end

---A fresh string library.
function M.library()
  return {
    byte = string.byte, char = string.char, find = string.find, format = format,
    gmatch = string.gmatch, gsub = gsub, len = string.len, lower = string.lower,
    match = string.match, rep = rep, reverse = string.reverse, sub = string.sub,
    upper = string.upper,
  }
end

return M
