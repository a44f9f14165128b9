-- Fences around a DB instance of Amazon RDS: nobody gets in, or it is stopped.
--
-- The setting `fence_groups` names security groups that let nobody in.
local databases = require "driver.aws_databases"

local M = {}

local ask, own, raise = databases.ask, databases.own, databases.raise
local fence_tag = "perilune-fence"

local function sorted(groups)
  local copy = {}
  for index, group in ipairs(groups or {}) do copy[index] = group end
  table.sort(copy)
  return copy
end

local function same(one, other)
  return table.concat(sorted(one), " ") == table.concat(sorted(other), " ")
end

---By what an instance is fenced, and the security groups that it had before. A tag says both; it
---begins with "closing" until the fence holds. Where somebody gave it other groups, none does.
function M.fence_of(instance, call)
  local told = instance.tags[fence_tag]
  local groups = {}
  for group in (told or ""):gmatch("sg%-%S+") do groups[#groups + 1] = group end
  local closed = told and told:find("^network") and instance.groups_settled
    and same(instance.groups, call.settings.fence_groups)
  local how = instance.status == "stopped" and "stop" or closed and "network" or "none"
  return how, told and groups
end

-- Security groups are put in force by and by ("asynchronously applied as soon as possible").
local function set_groups(groups, call)
  local wanted, name = sorted(groups), call.settings.instance
  if not same(own(call).groups, wanted) then
    ask(call, "ModifyDBInstance", { DBInstanceIdentifier = name, VpcSecurityGroupIds = wanted,
      ApplyImmediately = true })
  end
  databases.wait(name, "change of security groups", call, function(instance)
    return same(instance.groups, wanted) and instance.groups_settled
      and databases.is_settled(instance)
  end)
end

-- Connections that stand outlive a change of security groups (EC2, "Connection tracking"), so the
-- server is restarted behind the closed door.
local function close_network(call)
  local groups = call.settings.fence_groups
  local instance = own(call)
  local _, before = M.fence_of(instance, call)
  local kept = table.concat(before or instance.groups, " ")
  databases.add_tags(instance, { [fence_tag] = "closing " .. kept }, call)
  set_groups(groups, call)
  ask(call, "RebootDBInstance", { DBInstanceIdentifier = instance.name })
  databases.wait(instance.name, "restart", call, databases.is_settled)
  databases.add_tags(instance, { [fence_tag] = "network " .. kept }, call)
end

local function stop(call)
  local name = call.settings.instance
  if own(call).status == "available" then
    ask(call, "StopDBInstance", { DBInstanceIdentifier = name })
  end
  databases.wait(name, "stop", call, function(one) return one.status == "stopped" end)
end

M.fence = {
  before = function(arguments, call)
    local wanted = arguments.how
    if wanted ~= "network" and wanted ~= "stop" then
      raise(call, "not_supported", "RDS fences by network or stop. Fence by %s through the target "
        .. "of the driver postgres.", wanted)
    elseif wanted == "network" and not call.settings.fence_groups then
      raise(call, "not_supported", "the environment names no fence_groups: the security groups "
        .. "that let nobody in.")
    end
    local how = M.fence_of(own(call), call)
    return { state = { how = how }, already_so = how == wanted,
      result = { how = wanted, changed = false }, plan = call.settings.instance .. (wanted == "stop"
        and " is stopped" or " lets nobody in by the network") }
  end,
  act = function(arguments, _, call)
    if arguments.how == "stop" then stop(call) else close_network(call) end
    local how = M.fence_of(own(call), call)
    if how ~= arguments.how then
      raise(call, "fence_failed", "it was fenced by %s, but shows %s. Somebody else changes it.",
        arguments.how, how)
    end
    return { how = how, changed = true }, { how = how }
  end,
  restore = function(_, before)
    if before.how == "none" then return "unfence", {} end
    return "fence", { how = before.how }
  end,
}

local function open_all(call)
  local name, instance = call.settings.instance, own(call)
  if instance.status == "stopped" then
    ask(call, "StartDBInstance", { DBInstanceIdentifier = name })
  end
  databases.wait(name, "start", call, databases.is_settled)
  local _, groups = M.fence_of(own(call), call)
  if not groups then return end
  set_groups(groups, call)
  ask(call, "RemoveTagsFromResource", { ResourceName = instance.arn, TagKeys = { fence_tag } })
end

M.unfence = {
  before = function(_, call)
    local how, groups = M.fence_of(own(call), call)
    return { state = { how = how }, already_so = how == "none" and not groups,
      result = { changed = false }, plan = call.settings.instance .. " takes connections again" }
  end,
  act = function(_, before, call)
    open_all(call)
    return { changed = true, how_before = before.how ~= "none" and before.how or nil },
      { how = "none" }
  end,
  restore = function(_, before)
    if before.how ~= "none" then return "fence", { how = before.how } end
  end,
}

return M
