-- JSON text of plain tables. A table with a first item, or made by `list`, is an array.
local M = {}

local is_list = {}

---An array, also where it is empty.
function M.list(items) return setmetatable(items, is_list) end

local function quoted(text)
  return '"' .. text:gsub('[%z\1-\31"\\]', function(byte)
    return ("\\u%04x"):format(byte:byte())
  end) .. '"'
end

function M.encode(value)
  if type(value) == "string" then return quoted(value) end
  if type(value) ~= "table" then return tostring(value) end
  local parts = {}
  if value[1] ~= nil or getmetatable(value) == is_list then
    for index, one in ipairs(value) do parts[index] = M.encode(one) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for key, one in pairs(value) do parts[#parts + 1] = quoted(key) .. ":" .. M.encode(one) end
  return "{" .. table.concat(parts, ",") .. "}"
end

return M
