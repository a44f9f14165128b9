-- The script's tables: one fixed order of keys, read-only libraries, no weak or final metatables.
local guard = require "vocabulary.sandbox_guard"
local wire = require "wire"

local M = {}

local results_max = 8000   -- As in LuaJIT, which takes some larger ranges for negative ones.
local walks_kept_max = 8

local sorted_keys, first_key = wire.sorted_keys, wire.first_key
local stock = {
  concat = table.concat, insert = table.insert, remove = table.remove, sort = table.sort,
  maxn = table.maxn, rawset = rawset, setmetatable = setmetatable, unpack = unpack,
}
-- Each read-only table to the one it stands for.
local originals = setmetatable({}, { __mode = "k" })

local function check_table(value, name)
  if type(value) == "table" then return originals[value] or value end
  error(("bad argument #1 to '%s' (table expected, got %s)"):format(name,
    wire.is_unknown(value) and "a value that only the run will know" or type(value)), 3)
end

---A table that scripts may read and go through, but not change.
---@generic T: table
---@param original T
---@return T
function M.read_only(original)
  local made = setmetatable({}, {
    __index = original,
    __metatable = false,
    __newindex = function(_, name)
      error(("%s cannot be set: this table is read-only."):format(tostring(name)), 2)
    end,
  })
  originals[made] = original
  return made
end

-- What the language itself gives to scripts and holds no data of theirs, by its metatable's name.
local of_language = { run = true, target = true }

local function refuse_read_only(value)
  if type(value) == "table" and (originals[value] or of_language[getmetatable(value)]) then
    error("This table is read-only.", 3)
  end
end

-- Numbers ascending, then texts by bytes, then booleans; what is removed meanwhile is left out.
local function ordered_pairs(given)
  local source = check_table(given, "pairs")
  local keys, reason = sorted_keys(source)
  if not keys then error("pairs: " .. reason .. ".", 2) end
  local at = 0
  return function()
    while true do
      at = at + 1
      local key = keys[at]
      if key == nil then return nil end
      local value = rawget(source, key)
      if value ~= nil then return key, value end
    end
  end, given, nil
end

-- The walks that `next` is in the middle of, so that going on does not sort anew. They are kept
-- strongly and replaced in turn: what the collector does must not decide what a script sees.
local function make_next()
  local walks, turn, turns = {}, 0, {}
  local function start_walk(source, key)
    local keys, reason = sorted_keys(source)
    if not keys then error("next: " .. reason .. ".", 3) end
    for at = 1, #keys do
      if keys[at] == key then
        turn = turn % walks_kept_max + 1
        if turns[turn] then walks[turns[turn]] = nil end
        local walk = { keys = keys, at = at }
        turns[turn], walks[source] = source, walk
        return walk
      end
    end
    error("next: the key " .. tostring(key) .. " is not in the table.", 3)
  end
  return function(given, key)
    local source = check_table(given, "next")
    if key == nil then
      local first, reason = first_key(source)
      if reason then error("next: " .. reason .. ".", 2) end
      if first == nil then return nil end
      return first, rawget(source, first)
    end
    local walk = walks[source]
    if not walk or walk.keys[walk.at] ~= key then walk = start_walk(source, key) end
    while true do
      walk.at = walk.at + 1
      local following = walk.keys[walk.at]
      if following == nil then
        walks[source] = nil
        return nil
      end
      local value = rawget(source, following)
      if value ~= nil then return following, value end
    end
  end
end

local function refuse_collector(name)
  error(("A metatable here may not have %s: what the collector does differs from run to run.")
    :format(name), 3)
end

local function set_metatable(value, metatable)
  if type(metatable) == "table" then
    if rawget(metatable, "__gc") ~= nil then refuse_collector("__gc") end
    if rawget(metatable, "__mode") ~= nil then refuse_collector("__mode") end
  end
  return stock.setmetatable(value, metatable)
end

-- Strings, numbers and handles have metatables that are none of a script's business.
local function get_metatable(value)
  if type(value) == "table" then return getmetatable(value) end
  if type(value) == "string" or type(value) == "userdata" then return false end
  return nil
end

local function raw_set(value, key, held)
  refuse_read_only(value)
  if (key == "__gc" or key == "__mode") and held ~= nil then refuse_collector(key) end
  return stock.rawset(value, key, held)
end

local function ranged_unpack(list, first, last)
  local from = first == nil and 1 or tonumber(first)
  local to = last == nil and type(list) == "table" and #list or tonumber(last)
  if from and to then
    local beyond_first = to - from
    if beyond_first ~= beyond_first or beyond_first >= results_max then
      error("too many results to unpack", 2)
    end
    if to < from then return end
  end
  return stock.unpack(list, first, last)
end

local function concat(list, ...)
  local well, text = pcall(stock.concat, list, ...)
  if well then return text end
  local at = type(text) == "string" and tonumber(text:match("at index (%d+)"))
  if at and type(rawget(list, at)) == "userdata" then
    error(("table.concat cannot join the handle %s at index %d; join handles with .. instead.")
      :format(tostring(rawget(list, at)), at), 2)
  end
  error((tostring(text):gsub("'%?'", "'concat'")), 2)
end

local function insert(list, ...)
  refuse_read_only(list)
  return stock.insert(list, ...)
end

local function remove(list, ...)
  refuse_read_only(list)
  return stock.remove(list, ...)
end

local function sort(list, ...)
  refuse_read_only(list)
  return guard.call("sort", stock.sort, list, ...)
end

---A fresh table library.
function M.library()
  return { concat = concat, insert = insert, remove = remove, sort = sort, maxn = stock.maxn }
end

---Fresh versions of the basic functions that deal with tables.
function M.functions()
  return {
    pairs = ordered_pairs, next = make_next(), setmetatable = set_metatable,
    getmetatable = get_metatable, rawset = raw_set, rawget = rawget, rawequal = rawequal,
    unpack = ranged_unpack,
  }
end

return M
