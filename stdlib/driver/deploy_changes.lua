-- Changes of releases as every driver of the deploy family makes them, from what its file gives:
-- `wanted(slot, call)`, the id of the release that is to serve, whether it does already or is on
-- its way; `judge`, one release (see driver.deploy); `find(call, version, before)`, the release
-- that this intent has made already; and a function for each change it can make.
--
-- The state of a change, in `before` and after it, is { release_id }: of the release wanted.
local calls = require "driver.calls"
local errors = require "vocabulary.errors"

local M = {}

local undo_serves_within_s = 120

local function raise(code, message, ...)
  errors.raise(code, message:format(...), "never", calls.position())
end

local function state_of(driver, slot, call)
  return { release_id = driver.wanted(slot, call) }
end

local function known(driver, id, slot, call)
  local release = driver.judge(id, slot, call)
  if not release then raise("not_found", "%s knows no release %s.", call.target, id) end
  return release
end

-- The release that a rollback returns to.
local function target_of(driver, arguments, call)
  if arguments.release_id then
    local release = known(driver, arguments.release_id, arguments.slot, call)
    if release.state ~= "serving" and not release.can_roll_back then
      raise("cannot_roll_back", "The release %s of %s (%s) is %s, and the provider cannot return "
        .. "to it. Release its version anew.", release.release_id, call.target, release.version,
        release.state)
    end
    return release
  end
  local release = driver.operations.previous_release.observe({ slot = arguments.slot }, call)
  if release then return release end
  raise("nothing_to_roll_back", "%s has no earlier release to return to.", call.target)
end

-- What act gives: the release, with what was wanted before, and the state that it leaves.
local function told(release, before)
  release.previous_release_id = before and before.release_id
  if release.changed == nil then release.changed = true end
  return release, { release_id = release.release_id }
end

-- What an intent of this version has made already, by the key or by what is new since `before`.
local function look_for_release(driver, version_of)
  return function(arguments, before, call)
    local made = driver.find(call, version_of(arguments, before, call), before)
    if made then return "happened", told(made, before) end
    return "did_not", "The provider has no release of this intent."
  end
end

local function version_named(arguments) return arguments.version end

local makers = {}

-- `release(arguments, call)`; `unchanged(release, call)`: whether the variables are still those
-- that it was made with.
function makers.release(driver)
  return {
    before = function(arguments, call)
      if next(arguments.env or {}) then
        raise("not_supported", "%s has no variables for one release only. Use set_env.",
          call.target)
      end
      local state = state_of(driver, arguments.slot, call)
      local current = state.release_id and driver.judge(state.release_id, arguments.slot, call)
      local already = current and current.state == "serving"
        and current.version == arguments.version and driver.unchanged(current, call)
      if already then current.changed = false end
      return { state = state, already_so = already, result = already and current or nil,
        sign = current and "~" or "+",
        plan = (current and current.version .. " → " or "") .. arguments.version }
    end,
    act = function(arguments, before, call)
      return told(driver.find(call, arguments.version, before)
        or driver.release(arguments, call), before)
    end,
    look = look_for_release(driver, version_named),
  }
end

function makers.redeploy(driver)
  local function version_of(arguments, before, call)
    local id = arguments.release_id or before.release_id
    return known(driver, id, arguments.slot, call).version
  end
  return {
    before = function(arguments, call)
      local state = state_of(driver, arguments.slot, call)
      local id = arguments.release_id or state.release_id
      if not id then
        raise("not_found", "%s has no release that serves, to make anew. Name one by release_id.",
          call.target)
      end
      local release = known(driver, id, arguments.slot, call)
      return { state = state, sign = "~", plan = release.version .. " once more" }
    end,
    act = function(arguments, before, call)
      local id = arguments.release_id or before.release_id
      return told(driver.find(call, version_of(arguments, before, call), before)
        or driver.redeploy(id, arguments.slot, call), before)
    end,
    look = look_for_release(driver, version_of),
  }
end

function makers.rollback(driver)
  return {
    before = function(arguments, call)
      local target = target_of(driver, arguments, call)
      return { state = state_of(driver, arguments.slot, call), sign = "~",
        plan = "back to " .. target.version }
    end,
    act = function(arguments, before, call)
      local done = driver.rolled_back(call, arguments, before)
      return told(done or driver.rollback(target_of(driver, arguments, call), call, before), before)
    end,
    look = function(arguments, before, call)
      local done = driver.rolled_back(call, arguments, before)
      if done then return "happened", told(done, before) end
      return "did_not", "The provider has no rollback of this intent."
    end,
  }
end

function makers.promote(driver)
  return {
    before = function(arguments, call)
      local release = known(driver, arguments.release_id, nil, call)
      local state = state_of(driver, nil, call)
      local already = state.release_id == release.release_id
      local result = { changed = false }
      for name, value in pairs(release) do result[name] = value end
      return { state = state, already_so = already, result = result, sign = "~",
        plan = "serve " .. release.version }
    end,
    act = function(arguments, before, call)
      return told(driver.promote(arguments.release_id, call, before), before)
    end,
  }
end

function makers.cancel(driver)
  return {
    before = function(arguments, call)
      local release = known(driver, arguments.release_id, nil, call)
      local over = release.state ~= "pending"
      release.changed = not over
      return { state = { release_id = arguments.release_id, state = release.state },
        already_so = over, result = release, sign = "-", plan = "stop " .. release.version }
    end,
    act = function(arguments, _, call) return driver.cancel(arguments.release_id, call) end,
  }
end

local function on_off(on) return on and "on" or "off" end

function makers.maintenance(driver)
  local given = driver.maintenance
  return {
    before = function(arguments, call)
      local now = on_off(given.read(call))
      return { state = { state = now }, already_so = now == arguments.state, sign = "~",
        result = { before = now, after = now, changed = false },
        plan = now .. " → " .. arguments.state }
    end,
    act = function(arguments, before, call)
      local on = arguments.state == "on"
      given.write(on, arguments.message, call)
      local pause_s = 0.1
      while given.read(call) ~= on do
        calls.ask("sleep", { seconds = pause_s })
        pause_s = math.min(pause_s * 1.5, 5)
      end
      return { before = before.state, after = arguments.state, changed = true },
        { state = arguments.state }
    end,
  }
end

function makers.instances(driver)
  local given = driver.instances
  return {
    before = function(arguments, call)
      local count = given.read(call)
      return { state = { instances = count }, already_so = count == arguments.instances,
        result = { instances_before = count, instances = count, changed = false }, sign = "~",
        plan = ("%d → %d instances"):format(count, arguments.instances) }
    end,
    act = function(arguments, before, call)
      given.write(arguments.instances, call)
      return { instances_before = before.instances, instances = arguments.instances,
        changed = true }, { instances = arguments.instances }
    end,
  }
end

local rows = { release = "release", redeploy = "redeploy", rollback = "rollback",
  promote = "promote", cancel = "cancel_release", maintenance = "set_maintenance",
  instances = "scale" }

-- Where nothing served before, no release can be returned to.
local function back_to(operation, takes_slot)
  return function(arguments, before, result)
    if result.changed == false or not before or not before.release_id then return nil end
    return operation, { release_id = before.release_id, within = undo_serves_within_s,
      slot = takes_slot and arguments.slot or nil }
  end
end

local restores = {
  release = back_to("rollback", true),
  rollback = back_to "promote",
  promote = back_to "promote",
  scale = function(arguments, before, result)
    if result.changed == false then return nil end
    return "scale", { instances = before.instances, slot = arguments.slot }
  end,
  set_maintenance = function(_, before, result)
    if result.changed == false then return nil end
    return "set_maintenance", { state = before.state }
  end,
}

---Adds the operations for which the driver's file gives a function of their name here, and to all
---how they are taken back.
function M.add(operations, driver)
  for field, name in pairs(rows) do
    if driver[field] and not operations[name] then operations[name] = makers[field](driver) end
  end
  for name, restore in pairs(restores) do
    local operation = operations[name]
    if operation then operation.restore = operation.restore or restore end
  end
end

return M
