-- Vercel: deployments of one project, which of them serves, its variables and its pause.

local states = { QUEUED = "pending", INITIALIZING = "pending", BUILDING = "pending",
  READY = "superseded", ERROR = "failed", CANCELED = "cancelled", BLOCKED = "failed" }
local busy = { pending = true, ["in-progress"] = true }

local ask, project_path = vercel.ask, vercel.project_path

local function read_project(call)
  return (ask(call, "get", project_path(call, "/v9"), { query = { rollbackInfo = "true" } }))
end

-- A target may be the slot "preview" alone.
local function is_preview(slot, call) return (call.settings.slot or slot) == "preview" end

local function production(project) return (project.targets or {}).production or {} end

local function id_of(one) return one.uid or one.id end
local function created_of(one) return (one.createdAt or one.created or 0) / 1000 end

-- The newest deployments of production, or of the slot "preview".
local function list(call, slot, limit, more)
  local found, preview = {}, is_preview(slot, call)
  http.pages(function(until_at)
    local query = { projectId = call.settings.project, limit = 100, ["until"] = until_at,
      target = not preview and "production" or nil }
    for name, value in pairs(more or {}) do query[name] = value end
    local told = ask(call, "get", "/v7/deployments", { query = query })
    for _, one in ipairs(told.deployments) do
      if (one.target ~= "production") == preview and #found < limit then
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
  if not one or call.settings.slot and one.target == "production" then return nil end
  local project = read_project(call)
  local release = release_of(one, production(project).id)
  local over = release.state == "failed" or release.state == "cancelled"
  if over then return release, release.reason or "it was " .. release.state end
  if release.state ~= "superseded" then return release end
  local reason = why_not(call, one, project)
  release.state = reason and "superseded" or "pending"
  return release, reason
end

-- The release that is wanted: the newest one on its way, else the one that serves or shall. Nobody
-- is led to a preview, and each serves beside the others: none is gone back to.
local function wanted(slot, call)
  if is_preview(slot, call) then return nil end
  local newest = list(call, slot, 1)[1]
  if newest and judge(newest.uid, slot, call).state == "pending" then return newest.uid end
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
local function previous_release(arguments, call)
  if is_preview(arguments.slot, call) then return nil end
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
  local serving, paused, built = production(project), project.paused == true, true
  local way = newest and release_of(newest).state == "pending"
  -- A paused project's previews can still be seen.
  if is_preview(arguments.slot, call) then
    serving, paused = newest or {}, false
    built = newest and release_of(newest).state == "serving"
  end
  local id = id_of(serving)
  local well = id ~= nil and built and not paused and deploy.healthy(call.settings.health)
  return { instances = 1, instances_healthy = well and 1 or 0, release_id = id,
    maintenance = paused, since_at = id and created_of(serving),
    version = id and judge(id, nil, call).version,
    state = paused and "stopped" or way and "deploying" or well and "serving" or "degraded" }
end

local function endpoint(_, call)
  if call.settings.slot then return (list(call, nil, 1)[1] or {}).url or "" end
  local project = read_project(call)
  return call.settings.domain or (production(project).alias or {})[1]
    or project.name .. ".vercel.app"
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

local function unchanged(release, call)
  for _, one in pairs(vercel.list_variables(call)) do
    if (one.updatedAt or 0) / 1000 > release.created_at then return false end
  end
  return true
end

local function release(arguments, call)
  local link, version = read_project(call).link, arguments.version
  if not link then
    fail { code = "not_supported", message = call.target .. ": the project is connected to no "
      .. "repository, so no version of it can be released. Connect it in Vercel." }
  end
  local commit = #version == 40 and not version:find("%X")
  return make(call, {
    target = not is_preview(arguments.slot, call) and "production" or nil,
    gitSource = { type = link.type, repoId = link.repoId, projectId = link.projectId,
      ref = commit and link.productionBranch or version, sha = commit and version or nil },
  }, { perilune_version = version, perilune_message = arguments.message })
end

local function redeploy(id, slot, call)
  local body = { deploymentId = id, target = not is_preview(slot, call) and "production" or nil }
  return make(call, body, { perilune_version = judge(id, slot, call).version })
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
  vercel.check_slot(call)
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
    { name = "slot", optional = true, identity = true, choices = { "preview" },
      doc = "The target is only the project's previews, and changes nothing of production." },
    { name = "domain", optional = true, doc = "The host name; otherwise the project's first." },
    { name = "health", optional = true, doc = "A URL that answers 2xx while all is healthy." },
    { name = "secrets_as", default = "encrypted", choices = { "encrypted", "sensitive" },
      doc = "How secrets are kept. Sensitive ones can never be read, nor given back by undo." },
    { name = "url", default = "https://api.vercel.com", doc = "Where the API is." },
  },
  judge = judge, wanted = wanted, find = find, unchanged = unchanged, release = release,
  redeploy = redeploy,
  rollback = function(target, call)
    if target.slot == "preview" then
      fail { code = "cannot_roll_back", message = ("%s: %s is a preview, and production goes back "
        .. "only to what served it. Promote it."):format(call.target, target.release_id) }
    end
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
  variables = { read = vercel.read_variables, write = vercel.write_variables },
  doctor = { checks = { "the token and the project (status)" },
    cannot = { "what the token may change: it has its owner's rights, and Vercel tells them "
      .. "only by a refusal" } },
  operations = {
    status = { observe = status }, releases = { observe = releases },
    previous_release = { observe = previous_release },
    endpoint = { observe = endpoint },
  },
}
