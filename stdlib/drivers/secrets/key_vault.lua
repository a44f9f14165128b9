-- Azure Key Vault: the newest version of a secret is the current one, and what is deleted is kept.

local api_version, per_page = "7.4", 25
local restored_tag = "perilune-restores"
local token_margin_s = 120
local held = {}  -- The handle to the last token, and when it ends.

-- A token of the application's own, as Microsoft Entra ID gives it for a client's secret.
local function token_of(call)
  local given = call.settings
  if given.token then return given.token end
  if held.ends_at and held.ends_at > now() + token_margin_s then return held.token end
  local answer = http.post { url = given.login_url, accept = { 400, 401 }, reads = true,
    path = "/" .. given.tenant .. "/oauth2/v2.0/token", handles = { token = "access_token" },
    form = { grant_type = "client_credentials", client_id = given.client_id,
      client_secret = given.client_secret, scope = "https://vault.azure.net/.default" } }
  local told = answer.json or {}
  if answer.status ~= 200 then
    fail { code = "credentials_refused", retry = "never", message = ("%s: Microsoft Entra ID gave "
      .. "no token (%d): %s"):format(call.target, answer.status,
      tostring(told.error_description or told.error)) }
  end
  held = { token = told.access_token, ends_at = now() + (tonumber(told.expires_in) or 0) }
  return held.token
end

local request = api.of {
  name = "Key Vault",
  request = function(call)
    return { bearer = token_of(call), query = { ["api-version"] = api_version } }
  end,
  why = function(told)
    local why = type(told.error) == "table" and told.error or { message = told.error }
    local inner = type(why.innererror) == "table" and why.innererror.code
    return inner or why.code, why.message
  end,
}

local function ask(call, method, path, more, codes)
  local named = { [403] = "permission_denied", SecretDisabled = "secret_disabled" }
  for code, meaning in pairs(codes or {}) do named[code] = meaning end
  return request(call, method, path, more, named)
end

local function refuse(call, code, message)
  fail { code = code, message = call.target .. ": " .. message }
end

-- Key Vault's names have letters, digits and "-" only: "/" is written as "--".
local function vault_name(name, call)
  local written = name:gsub("/", "--")
  if name:find("--", 1, true) or not written:match("^[%w-]+$") or #written > 127 then
    refuse(call, "bad_argument", ("Key Vault cannot have a secret \"%s\": names have letters, "
      .. "digits, \"-\" and \"/\" (kept as \"--\")."):format(name))
  end
  return written
end

local function path_of(name, call) return "/secrets/" .. vault_name(name, call) end

local function version_of(secret) return (secret.id:match("([^/]+)$")) end

-- The current version, or the one named, its value as a handle; nil where there is none.
local function find(name, version, call)
  return (ask(call, "get", path_of(name, call) .. (version and "/" .. version or ""),
    { handles = { [name .. (version and ":" .. version or "")] = "value" } }, { [404] = false }))
end

local function value(asked, call)
  local secret = find(asked.name, asked.version, call)
  return secret and secret.value
end

local function unescape(text)
  return (text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

local function pages(path, call)
  return http.pages(function(token)
    local answer = ask(call, "get", path, { query = { maxresults = per_page,
      ["$skiptoken"] = token } }, { [404] = false }) or {}
    local following = type(answer.nextLink) == "string"
      and answer.nextLink:match("[?&]%$skiptoken=([^&]+)")
    return answer.value, following and unescape(following) or nil
  end)
end

-- Key Vault tells times in whole seconds, so which one is the current is asked of it.
local function versions(arguments, call)
  local found = {}
  local current = find(arguments.name, nil, call)
  if not current then return found end
  for _, one in ipairs(pages(path_of(arguments.name, call) .. "/versions", call)) do
    local is_current = version_of(one) == version_of(current)
    found[#found + 1] = { name = arguments.name, version = version_of(one),
      stage = is_current and "current" or one.attributes.enabled == false and "retired"
        or "previous", created_at = one.attributes.created }
  end
  table.sort(found, function(one, other)
    if (one.stage == "current") ~= (other.stage == "current") then return one.stage == "current" end
    if one.created_at ~= other.created_at then return one.created_at > other.created_at end
    return one.version < other.version
  end)
  return found
end

local function describe(arguments, call)
  local secret = find(arguments.name, nil, call)
  if not secret then return nil end
  local changed_at = secret.attributes.created
  return { name = arguments.name, version = version_of(secret), changed_at = changed_at,
    age_s = math.max(0, now() - changed_at), expires_at = secret.attributes.exp }
end

local function list(arguments, call)
  local prefix, found = arguments.prefix or "", {}
  for _, one in ipairs(pages("/secrets", call)) do
    local name = version_of(one):gsub("%-%-", "/")
    local info = name:sub(1, #prefix) == prefix and describe({ name = name }, call)
    if info then found[#found + 1] = info end
  end
  table.sort(found, function(one, other) return one.name < other.name end)
  return found
end

-- What undo compares: a version that brought an older one's value back counts as that one.
local function state_of(name, call)
  local secret = find(name, nil, call)
  if not secret then return { name = name } end
  return { name = name, current = (secret.tags or {})[restored_tag] or version_of(secret) }
end

local function version_value(name, secret, changed)
  return { name = name, version = version_of(secret), stage = "current",
    created_at = secret.attributes.created, changed = changed }
end

local function check_stage(arguments, call)
  local old = arguments.old_stage
  if arguments.stage == "current" and (not old or old == "previous" or old == "retired") then
    return
  end
  refuse(call, "unsupported", "Key Vault has no stages: the newest version of a secret is the "
    .. "current one. Leave stage out.")
end

local function deleted_path(name, call) return "/deletedsecrets/" .. vault_name(name, call) end

local function find_deleted(name, call)
  return (ask(call, "get", deleted_path(name, call), { handles = { ["deleted " .. name] = "value" }
    }, { [404] = false }))
end

-- Deleting and recovering go on for some seconds after they were taken.
local function settled(name, call, what, probe)
  return poll({ every = 0.5, growth = 1.5, every_max = 5, taken = ("%s: Key Vault took the %s of "
    .. "%s, but has not shown it yet."):format(call.target, what, name) }, probe)
end

local function recover(name, call)
  if find(name, nil, call) then return end
  ask(call, "post", deleted_path(name, call) .. "/recover")
  settled(name, call, "recovery", function() return find(name, nil, call) end)
end

-- Writes a new version; one that has this value already is left as it is, so that a repeated put
-- adds none. A name whose secret was deleted is free only once that is recovered.
local function write(name, given, tags, call)
  part("recover", function()
    if find_deleted(name, call) then recover(name, call) end
    return true
  end)
  part("write", function()
    local there = find(name, nil, call)
    if there and secrets.same(there.value, given) then return true end
    ask(call, "put", path_of(name, call), { json = { value = given, tags = tags },
      handles = { [name] = "value" } })
    return true
  end)
end

local put = {
  before = function(arguments, call)
    check_stage(arguments, call)
    local there = find(arguments.name, nil, call)
    local same = there ~= nil and secrets.same(there.value, arguments.value)
    return { state = state_of(arguments.name, call), sign = "+", already_so = same,
      result = same and version_value(arguments.name, there, false) or nil }
  end,
  act = function(arguments, _, call)
    write(arguments.name, arguments.value, nil, call)
    return version_value(arguments.name, find(arguments.name, nil, call), true),
      state_of(arguments.name, call)
  end,
}

local set_current = {
  before = function(arguments, call)
    check_stage(arguments, call)
    local current, wanted = find(arguments.name, nil, call),
      secrets.version(versions(arguments, call), arguments.version)
    if not wanted or wanted.stage == "retired" then
      refuse(call, "not_found", ("there is no secret %s with an enabled version %s.")
        :format(arguments.name, arguments.version))
    end
    local is = version_of(current)
    return { state = state_of(arguments.name, call), already_so = is == arguments.version,
      plan = is .. " → " .. arguments.version,
      result = { before = is, after = is, changed = false } }
  end,
  -- There is no going back to a version: its value becomes a new one, whose tag says so.
  act = function(arguments, before, call)
    local name = arguments.name
    write(name, value({ name = name, version = arguments.version }, call),
      { [restored_tag] = arguments.version }, call)
    return { before = before.current, after = version_of(find(name, nil, call)), changed = true },
      state_of(name, call)
  end,
}

local delete = {
  before = function(arguments, call)
    local there = find(arguments.name, nil, call) ~= nil
    return { state = state_of(arguments.name, call), sign = "-", already_so = not there,
      result = { changed = false } }
  end,
  act = function(arguments, _, call)
    ask(call, "delete", path_of(arguments.name, call), { handles = { ["deleted "
      .. arguments.name] = "value" } }, { [404] = false })
    local kept = settled(arguments.name, call, "deletion", function()
      return find_deleted(arguments.name, call)
    end)
    return { changed = true, kept_until_at = kept.scheduledPurgeDate }, { name = arguments.name }
  end,
}

local undelete = {
  before = function(arguments, call)
    local there = describe(arguments, call)
    if there then there.changed = false
    elseif not find_deleted(arguments.name, call) then
      refuse(call, "not_found", "there is no deleted secret " .. arguments.name .. ".")
    end
    return { state = state_of(arguments.name, call), sign = "+", already_so = there ~= nil,
      result = there }
  end,
  act = function(arguments, _, call)
    recover(arguments.name, call)
    return describe(arguments, call), state_of(arguments.name, call)
  end,
}

return {
  family = "secrets",
  name = "key_vault",
  doc = "Azure Key Vault. The newest version of a secret is the current one, so going back to an "
    .. "older one writes its value anew, with a tag that says so. A deleted secret is kept as "
    .. "long as the vault says. \"/\" in a name is \"--\" in the vault.",
  hosts = { "{url}", "{login_url}" },
  settings = {
    { name = "url", identity = true, doc = "The vault: https://NAME.vault.azure.net." },
    { name = "tenant", optional = true, doc = "The directory of the application that signs in." },
    { name = "client_id", optional = true, doc = "The application." },
    { name = "client_secret", optional = true, secret = true, doc = "Its secret." },
    { name = "token", optional = true, secret = true,
      doc = "A token for the vault, in place of an application's." },
    { name = "login_url", default = "https://login.microsoftonline.com",
      doc = "Where applications sign in." },
  },
  doctor = { checks = { "the credentials and the vault, by its secrets (list)" },
    cannot = { "whether they may set secrets: Azure tells it only by a refusal" } },
  functions = { value = value },
  operations = {
    describe = { observe = describe }, list = { observe = list }, versions = { observe = versions },
    put = put, set_current = set_current, delete = delete, undelete = undelete,
  },
}
