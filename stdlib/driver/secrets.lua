-- What every driver of the secrets family does alike: handles to what is in the store, values
-- compared, what is due, and how changes are taken back.
--
-- The state of a change, in `before` and after it, is { name, current, pending }: the names of the
-- versions with these stages, absent where there is none.
local calls = require "driver.calls"
local wire = require "wire"

local M = {}

-- A handle to a secret of the call's own target; to its current version where none is given.
local function handle(call, name, version)
  return wire.secret { { "", name, call.target, version or "", "raw" } }
end

---Whether two handles open to the same value; no value comes here.
local function same(one, other)
  return wire.is_secret(one) and wire.is_secret(other)
    and calls.ask("digest", { value = one }) == calls.ask("digest", { value = other })
end

---The version of this name among a list of secrets.SecretVersion; nil where there is none.
local function version(found, name)
  for _, one in ipairs(found) do
    if one.version == name then return one end
  end
end

---The newest version with this stage, of a list that has the newest first.
local function staged(found, stage)
  for _, one in ipairs(found) do
    if one.stage == stage then return one end
  end
end

local function read(versions)
  return function(arguments, call)
    local found = versions(arguments, call)
    local one = staged(found, "current")
    if arguments.version then one = version(found, arguments.version) end
    if not one or one.stage == "retired" then return nil end
    return handle(call, arguments.name, arguments.version)
  end
end

-- The age that the rules allow to a secret: that of the longest prefix; nil where none is for it.
local function allowed_age(rules, name)
  local allowed, longest = nil, -1
  for _, rule in ipairs(rules) do
    if name:sub(1, #rule.prefix) == rule.prefix and #rule.prefix > longest then
      allowed, longest = rule.older_than, #rule.prefix
    end
  end
  return allowed
end

local function due(list, describe)
  return function(arguments, call)
    local overdue = {}
    for _, info in ipairs(list({}, call)) do
      local allowed = allowed_age(arguments.rules, info.name)
      if allowed and not info.age_s then info = describe({ name = info.name }, call) end
      if allowed and info and info.age_s and info.age_s > allowed then
        info.overdue_s = info.age_s - allowed
        overdue[#overdue + 1] = info
      end
    end
    table.sort(overdue, function(one, other)
      if one.overdue_s ~= other.overdue_s then return one.overdue_s > other.overdue_s end
      return one.name < other.name
    end)
    return overdue
  end
end

-- Takes back a version that was added: what was current is again, and the new one is used no more.
local function restore_added(arguments, before, result)
  local name = arguments.name
  if not result.changed then return nil end
  if not before.current then return "delete", { name = name } end
  if arguments.stage == "pending" then
    return "retire", { name = name, version = result.version }
  end
  return "set_current", { name = name, version = before.current, old_stage = "retired" }
end

local function restore_moved(arguments, before, result)
  local name, moved = arguments.name, arguments.version
  if not result.changed or not before.current then return nil end
  if arguments.stage and arguments.stage ~= "current" then
    return "retire", { name = name, version = moved }
  end
  return "set_current", { name = name, version = before.current,
    old_stage = before.pending == moved and moved and "pending" or "previous" }
end

local function restore_retired(arguments, before, result)
  if not result.changed then return nil end
  return "set_current", { name = arguments.name, version = arguments.version,
    stage = before.pending == arguments.version and "pending" or "previous" }
end

local function restore_by(operation)
  return function(arguments, _, result)
    if result.changed then return operation, { name = arguments.name } end
  end
end

local restores = { put = restore_added, generate = restore_added, set_current = restore_moved,
  rotate = restore_moved, retire = restore_retired, undelete = restore_by "delete" }

---Completes a driver's operations: `read` comes with `versions`, `due` with `list` and `describe`,
---and every change is undone but a deletion where there is no `undelete`.
function M.complete_all(operations)
  local list, describe, versions = operations.list, operations.describe, operations.versions
  if versions and not operations.read then
    operations.read = { observe = read(versions.observe) }
  end
  if list and describe and not operations.due then
    operations.due = { observe = due(list.observe, describe.observe) }
  end
  for name, restore in pairs(restores) do
    local operation = operations[name]
    if operation then operation.restore = operation.restore or restore end
  end
  if operations.undelete then operations.delete.restore = restore_by "undelete" end
end

M.words = { same = same, version = version, staged = staged }

return M
