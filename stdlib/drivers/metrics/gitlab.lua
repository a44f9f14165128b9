-- GitLab's deployments of a project: records of what is deployed, and of how that ended.

local ask = forges.gitlab
local states = { started = "running", succeeded = "success", failed = "failed",
  rolled_back = "canceled" }

-- A version is a tag, or else anything that names a commit.
local function commit_of(call, version)
  local tag = ask(call, "get", "/repository/tags/" .. forges.piece(version), nil,
    { [404] = false })
  if tag then return { sha = tag.commit.id, ref = version, tag = true } end
  local commit = ask(call, "get", "/repository/commits/" .. forges.piece(version), nil,
    { [404] = false })
  if commit then return { sha = commit.id, ref = call.settings.ref, tag = false } end
  fail { code = "not_found", message = ("%s: GitLab's project %s has no commit or tag %s.")
    :format(call.target, call.settings.project, version) }
end

-- The newest deployment of a commit in this environment, { id, status }; nil where none is among
-- the newest hundred.
local function newest_of(call, sha)
  for _, one in ipairs(ask(call, "get", "/deployments", { query = { per_page = 100,
    environment = call.settings.environment, order_by = "id", sort = "desc" } })) do
    if one.sha == sha then return { id = one.id, status = one.status } end
  end
end

local function result_of(deployment, changed)
  return { id = ("%.0f"):format(deployment.id), changed = changed }
end

-- A deployment has no field for whose it is: what was there before tells them apart.
local record_deployment = {
  before = function(arguments, call)
    local commit = commit_of(call, arguments.version)
    commit.newest = newest_of(call, commit.sha)
    local status = states[arguments.state]
    local already_so = arguments.state ~= "started" and commit.newest ~= nil
      and commit.newest.status == status
    return { state = commit, already_so = already_so,
      result = already_so and result_of(commit.newest, false) or nil }
  end,
  act = function(arguments, commit, call)
    local status, newest = states[arguments.state], commit.newest
    if newest and (newest.status == "running" or newest.status == "created")
      and arguments.state ~= "started" then
      ask(call, "put", ("/deployments/%.0f"):format(newest.id), { json = { status = status } })
      return result_of(newest, true)
    end
    return result_of(ask(call, "post", "/deployments", { json = { sha = commit.sha,
      ref = commit.ref, tag = commit.tag, status = status,
      environment = call.settings.environment } }), true)
  end,
  look = function(arguments, commit, call)
    local now_there, was = newest_of(call, commit.sha), commit.newest or {}
    local new = now_there and now_there.id ~= was.id
    local moved = now_there and now_there.status ~= was.status
    if now_there and (new or moved) and now_there.status == states[arguments.state] then
      return "happened", result_of(now_there, true)
    end
    return "did_not", "the newest deployment of " .. commit.sha .. " is as it was"
  end,
}

return {
  family = "metrics",
  name = "gitlab",
  doc = "GitLab's deployments. A version is a tag, or anything that names a commit.",
  hosts = { "{url}" },
  lacks = { "read", "range" },
  settings = {
    { name = "project", identity = true, doc = "The project's id or path." },
    { name = "environment", identity = true, default = "production",
      doc = "The environment that is deployed to." },
    { name = "ref", default = "main", doc = "The branch that commits without a tag are of." },
    { name = "token", secret = true, doc = "A token with the scope api." },
    { name = "url", default = "https://gitlab.com", doc = "Where GitLab is." },
  },
  doctor = { checks = { "the token and its scopes", "the project" },
    ask = function(say, call)
      forges.gitlab_token(say, call)
      if say.try("the project", function()
        return forges.gitlab(call, "get", "/deployments", { query = { per_page = 1 } })
      end) then say.well("GitLab lists the deployments of " .. call.settings.project) end
    end },
  operations = { record_deployment = record_deployment },
}
