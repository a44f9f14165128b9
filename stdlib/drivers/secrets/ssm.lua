-- SSM Parameter Store: secrets as SecureString parameters, whose newest version is the current one.

local restored_mark = "perilune-restores-"

local function ask(call, action, body, more)
  local asked = { call = call, service = "ssm", action = action, body = body }
  for name, value in pairs(more or {}) do asked[name] = value end
  return aws.json(asked)
end

local function whole_name(name, call) return (call.settings.prefix or "") .. name end

-- The parameter as it is, its value undecrypted and as a handle; nil where there is none.
local function find(name, call)
  local answer = ask(call, "GetParameter", { Name = whole_name(name, call),
    WithDecryption = false }, { absent = { "ParameterNotFound" },
    handles = { [name .. " sealed"] = "Parameter.Value" } })
  return answer and answer.Parameter
end

-- All versions that there still are, oldest first.
local function history(name, call)
  return aws.pages("Parameters", "NextToken", function(token)
    return ask(call, "GetParameterHistory", { Name = whole_name(name, call), MaxResults = 50,
      WithDecryption = false, NextToken = token }, { absent = { "ParameterNotFound" },
      handles = { [name .. " sealed history"] = "Parameters.*.Value" } }) or {}
  end)
end

-- A handle to the value, as the host took it out of the answer.
local function value(asked, call)
  local selector = asked.version and ":" .. asked.version or ""
  local answer = ask(call, "GetParameter", { Name = whole_name(asked.name, call) .. selector,
    WithDecryption = true }, { absent = { "ParameterNotFound", "ParameterVersionNotFound" },
    handles = { [asked.name .. selector] = "Parameter.Value" } })
  return answer and answer.Parameter.Value
end

local function info_of(parameter, call)
  local changed_at = parameter.LastModifiedDate
  return { name = parameter.Name:sub(#(call.settings.prefix or "") + 1),
    version = tostring(parameter.Version), changed_at = changed_at,
    age_s = math.max(0, now() - changed_at) }
end

local function describe(arguments, call)
  local parameter = find(arguments.name, call)
  return parameter and info_of(parameter, call)
end

local function list(arguments, call)
  local prefix = whole_name(arguments.prefix or "", call)
  local filters = prefix ~= "" and { { Key = "Name", Option = "BeginsWith", Values = { prefix } } }
  local found = aws.pages("Parameters", "NextToken", function(token)
    return ask(call, "DescribeParameters", { ParameterFilters = filters or nil, MaxResults = 50,
      NextToken = token })
  end)
  for index, parameter in ipairs(found) do found[index] = info_of(parameter, call) end
  table.sort(found, function(one, other) return one.name < other.name end)
  return found
end

local function versions(arguments, call)
  local found, entries = {}, history(arguments.name, call)
  for index = #entries, 1, -1 do
    found[#found + 1] = { name = arguments.name, version = tostring(entries[index].Version),
      stage = index == #entries and "current" or "previous",
      created_at = entries[index].LastModifiedDate }
  end
  return found
end

-- What undo compares: the version whose value is the current one. A version that brought an older
-- one's value back carries a label with its number, and counts as that one.
local function state_of(name, call)
  local entries = history(name, call)
  local newest = entries[#entries]
  if not newest then return { name = name } end
  local current = tostring(newest.Version)
  for _, label in ipairs(newest.Labels or {}) do
    current = label:match("^" .. restored_mark:gsub("%-", "%%-") .. "(%d+)$") or current
  end
  return { name = name, current = current }
end

local function version_value(name, parameter, changed)
  return { name = name, version = tostring(parameter.Version), stage = "current",
    created_at = parameter.LastModifiedDate, changed = changed }
end

local function refuse(call, code, message)
  fail { code = code, message = call.target .. ": " .. message }
end

local function check(arguments, parameter, call)
  if arguments.stage ~= "current" or arguments.old_stage and arguments.old_stage ~= "previous"
    and arguments.old_stage ~= "retired" then
    refuse(call, "unsupported", "Parameter Store has no stages: the newest version of a parameter "
      .. "is the current one. Leave stage out.")
  end
  if parameter and parameter.Type ~= "SecureString" then
    refuse(call, "unsafe_secret", ("the parameter %s is a %s, which everybody who may read it "
      .. "sees in clear. Make it a SecureString."):format(parameter.Name, parameter.Type))
  end
end

-- Writes a new version; one that has this value already is left as it is, so that a repeated put
-- adds none.
local function write(name, held, parameter, call)
  if parameter and secrets.same(value({ name = name }, call), held) then return end
  return ask(call, "PutParameter", { Name = whole_name(name, call), Value = held,
    Overwrite = parameter ~= nil, Type = "SecureString", KeyId = call.settings.key_id,
    Tier = call.settings.tier })
end

local put = {
  before = function(arguments, call)
    local parameter = find(arguments.name, call)
    check(arguments, parameter, call)
    local there = parameter and secrets.same(value(arguments, call), arguments.value)
    return { state = state_of(arguments.name, call), sign = "+", already_so = there or false,
      result = there and version_value(arguments.name, parameter, false) or nil }
  end,
  act = function(arguments, _, call)
    write(arguments.name, arguments.value, find(arguments.name, call), call)
    return version_value(arguments.name, find(arguments.name, call), true),
      state_of(arguments.name, call)
  end,
}

local set_current = {
  before = function(arguments, call)
    local parameter = find(arguments.name, call)
    check(arguments, parameter, call)
    if not secrets.version(versions(arguments, call), arguments.version) then
      refuse(call, "not_found", ("there is no secret %s with a version %s; Parameter Store keeps "
        .. "the newest 100."):format(arguments.name, arguments.version))
    end
    local current = tostring(parameter.Version)
    return { state = state_of(arguments.name, call), already_so = current == arguments.version,
      plan = current .. " → " .. arguments.version,
      result = { before = current, after = current, changed = false } }
  end,
  -- There is no going back to a version: its value becomes a new one, which is labelled.
  act = function(arguments, before, call)
    local name = arguments.name
    local held = value({ name = name, version = arguments.version }, call)
    write(name, held, find(name, call), call)
    local after = find(name, call)
    ask(call, "LabelParameterVersion", { Name = whole_name(name, call),
      ParameterVersion = after.Version, Labels = { restored_mark .. arguments.version } })
    return { before = before.current, after = tostring(after.Version), changed = true },
      state_of(name, call)
  end,
}

local delete = {
  before = function(arguments, call)
    local there = find(arguments.name, call) ~= nil
    return { state = state_of(arguments.name, call), sign = "-", already_so = not there,
      result = { changed = false } }
  end,
  act = function(arguments, _, call)
    ask(call, "DeleteParameter", { Name = whole_name(arguments.name, call) },
      { absent = { "ParameterNotFound" } })
    return { changed = true }, { name = arguments.name }
  end,
}

return {
  family = "secrets",
  name = "ssm",
  doc = "AWS Systems Manager Parameter Store. A secret is a SecureString parameter; its newest "
    .. "version is the current one, so going back to an older one writes its value anew, with a "
    .. "label that says so. A deleted parameter is gone.",
  hosts = aws.hosts,
  settings = aws.settings {
    { name = "prefix", optional = true, identity = true,
      doc = "What stands before each name, such as /shop/production/." },
    { name = "key_id", optional = true,
      doc = "The KMS key for new versions; the account's own for Parameter Store unless given." },
    { name = "tier", optional = true, choices = { "Standard", "Advanced",
      "Intelligent-Tiering" }, doc = "Of new versions; values over 4 KiB need Advanced." },
  },
  functions = { value = value },
  doctor = aws_doctor.of(function(arn, call)
    local names = "parameter/" .. (call.settings.prefix or ""):gsub("^/", "") .. "*"
    return { { resource = arn("ssm", names), actions = { "ssm:GetParameter",
        "ssm:GetParameterHistory" } },
      { resource = arn("ssm", names), operations = { "put", "set_current" },
        actions = { "ssm:PutParameter", "ssm:LabelParameterVersion" } },
      { resource = arn("ssm", names), operations = { "delete" },
        actions = { "ssm:DeleteParameter" } },
      { resource = "*", actions = { "ssm:DescribeParameters" } } }
  end),
  operations = {
    describe = { observe = describe }, list = { observe = list }, versions = { observe = versions },
    put = put, set_current = set_current, delete = delete,
  },
}
