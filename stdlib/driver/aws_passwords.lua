-- The password of a DB instance's master user; RDS knows no other user.
local databases = require "driver.aws_databases"

local M = {}

local function master_of(instance) return databases.text(instance.element, "MasterUsername") end

local function refuse_others(instance, user, call)
  local master = master_of(instance)
  if user ~= master then
    databases.raise(call, "not_supported", "RDS sets the password of the master user %s, and of no "
      .. "other. Set that of %s through the target of the driver postgres.", master, user)
  elseif databases.text(instance.element, "MasterUserSecret.SecretArn") then
    databases.raise(call, "not_supported", "Secrets Manager keeps the password of %s and changes "
      .. "it (ManageMasterUserPassword). Have it rotate the secret there.", master)
  elseif instance.source then
    databases.raise(call, "wrong_role", "%s is a replica of %s, whose password it has. Set it "
      .. "there.", instance.name, instance.source)
  end
end

-- "A password change is asynchronously applied as soon as possible. Between the time of the request
-- and the completion of the request, the MasterUserPassword element exists in the
-- PendingModifiedValues element of the operation response." (RDS, ModifyDBInstance)
local function is_in_force(instance)
  return databases.is_settled(instance)
    and not databases.text(instance.element, "PendingModifiedValues.MasterUserPassword")
end

M.set_password = {
  before = function(arguments, call)
    local instance = databases.own(call)
    refuse_others(instance, arguments.user, call)
    return { state = { user = arguments.user },
      plan = ("the password of the master user %s"):format(arguments.user) }
  end,
  act = function(arguments, _, call)
    local instance = databases.own(call)
    refuse_others(instance, arguments.user, call)
    databases.ask(call, "ModifyDBInstance", { DBInstanceIdentifier = instance.name,
      MasterUserPassword = arguments.password, ApplyImmediately = true })
    databases.wait(instance.name, "change of the password", call, is_in_force)
    return { user = arguments.user, changed = true }, { user = arguments.user }
  end,
}

return M
