-- assert and its words, as luassert has them: what was expected, what was found, and where.
local place = require "testing.place"
local show = require "testing.show"
local suggest = require "vocabulary.suggest"

local M = {}

local function same(one, other)
  if one == other then return true end
  if type(one) ~= "table" or type(other) ~= "table" then return false end
  if getmetatable(one) ~= nil or getmetatable(other) ~= nil then return false end
  for key, value in next, one do
    if not same(value, other[key]) then return false end
  end
  for key in next, other do
    if one[key] == nil then return false end
  end
  return true
end

local function is_callable(value)
  return type(value) == "function"
end

-- The message of what `body` raises; whether it raised.
local function raised_by(body)
  local ok, raised = pcall(body)
  if ok then return false end
  return true, raised
end

local function contains(found, wanted)
  if type(found) == "string" then return found:find(wanted, 1, true) ~= nil end
  if type(found) ~= "table" then return false end
  for _, value in next, found do
    if same(value, wanted) then return true end
  end
  return false
end

-- Each word: how many arguments it needs, and what it checks. It returns whether it holds, what
-- was expected, what was found. `expected` says so also for the opposite.
local words = {}

function words.equal(wanted, found) return wanted == found, show.show(wanted), show.show(found) end
function words.same(wanted, found)
  return same(wanted, found), show.show(wanted), show.show(found)
end
function words.is_true(found) return found == true, "true", show.show(found) end
function words.is_false(found) return found == false, "false", show.show(found) end
function words.is_nil(found) return found == nil, "nil", show.show(found) end
function words.truthy(found) return not not found, "a value that is not false", show.show(found) end
function words.falsy(found) return not found, "false or nil", show.show(found) end
function words.matches(pattern, found)
  return type(found) == "string" and found:find(pattern) ~= nil,
    "text that matches " .. show.show(pattern), show.show(found)
end
function words.contains(wanted, found)
  return contains(found, wanted), "something that contains " .. show.show(wanted), show.show(found)
end
function words.near(wanted, found, within)
  within = within or 0
  local holds = type(found) == "number" and math.abs(wanted - found) <= within
  return holds, ("%s, at most %s away"):format(show.show(wanted), show.show(within)),
    show.show(found)
end
function words.error(body, wanted)
  if not is_callable(body) then return false, "a function that raises", show.show(body) end
  local failed, raised = raised_by(body)
  if not failed then return false, "an error", "none was raised" end
  local text = type(raised) == "table" and rawget(raised, "code") or raised
  if wanted == nil then return true, "an error", show.show(text) end
  local holds = text == wanted or tostring(raised):find(wanted, 1, true) ~= nil
  return holds, "an error with the code or text " .. show.show(wanted), tostring(raised)
end
words.has_error, words.raises = words.error, words.error
for kind in ("string number boolean table function"):gmatch("%a+") do
  words["is_" .. kind] = function(found)
    return type(found) == kind, "a " .. kind, show.show(found)
  end
end
words.equals, words.are_equal, words.is_equal = words.equal, words.equal, words.equal
words.are_same, words.is_same = words.same, words.same
words.is_truthy, words.is_falsy, words.match = words.truthy, words.falsy, words.matches
words["true"], words["false"], words["nil"] = words.is_true, words.is_false, words.is_nil

local fewest = { equal = 2, equals = 2, same = 2, matches = 2, match = 2, contains = 2, near = 2,
  are_equal = 2, is_equal = 2, are_same = 2, is_same = 2 }

local function raise(message, expected, found, at)
  error(setmetatable({ assertion = true, message = message, expected = expected, found = found,
    at = at }, { __tostring = function(self) return self.message end }), 0)
end

local function call(name, opposite, ...)
  local given = select("#", ...)
  local needs = fewest[name] or 1
  if given < needs then
    error(("assert.%s needs %d values, but got %d."):format(name, needs, given), 3)
  end
  local holds, expected, found = words[name](...)
  if opposite then holds, expected = not holds, "anything but " .. expected end
  if holds then return ... end
  local note = select(needs + 1 + (name == "near" and 1 or 0), ...)
  local said = type(note) == "string" and name ~= "error" and note .. ": " or ""
  raise(("%sassert.%s%s"):format(said, opposite and "is_not." or "", name), expected, found,
    place(1))
end

-- Words that only make it read well.
local fillers = { is = false, are = false, has = false, does = false, is_not = true,
  are_not = true, has_no = true, no = true, ["not"] = true, is_no = true, does_not = true }

local function unknown(name)
  local known = {}
  for word in next, words do known[#known + 1] = word end
  table.sort(known)
  error(("There is no assertion assert.%s.%s"):format(tostring(name),
    suggest.did_you_mean(tostring(name), known)), 3)
end

local function chain(opposite, prefix)
  return setmetatable({}, {
    __metatable = "assert",
    __index = function(_, name)
      if words[name] then
        return function(...) return call(name, opposite, ...) end
      end
      if fillers[name] ~= nil then return chain(opposite ~= fillers[name], name) end
      local positive = type(name) == "string" and name:match("^is_not_(.+)$")
      positive = positive and (words[positive] and positive or words["is_" .. positive]
        and "is_" .. positive)
      if positive then return function(...) return call(positive, not opposite, ...) end end
      unknown((prefix and prefix .. "." or "") .. tostring(name))
    end,
    __newindex = function() error("assert cannot be changed.", 2) end,
    __call = function(_, value, message)
      if value then return value end
      raise(message and tostring(message) or "assert: the value is " .. tostring(value), nil, nil,
        place(1))
    end,
  })
end

M.assert = chain(false)

return M
