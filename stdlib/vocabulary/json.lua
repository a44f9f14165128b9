-- JSON text from and to Lua values (RFC 8259).
--
-- JSON's null is Lua's nil: absent in a table made of an object, a gap in one made of an array. An
-- empty table is written as {}; json.empty_list, which only encode understands, as [].
local reader = require "vocabulary.json_reader"
local wire = require "wire"

local M = {}

local depth_max = 100
local indent_max = 16
local find, format, gsub = string.find, string.format, string.gsub
local getmetatable = debug.getmetatable

local empty_list_metatable = {
  __metatable = false,
  __newindex = function()
    error("json.empty_list cannot be changed; make a table of its own.", 2)
  end,
}
M.empty_list = setmetatable({}, empty_list_metatable)

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n",
  ["\r"] = "\\r", ["\t"] = "\\t" }
for byte = 0, 31 do
  local char = string.char(byte)
  escapes[char] = escapes[char] or format("\\u%04x", byte)
end

-- A secret inside a JSON string opens with JSON's escapes; what these encodings give needs none.
local safe_encodings = { base64 = true, url = true, hash = true }

local writers = {}

local function fail(state, reason)
  local path = gsub(table.concat(state.path), "^%.", "")
  error({ reason = (path == "" and "it" or path) .. " " .. reason }, 0)
end

local function write(state, piece)
  state.parts[#state.parts + 1] = piece
end

local function write_value(state, value)
  local writer = writers[type(value)]
  if not writer then fail(state, "is a " .. type(value)) end
  writer(state, value)
end

local function write_new_line(state)
  if state.indent then write(state, "\n" .. (" "):rep(state.indent * state.depth)) end
end

writers["nil"] = function(state) write(state, "null") end

function writers.boolean(state, value) write(state, value and "true" or "false") end

-- The shortest text that reads back as the same number.
function writers.number(state, value)
  if value ~= value then fail(state, "is not a number") end
  if value == math.huge or value == -math.huge then fail(state, "is infinite") end
  if value == 0 then return write(state, 1 / value < 0 and "-0.0" or "0") end
  if value % 1 == 0 and math.abs(value) < 2 ^ 53 then return write(state, format("%d", value)) end
  for digits = 15, 17 do
    local text = format("%." .. digits .. "g", value)
    if tonumber(text) == value then return write(state, text) end
  end
end

function writers.string(state, value)
  if not reader.is_utf8(value) then
    fail(state, "is not UTF-8 text, which JSON needs; encode the bytes first")
  end
  write(state, '"' .. gsub(value, '[%c"\\]', escapes) .. '"')
end

local function write_secret(state, handle)
  write(state, '"')
  for _, piece in ipairs(wire.secret_pieces(handle)) do
    local text, name, provider, version, encoding = unpack(piece)
    if name == "" then
      write(state, (gsub(text, '[%c"\\]', escapes)))
    else
      if encoding == "" or encoding == "raw" then
        encoding = "json"
      elseif not safe_encodings[encoding] and not find(encoding, "^hmac:") then
        fail(state, "is a secret handle that is JSON already")
      end
      state.pieces[#state.pieces + 1] = { table.concat(state.parts), "", "", "", "raw" }
      state.pieces[#state.pieces + 1] = { "", name, provider, version, encoding }
      state.parts = {}
    end
  end
  write(state, '"')
end

function writers.userdata(state, value)
  if wire.is_unknown(value) then
    state.unknown = state.unknown or wire.unknown_source(value)
    write(state, "null")
  elseif wire.is_secret(value) then
    write_secret(state, value)
  else
    fail(state, "is an object of the host")
  end
end

-- True for keys 1..n, false for names; fails for what is neither.
local function is_list(state, keys)
  local last = keys[#keys]
  if type(keys[1]) == "string" and type(last) == "string" then return false end
  for index = 1, #keys do
    if keys[index] ~= index then
      fail(state, "has keys that are neither all names nor 1..n without a gap")
    end
  end
  return true
end

local function write_entries(state, value, keys, listed)
  local base = #state.path
  for index, key in ipairs(keys) do
    if index > 1 then write(state, ",") end
    write_new_line(state)
    if listed then
      state.path[base + 1] = "[" .. key .. "]"
    else
      state.path[base + 1] = "." .. key
      writers.string(state, key)
      write(state, state.indent and ": " or ":")
    end
    write_value(state, rawget(value, key))
    state.path[base + 1] = nil
  end
end

function writers.table(state, value)
  local metatable = getmetatable(value)
  if metatable == empty_list_metatable then return write(state, "[]") end
  if metatable then fail(state, "is a table with a metatable") end
  if state.depth >= depth_max then
    fail(state, "has more than " .. depth_max .. " tables in each other, or holds itself")
  end
  local keys, reason = wire.sorted_keys(value)
  if not keys then fail(state, "cannot be written: " .. reason) end
  if #keys == 0 then return write(state, "{}") end
  local listed = is_list(state, keys)
  write(state, listed and "[" or "{")
  state.depth = state.depth + 1
  write_entries(state, value, keys, listed)
  state.depth = state.depth - 1
  write_new_line(state)
  write(state, listed and "]" or "}")
end

local function read_indent(options)
  if options == nil then return nil end
  local indent = type(options) == "table" and rawget(options, "indent")
  if type(options) ~= "table" or (indent ~= nil and (type(indent) ~= "number" or indent % 1 ~= 0
    or indent < 0 or indent > indent_max)) then
    error(("json.encode's second argument is a table such as { indent = 2 }, from 0 to %d.")
      :format(indent_max), 3)
  end
  return indent
end

---The value as JSON text, its keys sorted; a handle where the value holds a secret handle, which
---then opens with JSON's escapes. Raises for what JSON cannot say: NaN, infinities, functions,
---mixed keys, tables with metatables, bytes that are not UTF-8; the error names the path.
---@param value any
---@param options { indent: integer? }?
---@return string
function M.encode(value, options)
  local state = { parts = {}, pieces = {}, path = {}, depth = 0,
    indent = read_indent(options) }
  local well, failure = pcall(write_value, state, value)
  if not well then
    if type(failure) ~= "table" then error(failure, 0) end
    error("json.encode: " .. failure.reason .. ".", 2)
  end
  if state.unknown then return wire.unknown("JSON of " .. state.unknown) end
  local text = table.concat(state.parts)
  if #state.pieces == 0 then return text end
  state.pieces[#state.pieces + 1] = { text, "", "", "", "raw" }
  return wire.secret(state.pieces)
end

---The value of JSON text. Raises with line and column where it is no JSON.
---@param text string
---@return any
function M.decode(text)
  if wire.is_unknown(text) then return wire.unknown("value in " .. wire.unknown_source(text)) end
  if type(text) ~= "string" then
    error("json.decode needs text, but was given " .. (wire.is_secret(text)
      and "a secret handle: it is opened only in the host." or "a " .. type(text) .. "."), 2)
  end
  local value, problem = reader.read(text)
  if problem then error("json.decode: " .. problem, 2) end
  return value
end

return M
