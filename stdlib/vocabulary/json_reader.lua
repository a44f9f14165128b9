-- Reads JSON text strictly (RFC 8259) and says where it is none.
local M = {}

local depth_max = 100
local byte, char, find, match, sub = string.byte, string.char, string.find, string.match, string.sub

local blanks = "^[ \n\r\t]*()"
local replacement = "\239\191\189"  -- U+FFFD, for half of a surrogate pair.
local short_escapes = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"',
  ["\\"] = "\\", ["/"] = "/" }

-- What may follow a lead byte (RFC 3629, 4): continuation bytes, and the first one's range.
local function sequence(lead)
  if lead >= 0xc2 and lead <= 0xdf then return 1, 0x80, 0xbf end
  if lead == 0xe0 then return 2, 0xa0, 0xbf end
  if lead == 0xed then return 2, 0x80, 0x9f end
  if lead >= 0xe1 and lead <= 0xef then return 2, 0x80, 0xbf end
  if lead == 0xf0 then return 3, 0x90, 0xbf end
  if lead >= 0xf1 and lead <= 0xf3 then return 3, 0x80, 0xbf end
  if lead == 0xf4 then return 3, 0x80, 0x8f end
end

---@param text string
---@return boolean
function M.is_utf8(text)
  local at = find(text, "[\128-\255]")
  while at do
    local count, low, high = sequence(byte(text, at))
    local first = count and byte(text, at + 1)
    if not first or first < low or first > high then return false end
    for offset = 2, count do
      local following = byte(text, at + offset)
      if not following or following < 0x80 or following > 0xbf then return false end
    end
    at = find(text, "[\128-\255]", at + count + 1)
  end
  return true
end

local function fail(at, message)
  error({ at = at, message = message }, 0)
end

local function found_at(text, at)
  local found = sub(text, at, at)
  if found == "" then return "the end of the text" end
  if find(found, "^[%w%p]$") then return "\"" .. found .. "\"" end
  return ("the byte 0x%02x"):format(byte(found))
end

local function utf8_of(point)
  if point < 0x80 then return char(point) end
  if point < 0x800 then return char(0xc0 + math.floor(point / 0x40), 0x80 + point % 0x40) end
  if point < 0x10000 then
    return char(0xe0 + math.floor(point / 0x1000), 0x80 + math.floor(point / 0x40) % 0x40,
      0x80 + point % 0x40)
  end
  return char(0xf0 + math.floor(point / 0x40000), 0x80 + math.floor(point / 0x1000) % 0x40,
    0x80 + math.floor(point / 0x40) % 0x40, 0x80 + point % 0x40)
end

-- The text of \uXXXX with its backslash at `at`, and where what follows begins.
local function read_code_point(text, at)
  local digits = match(text, "^\\u(%x%x%x%x)", at)
  if not digits then fail(at, "\\u needs four hexadecimal digits") end
  local point = tonumber(digits, 16)
  if point < 0xd800 or point > 0xdfff then return utf8_of(point), at + 6 end
  local low = point < 0xdc00 and tonumber(match(text, "^\\u(%x%x%x%x)", at + 6) or "", 16)
  if not low or low < 0xdc00 or low > 0xdfff then return replacement, at + 6 end
  return utf8_of(0x10000 + (point - 0xd800) * 0x400 + low - 0xdc00), at + 12
end

-- `at` is just past the opening quote.
local function read_string(text, at)
  local stop = find(text, '["\\%c]', at)
  if stop and byte(text, stop) == 34 then return sub(text, at, stop - 1), stop + 1 end
  local parts, begin = {}, at
  while stop do
    local found = sub(text, stop, stop)
    if found == '"' then
      parts[#parts + 1] = sub(text, begin, stop - 1)
      return table.concat(parts), stop + 1
    elseif found == "\\" then
      parts[#parts + 1] = sub(text, begin, stop - 1)
      local escape = sub(text, stop + 1, stop + 1)
      if escape == "u" then
        parts[#parts + 1], begin = read_code_point(text, stop)
      elseif short_escapes[escape] then
        parts[#parts + 1], begin = short_escapes[escape], stop + 2
      else
        fail(stop, "a backslash is followed by " .. found_at(text, stop + 1))
      end
      stop = find(text, '["\\%c]', begin)
    elseif found == "\127" then
      stop = find(text, '["\\%c]', stop + 1)
    else
      fail(stop, "a string holds " .. found_at(text, stop) .. ", which must be escaped")
    end
  end
  fail(at - 1, "a string never ends")
end

local function read_number(text, at)
  local whole = match(text, "^-?%d+()", at)
  local begin = whole and match(text, "^-?()", at)
  if not whole or (byte(text, begin) == 48 and whole > begin + 1) then
    fail(at, "a number is malformed")
  end
  local stop = whole
  if sub(text, stop, stop) == "." then
    stop = match(text, "^%.%d+()", stop) or fail(at, "a number is malformed")
  end
  if find(text, "^[eE]", stop) then
    stop = match(text, "^[eE][+-]?%d+()", stop) or fail(at, "a number is malformed")
  end
  local number = tonumber(sub(text, at, stop - 1))
  if number == math.huge or number == -math.huge then fail(at, "a number is too large") end
  return number, stop
end

local read_value

local function read_list(text, at, depth)
  local list, count = {}, 0
  at = match(text, blanks, at)
  if byte(text, at) == 93 then return list, at + 1 end
  while true do
    count = count + 1
    list[count], at = read_value(text, at, depth)
    at = match(text, blanks, at)
    local found = byte(text, at)
    if found == 93 then return list, at + 1 end
    if found ~= 44 then fail(at, "expected \",\" or \"]\", found " .. found_at(text, at)) end
    at = match(text, blanks, at + 1)
  end
end

local function read_object(text, at, depth)
  local object = {}
  at = match(text, blanks, at)
  if byte(text, at) == 125 then return object, at + 1 end
  while true do
    if byte(text, at) ~= 34 then
      fail(at, "expected a name in quotes, found " .. found_at(text, at))
    end
    local name
    name, at = read_string(text, at + 1)
    at = match(text, blanks, at)
    if byte(text, at) ~= 58 then fail(at, "expected \":\", found " .. found_at(text, at)) end
    object[name], at = read_value(text, match(text, blanks, at + 1), depth)
    at = match(text, blanks, at)
    local found = byte(text, at)
    if found == 125 then return object, at + 1 end
    if found ~= 44 then fail(at, "expected \",\" or \"}\", found " .. found_at(text, at)) end
    at = match(text, blanks, at + 1)
  end
end

local words = { ["true"] = true, ["false"] = false }

function read_value(text, at, depth)
  local first = byte(text, at)
  if first == 34 then return read_string(text, at + 1) end
  if first == 123 or first == 91 then
    if depth >= depth_max then fail(at, "nested more than " .. depth_max .. " deep") end
    if first == 123 then return read_object(text, at + 1, depth + 1) end
    return read_list(text, at + 1, depth + 1)
  end
  local word = match(text, "^%a+", at)
  if word == "null" then return nil, at + 4 end
  if words[word] ~= nil then return words[word], at + #word end
  if first and find(text, "^[-%d]", at) then return read_number(text, at) end
  fail(at, "expected a value, found " .. found_at(text, at))
end

local function read_whole(text)
  local value, at = read_value(text, match(text, blanks), 0)
  at = match(text, blanks, at)
  if at <= #text then fail(at, "expected the end of the text, found " .. found_at(text, at)) end
  return value
end

local function place(text, at)
  local line, begin = 1, 1
  for after in text:sub(1, at - 1):gmatch("\n()") do line, begin = line + 1, after end
  return ("line %d, column %d"):format(line, at - begin + 1)
end

---The value of a JSON text, or nil and what is wrong with it.
---@param text string
---@return any value
---@return string? problem
function M.read(text)
  local well, value = pcall(read_whole, text)
  if well then return value end
  if type(value) ~= "table" then error(value, 0) end
  return nil, place(text, value.at) .. ": " .. value.message .. "."
end

return M
