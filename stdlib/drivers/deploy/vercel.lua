-- Vercel: deployments of one project, which of them serves, its variables and its pause.

local states = { QUEUED = "pending", INITIALIZING = "pending", BUILDING = "pending",
  READY = "superseded", ERROR = "failed", CANCELED = "cancelled", BLOCKED = "failed" }
local busy = { pending = true, ["in-progress"] = true }

local ask = api.of {
  name = "Vercel",
  request = function(call)
    return { bearer = call.settings.token, query = { teamId = call.settings.team } }
  end,
  why = function(told)
    local why = type(told.error) == "table" and told.error or {}
    return why.code, why.message, why.invalidToken or why.code == "forbidden"
  end,
}

local function project_path(call, version, rest)
  return version .. "/projects/" .. call.settings.project .. (rest or "")
end

local function read_project(call)
  return (ask(call, "get", project_path(call, "/v9"), { query = { rollbackInfo = "true" } }))
end

local function production(project) return (project.targets or {}).production or {} end

local function id_of(one) return one.uid or one.id end
local function created_of(one) return (one.createdAt or one.created or 0) / 1000 end

-- The newest deployments of production, or of the slot "preview".
local function list(call, slot, limit, more)
  local found = {}
  http.pages(function(until_at)
    local query = { projectId = call.settings.project, limit = 100, ["until"] = until_at,
      target = slot ~= "preview" and "production" or nil }
    for name, value in pairs(more or {}) do query[name] = value end
    local told = ask(call, "get", "/v7/deployments", { query = query })
    for _, one in ipairs(told.deployments) do
      if (one.target ~= "production") == (slot == "preview") and #found < limit then
        found[#found + 1] = one
      end
    end
    return nil, #found < limit and told.pagination.next or nil
  end)
  return found
end

local function release_of(one, serving)
  local id, meta, preview = id_of(one), one.meta or {}, one.target ~= "production"
  local state = states[one.readyState or one.state] or "pending"
  if state == "superseded" and (id == serving or preview) then state = "serving" end
  return { release_id = id, state = state, created_at = created_of(one),
    version = meta.perilune_version or meta.githubCommitSha or meta.gitlabCommitSha
      or meta.bitbucketCommitSha or id,
    slot = preview and "preview" or nil, url = one.url and "https://" .. one.url,
    message = meta.perilune_message, reason = one.errorMessage or one.errorCode,
    can_roll_back = one.isRollbackCandidate ~= false and state == "superseded" }
end

-- Why a deployment that is built will not serve; nil while it still may.
local function why_not(call, one, project)
  local serving, job = production(project), project.lastAliasRequest or {}
  if job.toDeploymentId == one.id and job.jobStatus ~= "succeeded" then
    return not busy[job.jobStatus] and "moving the domains to it was " .. job.jobStatus or nil
  end
  if one.aliasError then return one.aliasError.message end
  if job.toDeploymentId == serving.id and (job.requestedAt or 0) / 1000 > created_of(one) then
    return ("the domains were given to %s since"):format(serving.id)
  end
  if created_of(serving) > created_of(one) then return "a newer release serves" end
  if project.autoAssignCustomDomains == false then
    return "it is built, but since a rollback no release gets the domains by itself. Promote it"
  end
end

local function judge(id, _, call)
  local one = ask(call, "get", "/v13/deployments/" .. id, nil, { [404] = false })
  if not one then return nil end
  local project = read_project(call)
  local release = release_of(one, production(project).id)
  local over = release.state == "failed" or release.state == "cancelled"
  if over then return release, release.reason or "it was " .. release.state end
  if release.state ~= "superseded" then return release end
  local reason = why_not(call, one, project)
  release.state = reason and "superseded" or "pending"
  return release, reason
end

-- The release that is wanted: the newest one on its way, else the one that serves or shall.
local function wanted(slot, call)
  local newest = list(call, slot, 1)[1]
  if newest and (slot == "preview" or judge(newest.uid, slot, call).state == "pending") then
    return newest.uid
  end
  local project = read_project(call)
  local job = project.lastAliasRequest or {}
  return busy[job.jobStatus] and job.toDeploymentId or production(project).id
end

local function releases(arguments, call)
  local serving, found = production(read_project(call)).id, {}
  for index, one in ipairs(list(call, arguments.slot, arguments.limit or 20)) do
    found[index] = release_of(one, serving)
  end
  return found
end

-- The newest before the serving one, but not one that was rolled back from.
local function previous_release(_, call)
  local project = read_project(call)
  local serving, job = production(project), project.lastAliasRequest or {}
  local left = job.type == "rollback" and job.fromDeploymentId
  for _, one in ipairs(list(call, nil, 20, { rollbackCandidate = "true", state = "READY" })) do
    local before = one.uid ~= serving.id and created_of(one) <= created_of(serving)
    if before and one.uid ~= left then return release_of(one, serving.id) end
  end
end

local function status(arguments, call)
  local project, newest = read_project(call), list(call, arguments.slot, 1)[1]
  local serving = production(project)
  if arguments.slot == "preview" then serving = newest or {} end
  local well = id_of(serving) ~= nil and not project.paused
    and deploy.healthy(call.settings.health)
  local way = newest and release_of(newest).state == "pending"
  return { instances = 1, instances_healthy = well and 1 or 0, release_id = id_of(serving),
    maintenance = project.paused == true, since_at = id_of(serving) and created_of(serving),
    version = id_of(serving) and judge(id_of(serving), nil, call).version,
    state = project.paused and "stopped" or way and "deploying" or well and "serving"
      or "degraded" }
end

local function find(call)
  for _, slot in ipairs { "production", "preview" } do
    for _, one in ipairs(list(call, slot, 20)) do
      if (one.meta or {}).perilune == call.key then return release_of(one) end
    end
  end
end

-- Makes a deployment that carries the intent's key.
local function make(call, body, meta)
  local project = read_project(call)
  body.name, body.project, body.meta = project.name, project.id, { perilune = call.key }
  for name, value in pairs(meta) do body.meta[name] = value end
  return release_of((ask(call, "post", "/v13/deployments", { json = body,
    query = { forceNew = "1", skipAutoDetectionConfirmation = "1" } },
    { incorrect_git_source_info = "not_found", not_found = "not_found" })))
end

local function read_variables(call, names)
  local asked, values = {}, {}
  for _, name in ipairs(names or {}) do asked[name] = true end
  local told = ask(call, "get", project_path(call, "/v10", "/env"))
  for _, one in ipairs(told.envs or {}) do
    local targets = type(one.target) == "table" and one.target or { one.target }
    local ours = not one.gitBranch and (not names or asked[one.key])
    for _, target in ipairs(ours and targets or {}) do
      if target == "production" then values[one.key] = one end
    end
  end
  return values
end

-- What Vercel encrypts it opens one by one; sensitive values it shows to nobody.
local function values_of(call, names)
  local values = read_variables(call, names)
  for name, one in pairs(values) do
    if one.type == "encrypted" then
      local told = ask(call, "get", project_path(call, "/v1", "/env/" .. one.id),
        { handles = { [name] = "value" } })
      values[name] = told.value
    else
      values[name] = one.type == "plain" and one.value or true
    end
  end
  return values
end

local function write_variables(values, call)
  local there, set, gone = read_variables(call), {}, {}
  for name, value in pairs(values) do
    local one = there[name] or {}
    if type(one.target) == "table" and #one.target > 1 then
      fail { code = "shared_variable", message = ("%s: the variable %s is one for %s. Split it in "
        .. "Vercel first, so that production's can be changed alone."):format(call.target, name,
        table.concat(one.target, ", ")) }
    end
    if value == false then
      gone[#gone + 1] = one.id
    else
      set[#set + 1] = { key = name, value = value, target = { "production" },
        type = deploy.is_secret(value) and call.settings.secrets_as or "plain" }
    end
  end
  if #set > 0 then
    local told = ask(call, "post", project_path(call, "/v10", "/env"),
      { query = { upsert = "true" }, json = set })
    for _, one in ipairs(told.failed or {}) do
      fail { code = "unexpected_status", message = ("%s: Vercel did not take the variable %s: %s")
        :format(call.target, tostring(one.error.key or one.error.envVarKey), one.error.message) }
    end
  end
  if #gone == 0 then return end
  ask(call, "delete", project_path(call, "/v1", "/env"), { json = { ids = gone } })
end

local function unchanged(release, call)
  for _, one in pairs(read_variables(call)) do
    if (one.updatedAt or 0) / 1000 > release.created_at then return false end
  end
  return release.slot ~= "preview"
end

local function release(arguments, call)
  local link, version = read_project(call).link, arguments.version
  if not link then
    fail { code = "not_supported", message = call.target .. ": the project is connected to no "
      .. "repository, so no version of it can be released. Connect it in Vercel." }
  end
  local commit = #version == 40 and not version:find("%X")
  return make(call, {
    target = arguments.slot ~= "preview" and "production" or nil,
    gitSource = { type = link.type, repoId = link.repoId, projectId = link.projectId,
      ref = commit and link.productionBranch or version, sha = commit and version or nil },
  }, { perilune_version = version, perilune_message = arguments.message })
end

local function redeploy(id, slot, call)
  return make(call, { deploymentId = id, target = slot ~= "preview" and "production" or nil },
    { perilune_version = judge(id, slot, call).version })
end

-- Gives the domains to a deployment that is built; what a rollback says of itself has its key.
local function move(call, version, word, id, query)
  local cannot = "cannot_roll_back"
  ask(call, "post", ("%s/projects/%s/%s/%s"):format(version, read_project(call).id, word, id),
    { query = query }, { [402] = cannot, [410] = cannot, [422] = cannot })
  return (judge(id, nil, call))
end

local function rolled_back(call)
  local project = read_project(call)
  local told = (project.rollbackDescription or {}).description or ""
  return told:find(call.key, 1, true)
    and judge(project.lastAliasRequest.toDeploymentId, nil, call) or nil
end

-- A preview was built with other variables: to promote it, Vercel builds it anew.
local function promote(id, call)
  local one = judge(id, nil, call)
  if one.slot == "preview" then return find(call) or redeploy(id, nil, call) end
  return wanted(nil, call) == id and one or move(call, "/v10", "promote", id)
end

return {
  family = "deploy", name = "vercel",
  doc = "A project on Vercel. A version is a commit, branch or tag of its repository; releases are "
    .. "deployments of production, or of the slot \"preview\". Vercel has no number of instances: "
    .. "there is one. In maintenance the project is paused, and its visitors are told so (503).",
  hosts = { "{url}", "{health}" },
  settings = {
    { name = "project", identity = true, doc = "The project's id or name." },
    { name = "team", optional = true, identity = true, doc = "The id of the team it belongs to." },
    { name = "token", secret = true, doc = "An access token." },
    { name = "domain", optional = true, doc = "The host name; otherwise the project's first." },
    { name = "health", optional = true, doc = "A URL that answers 2xx while all is healthy." },
    { name = "secrets_as", default = "encrypted", choices = { "encrypted", "sensitive" },
      doc = "How secrets are kept. Sensitive ones can never be read, nor given back by undo." },
    { name = "url", default = "https://api.vercel.com", doc = "Where the API is." },
  },
  judge = judge, wanted = wanted, find = find, unchanged = unchanged, release = release,
  redeploy = redeploy,
  rollback = function(target, call)
    return move(call, "/v1", "rollback", target.release_id,
      { description = "perilune " .. call.key })
  end,
  rolled_back = rolled_back, promote = promote,
  cancel = function(id, call)
    return release_of((ask(call, "patch", "/v12/deployments/" .. id .. "/cancel")))
  end,
  maintenance = {
    read = function(call) return read_project(call).paused == true end,
    write = function(on, _, call)
      ask(call, "post", ("/v1/projects/%s/%s"):format(read_project(call).id,
        on and "pause" or "unpause"))
    end,
  },
  variables = { read = values_of, write = write_variables },
  operations = {
    status = { observe = status }, releases = { observe = releases },
    previous_release = { observe = previous_release },
    endpoint = { observe = function(_, call)
      local project = read_project(call)
      return call.settings.domain or (production(project).alias or {})[1]
        or project.name .. ".vercel.app"
    end },
  },
}
