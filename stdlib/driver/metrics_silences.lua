-- Silences of the metrics family, for both kinds of places: those that keep silences, each with an
-- end and a comment, and those whose monitors can only be paused.
local calls = require "driver.calls"
local errors = require "vocabulary.errors"
local json = require "vocabulary.json"

local M = {}

local function check_monitors(arguments, call)
  if arguments.monitors[1] then return end
  errors.raise("bad_argument", call.target .. ": metrics:silence needs at least one monitor.",
    "never", calls.position())
end

local function ids_of(silence_id)
  local ids = {}
  for id in silence_id:gmatch("[^,]+") do ids[#ids + 1] = id end
  return ids
end

local function states_of(place, silence_id, call)
  local states = {}
  for _, id in ipairs(ids_of(silence_id)) do states[id] = place.state(call, id) end
  return states
end

-- The comment names the change and the monitor's place in it, by which the silence is found again.
local function comment_of(arguments, index, call)
  return ("%s (perilune %s %d)"):format(arguments.reason, call.key, index)
end

-- The silences of this change that are not over, by the places of their monitors.
local function own_silences(place, arguments, call)
  local by_comment, found, count = {}, {}, 0
  for _, one in ipairs(place.list(call)) do by_comment[one.comment] = one end
  for index in ipairs(arguments.monitors) do
    found[index] = by_comment[comment_of(arguments, index, call)]
    count = count + (found[index] and 1 or 0)
  end
  return found, count
end

local function result_of(silences)
  local ids, ends_at = {}, math.huge
  for index, one in ipairs(silences) do
    ids[index], ends_at = one.id, math.min(ends_at, one.ends_at)
  end
  return { silence_id = table.concat(ids, ","), ends_at = ends_at, changed = true }
end

local function silence_of(place)
  return {
    before = function(arguments, call)
      check_monitors(arguments, call)
      for _, monitor in ipairs(arguments.monitors) do place.meant(call, monitor) end
      return { plan = "silence " .. table.concat(arguments.monitors, "; ") }
    end,
    act = function(arguments, _, call)
      local made = {}
      for index, monitor in ipairs(arguments.monitors) do
        made[index] = calls.part("silence " .. index, function()
          local there = own_silences(place, arguments, call)[index]
          if there then return { id = there.id, ends_at = there.ends_at } end
          local ends_at = math.ceil(calls.now + arguments.during)
          return { ends_at = ends_at, id = place.create(call, place.meant(call, monitor),
            { comment = comment_of(arguments, index, call), starts_at = calls.now,
              ends_at = ends_at }) }
        end)
      end
      local result = result_of(made)
      return result, states_of(place, result.silence_id, call)
    end,
    look = function(arguments, _, call)
      local found, count = own_silences(place, arguments, call)
      if count < #arguments.monitors then
        return "did_not", ("%d of %d silences are there"):format(count, #arguments.monitors)
      end
      local result = result_of(found)
      return "happened", result, states_of(place, result.silence_id, call)
    end,
    restore = function(_, _, result) return "unsilence", { silence_id = result.silence_id } end,
  }
end

---The operations of a place that keeps silences. `place` gives: `meant(call, monitor)`, what the
---provider takes for one of `monitors`; `list(call)`, the silences that are not over, as
---{ id, comment, ends_at }; `create(call, meant, { comment, starts_at, ends_at })`, the new one's
---id; `state(call, id)`, "on" or "over"; `finish(call, id)`.
function M.kept_silences(place)
  return silence_of(place), {
    before = function(arguments, call)
      local states, on = states_of(place, arguments.silence_id, call), false
      for _, state in pairs(states) do on = on or state == "on" end
      return { state = states, already_so = not on, result = { changed = false } }
    end,
    act = function(arguments, before, call)
      for id, state in pairs(before) do
        if state == "on" then place.finish(call, id) end
      end
      return { changed = true }, states_of(place, arguments.silence_id, call)
    end,
  }
end

-- The ids with this state, in order; nil where there are none.
local function ids_with(states, wanted)
  local ids = {}
  for id, state in pairs(states) do
    if state == wanted then ids[#ids + 1] = id end
  end
  table.sort(ids)
  return ids[1] and ids
end

-- The monitors that these mean, names or the beginning of names and "*", which are watching.
local function watching(place, arguments, call)
  check_monitors(arguments, call)
  local all, found = place.list(call), {}
  for _, monitor in ipairs(arguments.monitors) do
    local prefix, known = monitor:match("^(.+)%*$"), false
    for _, one in ipairs(all) do
      if one.name == monitor or prefix and one.name:sub(1, #prefix) == prefix then
        known = true
        if one.state == "watching" then found[one.id] = "watching" end
      end
    end
    if not known then
      errors.raise("not_found", ("%s: there is no monitor \"%s\"."):format(call.target, monitor),
        "never", calls.position())
    end
  end
  return found
end

-- These monitors' states, by id; of those that are there.
local function states_now(place, ids, call)
  local wanted, states = {}, {}
  for _, id in ipairs(ids) do wanted[id] = true end
  for _, one in ipairs(place.list(call)) do
    if wanted[one.id] then states[one.id] = one.state end
  end
  return states
end

---The operations of a place that only pauses monitors, and does not end that by itself. `place`
---gives: `list(call)`, all monitors as { id, name, state }, state "watching" or "paused";
---`set(call, id, state)`.
function M.paused_monitors(place)
  return {
    before = function(arguments, call)
      local states = watching(place, arguments, call)
      local ids = ids_with(states, "watching")
      return { state = states, already_so = not ids,
        plan = "pause " .. table.concat(arguments.monitors, ", "),
        result = { silence_id = json.encode(json.empty_list), changed = false } }
    end,
    act = function(_, before, call)
      local ids = ids_with(before, "watching")
      for _, id in ipairs(ids) do
        calls.part("pause " .. id, function()
          place.set(call, id, "paused")
          return true
        end)
      end
      return { silence_id = json.encode(ids), changed = true }, states_now(place, ids, call)
    end,
    -- Pausing once more does no harm, so one that still watches is reason enough.
    look = function(_, before, call)
      local ids = ids_with(before, "watching")
      local states = states_now(place, ids, call)
      local left = ids_with(states, "watching")
      if left then return "did_not", "not paused: " .. table.concat(left, ", ") end
      return "happened", { silence_id = json.encode(ids), changed = true }, states
    end,
    restore = function(_, _, result)
      if result.changed then return "unsilence", { silence_id = result.silence_id } end
    end,
  }, {
    before = function(arguments, call)
      local states = states_now(place, json.decode(arguments.silence_id), call)
      return { state = states, already_so = not ids_with(states, "paused"),
        result = { changed = false } }
    end,
    act = function(arguments, before, call)
      for _, id in ipairs(ids_with(before, "paused")) do place.set(call, id, "watching") end
      return { changed = true }, states_now(place, json.decode(arguments.silence_id), call)
    end,
  }
end

return M
