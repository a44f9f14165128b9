-- What a doctor can ask AWS beforehand: whose credentials these are (STS), and what IAM says that
-- this identity may do, of the actions that runs need. Nothing is done.
local aws = require "driver.aws"
local errors = require "vocabulary.errors"
local xml = require "driver.xml"

local M = {}

---What the reference says of every driver of AWS.
M.checks = { "whose credentials they are (STS, GetCallerIdentity)",
  "whether IAM allows that identity the actions of this driver's operations (IAM, "
    .. "SimulatePrincipalPolicy), where it may ask that" }
M.cannot = { "what a policy of the resource itself, or of the organisation, denies in a call" }

-- { arn, account, partition } of who asks.
local function identity(call)
  local root = aws.query { call = call, service = "sts", action = "GetCallerIdentity",
    global = call.settings.region == nil }
  local arn = xml.text(root, "Arn") or ""
  return { arn = arn, account = xml.text(root, "Account") or "",
    partition = arn:match("^arn:([^:]+):") or "aws" }
end

-- Policies belong to the role, not to its session (IAM, "SimulatePrincipalPolicy").
local function principal(who)
  local role = who.arn:match(":assumed%-role/([^/]+)/")
  if not role then return who.arn end
  return ("arn:%s:iam::%s:role/%s"):format(who.partition, who.account, role)
end

-- The denied of one resource's actions, as AWS spells them.
local function denied(call, who, resource, actions)
  local root = aws.query { call = call, service = "iam", action = "SimulatePrincipalPolicy",
    global = true, parameters = { PolicySourceArn = principal(who), ActionNames = actions,
      ResourceArns = { resource } } }
  local found = {}
  for _, one in ipairs(xml.all(root, "EvaluationResults.member")) do
    if xml.text(one, "EvalDecision") ~= "allowed" then
      found[#found + 1] = xml.text(one, "EvalActionName")
    end
  end
  return found
end

-- Who may simulate is a permission of its own; IAM knows neither the root user nor a role by its
-- name alone where that has a path.
local cannot_ask = { AccessDenied = true, AccessDeniedException = true, NoSuchEntity = true,
  InvalidInput = true }

local function simulate(say, call, who, needs)
  for _, need in ipairs(needs) do
    local well, found = pcall(denied, call, who, need.resource, need.actions)
    if not well then
      local failure = errors.from(found)
      if not cannot_ask[aws.code(failure) or ""] then error(failure, 0) end
      say.unchecked(("what %s may do: IAM does not let it be asked (%s)"):format(who.arn,
        aws.code(failure)))
      return
    elseif #found > 0 then
      say.lacks(need.operations, ("%s may not: %s of %s"):format(who.arn,
        table.concat(found, ", "), need.resource), "Allow these actions to it.")
    else
      say.well(("IAM allows %d actions of %s"):format(#need.actions, need.resource))
    end
  end
end

---Asks both. `needs_of(arn, call)` gives a list of { resource, actions, operations }: which need
---them, nil for all. arn(service, name) makes the ARN of a thing in the region and account.
function M.ask(needs_of)
  return function(say, call)
    local who = say.try("the credentials", function() return identity(call) end)
    if not who then return end
    say.well("the credentials are those of " .. who.arn)
    local function arn(service, name, place)
      return ("arn:%s:%s:%s:%s:%s"):format(who.partition, service, place or call.settings.region,
        place and "" or who.account, name)
    end
    simulate(say, call, who, needs_of(arn, call))
  end
end

---A driver's `doctor`, with what it needs.
function M.of(needs_of)
  return { checks = M.checks, cannot = M.cannot, ask = M.ask(needs_of) }
end

---Of the secrets below the setting `prefix` in Secrets Manager.
M.secrets = M.of(function(arn, call)
  local own = arn("secretsmanager", "secret:" .. (call.settings.prefix or "") .. "*")
  local function need(operations, resource, names)
    local actions = {}
    for name in names:gmatch("%S+") do actions[#actions + 1] = "secretsmanager:" .. name end
    return { operations = operations, resource = resource, actions = actions }
  end
  return { need(nil, "*", "ListSecrets"),
    need(nil, own, "DescribeSecret GetSecretValue ListSecretVersionIds"),
    need({ "put" }, own, "CreateSecret PutSecretValue"),
    need({ "put", "set_current", "rotate", "retire" }, own, "UpdateSecretVersionStage"),
    need({ "rotate" }, own, "RotateSecret"),
    need({ "delete", "undelete" }, own, "DeleteSecret RestoreSecret") }
end)

return M
