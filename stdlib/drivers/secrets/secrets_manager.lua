-- AWS Secrets Manager: secrets with versions, which its staging labels make current or pending.

local labels = { current = "AWSCURRENT", pending = "AWSPENDING", previous = "AWSPREVIOUS" }

local function whole_name(name, call) return (call.settings.prefix or "") .. name end

-- Asks about one secret; what is given by name in `more` goes to aws.json itself.
local function ask(call, action, name, body, more)
  local asked = { call = call, service = "secretsmanager", action = action, body = body or {} }
  if name then asked.body.SecretId = whole_name(name, call) end
  for field, value in pairs(more or {}) do asked[field] = value end
  return aws.json(asked)
end

local function refuse(call, code, message)
  fail { code = code, message = call.target .. ": " .. message }
end

-- The intent's key as a ClientRequestToken of 32 to 64 characters, which becomes the id of the
-- version (PutSecretValue, "ClientRequestToken").
local function token_of(call)
  return (call.key .. ("0"):rep(math.max(0, 32 - #call.key))):sub(1, 64)
end

local function stage_of(held)
  local has = {}
  for _, label in ipairs(held or {}) do has[label] = true end
  for _, stage in ipairs { "current", "pending", "previous" } do
    if has[labels[stage]] then return stage end
  end
  return "retired"
end

-- The secret as it is, deleted or not; nil where there is none.
local function find(name, call)
  return ask(call, "DescribeSecret", name, nil, { absent = { "ResourceNotFoundException" } })
end

-- Newest first; none of one that is not there or deleted.
local function versions(arguments, call)
  local name = arguments.name
  local secret = find(name, call)
  if not secret or secret.DeletedDate then return {} end
  local found = aws.pages("Versions", "NextToken", function(token)
    return ask(call, "ListSecretVersionIds", name, { IncludeDeprecated = true, MaxResults = 100,
      NextToken = token })
  end)
  for index, one in ipairs(found) do
    found[index] = { name = name, version = one.VersionId, stage = stage_of(one.VersionStages),
      created_at = one.CreatedDate }
  end
  table.sort(found, function(one, other)
    if one.created_at ~= other.created_at then return one.created_at > other.created_at end
    return one.version < other.version
  end)
  return found
end

local function version_with(found, stage)
  local one = secrets.staged(found, stage)
  return one and one.version
end

-- What undo compares. The stage "previous" is Secrets Manager's own affair, but of a changed `one`.
local function state_of(name, found, one)
  return { name = name, current = version_with(found, "current"),
    pending = version_with(found, "pending"), stage = one and one.stage }
end

local function state_now(arguments, call)
  return state_of(arguments.name, versions(arguments, call))
end

-- A handle to the value, as the host took it out of the answer. A retired version is not given.
local function value(asked, call)
  local answer = ask(call, "GetSecretValue", asked.name, { VersionId = asked.version,
    VersionStage = not asked.version and labels.current or nil }, {
    absent = { "ResourceNotFoundException", "InvalidRequestException" }, handles = {
      [asked.name .. " " .. (asked.version or "current")] = "SecretString",
      [asked.name .. " binary"] = "SecretBinary" } })
  if not answer or stage_of(answer.VersionStages) == "retired" then return nil end
  if not answer.SecretString then
    refuse(call, "unsupported", "the secret " .. asked.name .. " holds bytes and no text.")
  end
  return answer.SecretString
end

local function describe(arguments, call)
  local secret = find(arguments.name, call)
  if not secret or secret.DeletedDate then return nil end
  local current = secrets.staged(versions(arguments, call), "current")
  return { name = arguments.name, version = current and current.version,
    age_s = current and math.max(0, now() - current.created_at),
    changed_at = secret.LastChangedDate }
end

-- Its filter takes the prefix of any word of a name (ListSecrets, "Filters").
local function list(arguments, call)
  local prefix, found = whole_name(arguments.prefix or "", call), {}
  local filters = prefix ~= "" and { { Key = "name", Values = { prefix } } } or nil
  for _, secret in ipairs(aws.pages("SecretList", "NextToken", function(token)
    return ask(call, "ListSecrets", nil, { MaxResults = 100, Filters = filters,
      NextToken = token })
  end)) do
    if secret.Name:sub(1, #prefix) == prefix and not secret.DeletedDate then
      local info = { name = secret.Name:sub(#whole_name("", call) + 1),
        changed_at = secret.LastChangedDate }
      for version, held in pairs(secret.SecretVersionsToStages or {}) do
        if stage_of(held) == "current" then info.version = version end
      end
      found[#found + 1] = info
    end
  end
  table.sort(found, function(one, other) return one.name < other.name end)
  return found
end

-- Adds a version with a value. The same token is the same version, so a repeat adds none; one that
-- came through with another value stays as it is.
local function add(arguments, held, call)
  local name, stage, token = arguments.name, arguments.stage, token_of(call)
  local secret = find(name, call)
  local made_whole = not secret and stage == "current"
  if secret and secret.DeletedDate then ask(call, "RestoreSecret", name) end
  if not secret then
    ask(call, "CreateSecret", nil, { Name = whole_name(name, call),
      KmsKeyId = call.settings.key_id, ClientRequestToken = made_whole and token or nil,
      SecretString = made_whole and held or nil })
  end
  if not made_whole then
    ask(call, "PutSecretValue", name, { ClientRequestToken = token, SecretString = held,
      VersionStages = { labels[stage] } }, { absent = { "ResourceExistsException" } })
  end
  local found = versions(arguments, call)
  local made = secrets.version(found, token)
  made.changed = true
  return made, state_of(name, found)
end

local put = {
  before = function(arguments, call)
    local found = versions(arguments, call)
    local current = arguments.stage == "current" and secrets.staged(found, "current")
    local there = current and secrets.same(value({ name = arguments.name }, call), arguments.value)
    if there then current.changed = false end
    return { state = state_of(arguments.name, found), sign = "+", already_so = there or false,
      result = there and current or nil }
  end,
  act = function(arguments, _, call) return add(arguments, arguments.value, call) end,
}

-- A change of one version that is there, and all versions; raises `not_found`.
local function pick(arguments, call)
  local found = versions(arguments, call)
  local one = secrets.version(found, arguments.version)
  if one then return one, found end
  refuse(call, "not_found", ("there is no secret %s with a version %s.")
    :format(arguments.name, arguments.version))
end

local function check_unused(one, call)
  if one.stage ~= "current" then return end
  refuse(call, "in_use", ("version %s of %s is the current one. Make another one current first.")
    :format(one.version, one.name))
end

-- Takes a label from the version that has it, and gives it to another one.
local function move(name, stage, found, to, call)
  local from = version_with(found, stage)
  if from == to then return end
  ask(call, "UpdateSecretVersionStage", name, { VersionStage = labels[stage],
    MoveToVersionId = to, RemoveFromVersionId = from })
end

local set_current = {
  before = function(arguments, call)
    local one, found = pick(arguments, call)
    local state = state_of(arguments.name, found)
    if arguments.stage ~= "current" then check_unused(one, call) end
    return { state = state, already_so = one.stage == arguments.stage,
      plan = (state.current or "none") .. " → " .. one.version,
      result = { before = state.current, after = state.current, changed = false } }
  end,
  -- What was current becomes the previous one by itself (UpdateSecretVersionStage).
  act = function(arguments, before, call)
    local name, old = arguments.name, before.current
    move(name, arguments.stage, versions(arguments, call), arguments.version, call)
    local found = versions(arguments, call)
    local left = old ~= arguments.version and secrets.version(found, old)
    if left and arguments.stage == "current" and left.stage ~= arguments.old_stage then
      if arguments.old_stage == "pending" then move(name, "pending", found, old, call) end
      if version_with(found, "previous") == old then move(name, "previous", found, nil, call) end
    end
    local state = state_now(arguments, call)
    return { before = old, after = state.current, changed = true }, state
  end,
}

local retire = {
  before = function(arguments, call)
    local one, found = pick(arguments, call)
    check_unused(one, call)
    one.changed = false
    return { state = state_of(arguments.name, found, one), sign = "-", result = one,
      already_so = one.stage == "retired" }
  end,
  act = function(arguments, _, call)
    local one, found = pick(arguments, call)
    if one.stage ~= "retired" then move(arguments.name, one.stage, found, nil, call) end
    one.stage, one.changed = "retired", true
    return one, state_of(arguments.name, versions(arguments, call), one)
  end,
}

-- Deletes or brings back. `DeletedDate` is when the secret will be gone (DescribeSecret).
local function deletion(wants_deleted, action, body, tell)
  local function is_so(secret) return (not secret or secret.DeletedDate ~= nil) == wants_deleted end
  local function told(arguments, secret, call, changed)
    local result = tell(arguments, secret, call) or { name = arguments.name }
    result.changed = changed
    return result
  end
  return {
    before = function(arguments, call)
      local secret = find(arguments.name, call)
      if not secret and not wants_deleted then
        refuse(call, "not_found", ("there is no secret %s any more."):format(arguments.name))
      end
      return { state = state_now(arguments, call), sign = wants_deleted and "-" or "+",
        already_so = is_so(secret), result = told(arguments, secret, call, false) }
    end,
    act = function(arguments, _, call)
      if not is_so(find(arguments.name, call)) then
        ask(call, action, arguments.name, body(call))
      end
      return told(arguments, find(arguments.name, call), call, true), state_now(arguments, call)
    end,
  }
end

local delete = deletion(true, "DeleteSecret",
  function(call) return { RecoveryWindowInDays = call.settings.keep_days } end,
  function(_, secret) return { kept_until_at = secret and secret.DeletedDate } end)

local undelete = deletion(false, "RestoreSecret", function() return {} end,
  function(arguments, _, call) return describe(arguments, call) end)

-- The provider's own rotation: the intent's token becomes the new version, which is pending until
-- the rotation function has made it current.
local rotate = {
  before = function(arguments, call)
    local secret = find(arguments.name, call)
    if not secret or not secret.RotationEnabled then
      refuse(call, "unsupported", arguments.name .. " has no rotation function. Give it one in "
        .. "Secrets Manager, or put a new value.")
    end
    return { state = state_now(arguments, call) }
  end,
  act = function(arguments, _, call)
    local token, name = token_of(call), arguments.name
    ask(call, "RotateSecret", name, { ClientRequestToken = token })
    local made = poll({ every = 1, growth = 1.5, every_max = 15,
      tell = "the rotation of " .. name .. " is under way",
      taken = ("%s: the rotation of %s did not end in the time allowed; its version %s is pending. "
        .. "Look at the rotation function's log."):format(call.target, name, token) }, function()
      local one = secrets.version(versions(arguments, call), token)
      return one and one.stage == "current" and one
    end)
    return made, state_now(arguments, call)
  end,
  look = function(arguments, _, call)
    local token, found = token_of(call), versions(arguments, call)
    local one = secrets.version(found, token)
    if not one then return "did_not", "there is no version " .. token end
    if one.stage == "pending" then return "cannot_tell", "version " .. token .. " is pending" end
    return "happened", one, state_of(arguments.name, found)
  end,
}

return {
  family = "secrets", name = "secrets_manager", doctor = aws_doctor.secrets,
  doc = "AWS Secrets Manager. The stages are its labels AWSCURRENT, AWSPENDING and AWSPREVIOUS; a "
    .. "version without one is retired, and AWS removes it in time.",
  hosts = aws.hosts,
  settings = aws.settings {
    { name = "prefix", optional = true, identity = true,
      doc = "What stands before each name, such as shop/production/." },
    { name = "key_id", optional = true,
      doc = "The KMS key for new secrets; the account's own for Secrets Manager unless given." },
    { name = "keep_days", type = "integer", default = "30",
      doc = "So many days a deleted secret can be brought back, 7 to 30." },
  },
  functions = { value = value },
  operations = {
    describe = { observe = describe }, list = { observe = list }, versions = { observe = versions },
    put = put, set_current = set_current, retire = retire, delete = delete, undelete = undelete,
    rotate = rotate,
  },
}
