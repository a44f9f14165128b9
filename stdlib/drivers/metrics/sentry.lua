-- Sentry's releases and their deploys.

local ask = api.of {
  name = "Sentry",
  request = function(call) return { bearer = call.settings.token } end,
  why = function(told, status)
    if told.detail then return nil, tostring(told.detail), status == 403 end
    local found = {}
    for field, texts in pairs(told) do
      found[#found + 1] = tostring(field) .. ": "
        .. (type(texts) == "table" and table.concat(texts, ", ") or tostring(texts))
    end
    table.sort(found)
    return nil, table.concat(found, "; "), status == 403
  end,
}

local function path_of(call, version)
  return "/api/0/organizations/" .. call.settings.organization .. "/releases/"
    .. (version and forges.piece(version) .. "/" or "")
end

local function name_of(call) return "perilune " .. call.key end

local function own_deploy(call, version)
  local found = ask(call, "get", path_of(call, version) .. "deploys/", nil, { [404] = false })
  for _, one in ipairs(found or {}) do
    if one.name == name_of(call) then return one end
  end
end

-- 208 says that there is such a release.
local function make_release(arguments, call)
  local _, status = ask(call, "post", path_of(call), { json = { version = arguments.version,
    projects = call.settings.projects, url = arguments.url } })
  return { id = arguments.version, changed = status == 201 }
end

local record_deployment = {
  before = function(arguments, call)
    if arguments.state == "started" then
      local there = ask(call, "get", path_of(call, arguments.version), nil, { [404] = false })
      return { already_so = there ~= nil, result = { id = arguments.version, changed = false } }
    end
    if arguments.state == "succeeded" then return {} end
    fail { code = "not_supported", message = ("%s: Sentry keeps no deployment that is %s. Record "
      .. "the version that serves now as succeeded."):format(call.target,
      (arguments.state:gsub("_", " "))) }
  end,
  act = function(arguments, _, call)
    local release = part("release", function() return make_release(arguments, call) end)
    if arguments.state == "started" then return release end
    return part("deploy", function()
      local there = own_deploy(call, arguments.version)
      if there then return { id = tostring(there.id), changed = true } end
      local made = ask(call, "post", path_of(call, arguments.version) .. "deploys/", { json = {
        environment = call.settings.environment, name = name_of(call), url = arguments.url } })
      return { id = tostring(made.id), changed = true }
    end)
  end,
  look = function(arguments, _, call)
    if arguments.state == "started" then
      local there = ask(call, "get", path_of(call, arguments.version), nil, { [404] = false })
      if there then return "happened", { id = arguments.version, changed = true } end
      return "did_not", "Sentry has no release " .. arguments.version
    end
    local there = own_deploy(call, arguments.version)
    if there then return "happened", { id = tostring(there.id), changed = true } end
    return "did_not", "the release has no deploy of this change"
  end,
}

return {
  family = "metrics",
  name = "sentry",
  doc = "Sentry's releases: one that is started is made as a release, one that succeeded becomes a "
    .. "deploy of it. Sentry keeps no failed deployments.",
  hosts = { "{url}" },
  lacks = { "read", "range" },
  settings = {
    { name = "organization", identity = true, doc = "The organisation's slug." },
    { name = "projects", type = "list", doc = "The slugs of the projects that releases are of." },
    { name = "environment", default = "production", doc = "The environment that is deployed to." },
    { name = "token", secret = true, doc = "A token with the scope project:releases." },
    { name = "url", default = "https://sentry.io", doc = "Where the API is." },
  },
  doctor = { checks = { "the token and the organisation, by its list of releases" },
    cannot = { "whether the token may write releases: Sentry tells it only by one" },
    ask = function(say, call)
      if say.try("the releases", function()
        return ask(call, "get", ("/api/0/organizations/%s/releases/"):format(
          call.settings.organization), { query = { per_page = 1 } })
      end) then say.well("Sentry lists the releases of " .. call.settings.organization) end
    end },
  operations = { record_deployment = record_deployment },
}
