-- Values as a failed assertion shows them: short, sorted, on one line where they fit.
local M = {}

local depth_max, width_max = 8, 76

local function show_key(key)
  if type(key) == "string" and key:find("^[%a_][%w_]*$") then return key end
  return "[" .. M.show(key) .. "]"
end

local function sorted_keys(value)
  local keys = {}
  for key in next, value do keys[#keys + 1] = key end
  table.sort(keys, function(one, other)
    if type(one) == type(other) and type(one) ~= "boolean" and type(one) ~= "table" then
      return one < other
    end
    return type(one) < type(other)
  end)
  return keys
end

local function show_table(value, depth, indent)
  if depth > depth_max then return "{ … }" end
  local parts, count = {}, #value
  for index = 1, count do parts[index] = M.show(value[index], depth + 1, indent .. "  ") end
  for _, key in ipairs(sorted_keys(value)) do
    local listed = type(key) == "number" and key >= 1 and key <= count and key % 1 == 0
    if not listed then
      parts[#parts + 1] = show_key(key) .. " = " .. M.show(value[key], depth + 1, indent .. "  ")
    end
  end
  if #parts == 0 then return "{}" end
  local line = "{ " .. table.concat(parts, ", ") .. " }"
  if #line + #indent <= width_max and not line:find("\n") then return line end
  return "{\n" .. indent .. "  " .. table.concat(parts, ",\n" .. indent .. "  ") .. "\n" .. indent
    .. "}"
end

---A value as Lua would write it.
function M.show(value, depth, indent)
  if type(value) == "string" then
    return (("%q"):format(value):gsub("\\\n", "\\n"):gsub("\r", "\\r"):gsub("%z", "\\0"))
  end
  if type(value) == "number" then return ("%.14g"):format(value) end
  if type(value) == "table" and getmetatable(value) == nil then
    return show_table(value, depth or 1, indent or "")
  end
  return tostring(value)
end

return M
