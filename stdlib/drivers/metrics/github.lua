-- GitHub's deployments of a repository: records of what is deployed, and of how that ended.

local ask = forges.github
local states = { started = "in_progress", succeeded = "success", failed = "failure",
  rolled_back = "inactive" }

-- The deployments of a version in this environment, newest first.
local function deployments_of(call, version)
  return ask(call, "get", "/deployments", { query = { ref = version, per_page = 30,
    environment = call.settings.environment } })
end

local function description_of(call) return "perilune " .. call.key end

local function own_deployment(call, version)
  for _, one in ipairs(deployments_of(call, version)) do
    if one.description == description_of(call) then return one end
  end
end

local function own_status(call, deployment)
  local path = ("/deployments/%.0f/statuses"):format(deployment)
  for _, one in ipairs(ask(call, "get", path, { query = { per_page = 100 } })) do
    if one.description == description_of(call) then return one end
  end
end

-- What is started is a deployment of its own; how it ended is told of the newest one.
local function deployment_for(arguments, call)
  local there = own_deployment(call, arguments.version)
    or arguments.state ~= "started" and deployments_of(call, arguments.version)[1]
  if there then return there.id end
  local made, status = ask(call, "post", "/deployments", { json = { ref = arguments.version,
    environment = call.settings.environment, auto_merge = false,
    required_contexts = json.empty_list, description = description_of(call) } })
  if status == 201 then return made.id end
  fail { code = "refused", message = ("%s: GitHub made no deployment of %s: %s"):format(call.target,
    arguments.version, tostring(made.message)) }
end

local record_deployment = {
  act = function(arguments, _, call)
    local id = part("deployment", function() return deployment_for(arguments, call) end)
    part("status", function()
      if own_status(call, id) then return true end
      ask(call, "post", ("/deployments/%.0f/statuses"):format(id), { json = {
        state = states[arguments.state], description = description_of(call),
        log_url = arguments.url } })
      return true
    end)
    return { id = ("%.0f"):format(id), changed = true }
  end,
  -- The status is the last of it, and stands at one of the version's deployments.
  look = function(arguments, _, call)
    for _, one in ipairs(deployments_of(call, arguments.version)) do
      if own_status(call, one.id) then
        return "happened", { id = ("%.0f"):format(one.id), changed = true }
      end
    end
    return "did_not", "no deployment of " .. arguments.version .. " has a status of this change"
  end,
}

return {
  family = "metrics",
  name = "github",
  doc = "GitHub's deployments. A version is a branch, a tag or a commit of the repository.",
  hosts = { "{url}" },
  lacks = { "read", "range" },
  settings = {
    { name = "repository", identity = true, doc = "OWNER/NAME." },
    { name = "environment", identity = true, default = "production",
      doc = "The environment that is deployed to." },
    { name = "token", secret = true, doc = "A token that may write deployments." },
    { name = "url", default = "https://api.github.com", doc = "Where the API is." },
  },
  doctor = { checks = { "the token and its scopes, where it is a classic one", "the repository" },
    cannot = { "the permissions of a fine-grained token: GitHub tells them only by a refusal" },
    ask = function(say, call)
      forges.github_token(say, call, { "repo", "repo_deployment" })
      if say.try("the repository", function()
        return ask(call, "get", "/deployments", { query = { per_page = 1,
          environment = call.settings.environment } })
      end) then say.well("GitHub lists the deployments of " .. call.settings.repository) end
    end },
  operations = { record_deployment = record_deployment },
}
