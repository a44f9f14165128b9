-- Checks the option tables of the vocabulary: unknown names refused with a suggestion, types shown.
local errors = require "vocabulary.errors"
local scheduler = require "vocabulary.scheduler"
local suggest = require "vocabulary.suggest"
local units = require "vocabulary.units"

local M = {}

local function describe(value)
  if type(value) == "string" then return ("%q"):format(value:sub(1, 60)) end
  if type(value) == "number" or type(value) == "boolean" then return tostring(value) end
  return "a " .. type(value)
end

local function wrong(what, expected, value, at)
  errors.raise("bad_argument",
    ("%s must be %s, but it is %s."):format(what, expected, describe(value)), "never", at)
end

local readers = {
  duration = function(value, what, at)
    local seconds, problem = units.read_duration(value)
    if not seconds then wrong(what, problem, value, at) end
    return seconds
  end,
  count = function(value, what, at)
    if type(value) ~= "number" or value < 0 or value > 1000 or value % 1 ~= 0 then
      wrong(what, "a whole number from 0 to 1000", value, at)
    end
    return value
  end,
  text = function(value, what, at)
    if type(value) ~= "string" then wrong(what, "text", value, at) end
    return value
  end,
  boolean = function(value, what, at)
    if type(value) ~= "boolean" then wrong(what, "true or false", value, at) end
    return value
  end,
  ["function"] = function(value, what, at)
    if type(value) ~= "function" then wrong(what, "a function", value, at) end
    return value
  end,
  undo = function(value, what, at)
    if value ~= false and type(value) ~= "function" then
      wrong(what, "a function, or false for what is meant to stay", value, at)
    end
    return value
  end,
  any = function(value) return value end,
}

local function known_names(allowed)
  local names = {}
  for name in pairs(allowed) do names[#names + 1] = name end
  table.sort(names)
  return names
end

---Returns a checked copy of `given`: `allowed` maps each name to a reader's name or to a list of
---the texts it may be. `of` names the call in errors: 'step "Promote"'.
function M.read(given, allowed, of, at)
  scheduler.check(given)
  if given == nil then return {} end
  if type(given) ~= "table" then
    wrong("the options of " .. of, "a table of named options", given, at)
  end
  if debug.getmetatable(given) then
    wrong("the options of " .. of, "a plain table, without a metatable", given, at)
  end
  local copy = {}
  for name, value in next, given do
    local kind = type(name) == "string" and allowed[name]
    if not kind then
      errors.raise("bad_argument", ("%s has no option %s.%s Known: %s."):format(of,
        describe(name), suggest.did_you_mean(tostring(name), known_names(allowed)),
        table.concat(known_names(allowed), ", ")), "never", at)
    end
    -- A plan shows a text of which only the run will know a part.
    local unknown = scheduler.planning and kind == "text" and scheduler.is_unknown(value)
    if not unknown then scheduler.check(value) end
    local what = ("the option %s of %s"):format(name, of)
    if unknown then
      copy[name] = value
    elseif type(kind) == "table" then
      local found = false
      for _, choice in ipairs(kind) do found = found or choice == value end
      if not found then
        wrong(what, "one of \"" .. table.concat(kind, "\", \"") .. "\"", value, at)
      end
      copy[name] = value
    else
      copy[name] = readers[kind](value, what, at)
    end
  end
  return copy
end

---Checks a name people will see: text of 1 to 200 bytes without control bytes.
function M.name(value, of, at)
  scheduler.check(value)
  if type(value) ~= "string" then wrong("the name of " .. of, "text", value, at) end
  if value == "" or #value > 200 or value:find("%c") then
    errors.raise("bad_argument", ("the name of %s must have 1 to 200 bytes and no control "
      .. "bytes, but it has %d bytes."):format(of, #value), "never", at)
  end
  return value
end

return M
