-- Reads the options table of a pattern: what is unknown, missing or of the wrong kind is an error.
local M = {}

local function describe(value)
  if type(value) == "string" then return ("\"%s\""):format(value:sub(1, 60)) end
  if type(value) == "table" and getmetatable(value) == "target" then return tostring(value) end
  if type(value) == "number" or type(value) == "boolean" then return tostring(value) end
  return "a " .. type(value)
end

local function is_target(value)
  return type(value) == "table" and getmetatable(value) == "target"
end

-- A text that is not empty, or, in a plan, one of which only the run will know a part: to compare
-- it would end the plan there, so it is only handed on. Numbers have no fields, tables no bytes.
local function is_text(value)
  return (pcall(function() return value.len, math.abs(string.byte(value, 1)) end))
end

-- Each gives the value as the pattern uses it, or nil and what was expected.
local kinds = {
  text = function(value)
    if is_text(value) then return value end
    return nil, "a text"
  end,
  number = function(value)
    if type(value) == "number" then return value end
    return nil, "a number"
  end,
  count = function(value)
    if type(value) == "number" and value >= 0 and value % 1 == 0 then return value end
    return nil, "a whole number, 0 or more"
  end,
  duration = function(value)
    local read, seconds = pcall(duration, value)
    if read then return seconds end
    return nil, "a length of time, such as \"5m\" or 300"
  end,
  ["function"] = function(value)
    if type(value) == "function" then return value end
    return nil, "a function"
  end,
  target = function(value)
    if is_target(value) then return value end
    return nil, "a target, such as dns(\"site\")"
  end,
  list = function(value)
    if type(value) == "table" and not is_target(value) and (next(value) == nil or #value > 0) then
      return value
    end
    return nil, "a list"
  end,
  table = function(value)
    if type(value) == "table" and not is_target(value) then return value end
    return nil, "a table"
  end,
  boolean = function(value)
    if type(value) == "boolean" then return value end
    return nil, "true or false"
  end,
  any = function(value) return value end,
}

local function sorted_names(shape)
  local names = {}
  for name in pairs(shape) do names[#names + 1] = name end
  table.sort(names)
  return table.concat(names, ", ")
end

local function is_choice(value, choices)
  for _, choice in ipairs(choices) do
    if choice == value then return true end
  end
  return false
end

local function read_one(value, rule, what, level)
  if rule.one_of then
    if is_choice(value, rule.one_of) then return value end
    error(("%s must be one of \"%s\", but it is %s."):format(what,
      table.concat(rule.one_of, "\", \""), describe(value)), level + 1)
  end
  local reader = kinds[rule[1]]
  if not reader then error(("The shape of %s has no kind."):format(what), level + 1) end
  local read, expected = reader(value)
  if expected then
    error(("%s must be %s, but it is %s."):format(what, expected, describe(value)), level + 1)
  end
  return read
end

---Returns a checked copy of `given`, defaults filled in and durations in seconds.
---
---`shape` maps each option's name to { KIND, required = true, default = VALUE } with a KIND of
---text, number, count, duration, function, target, list, table, boolean or any; or to
---{ one_of = { … } }. Raises, at the line that called the pattern, for the first option (by name)
---that is unknown, missing or of another kind; the message names the pattern and the option.
---@param given table?
---@param shape table<string, table>
---@param of string The pattern as its user wrote it, such as "health.wait".
---@param level integer? How far up the stack its user is; 3 unless said otherwise.
---@return table
function M.read(given, shape, of, level)
  level = level or 3
  if given == nil then given = {} end
  if type(given) ~= "table" or is_target(given) then
    error(("%s needs a table of named options, but got %s."):format(of, describe(given)), level)
  end
  local is_given = {}
  for name in pairs(given) do
    is_given[name] = true
    if not shape[name] then
      error(("%s has no option %s. It has: %s."):format(of, tostring(name), sorted_names(shape)),
        level)
    end
  end
  local read = {}
  for name, rule in pairs(shape) do
    local what = ("The option %s of %s"):format(name, of)
    if is_given[name] then
      read[name] = read_one(given[name], rule, what, level)
    elseif rule.default ~= nil then
      read[name] = read_one(rule.default, rule, what, level)
    elseif rule.required then
      error(("%s needs the option %s. It has: %s."):format(of, name, sorted_names(shape)), level)
    end
  end
  return read
end

---Whether an option is given, also where in a plan nobody knows its value yet.
function M.gives(given, name)
  for one in pairs(given or {}) do
    if one == name then return true end
  end
  return false
end

---Reads each item of a list of tables by one shape; messages name the item by its place.
function M.read_each(list, shape, of, level)
  level = level or 3
  if type(list) ~= "table" or is_target(list) then
    error(("%s needs a list, but got %s."):format(of, describe(list)), level)
  end
  local read = {}
  for place, item in ipairs(list) do
    read[place] = M.read(item, shape, ("item %d of %s"):format(place, of), level + 1)
  end
  return read
end

---Raises unless `value` is a target's handle, of `family` where that is given.
function M.target(value, family, of, level)
  if not is_target(value) or family and not tostring(value):find("^" .. family .. "/") then
    error(("%s needs a target%s, but got %s."):format(of, family and " of the family " .. family
      or "", describe(value)), level or 3)
  end
  return value
end

---Raises an error of a pattern itself: { code, message, retry }.
function M.fail(code, message, retry)
  error({ code = code, message = message, retry = retry or "safe" }, 0)
end

return M
