-- Railway: deployments, variables and replicas of one service in one environment, by GraphQL.

local states = { QUEUED = "pending", WAITING = "pending", INITIALIZING = "pending",
  BUILDING = "pending", DEPLOYING = "pending", NEEDS_APPROVAL = "pending", SUCCESS = "serving",
  SLEEPING = "serving", CRASHED = "failed", FAILED = "failed", SKIPPED = "cancelled",
  REMOVED = "superseded", REMOVING = "superseded" }
local reasons = { FAILED = "its build or its health check failed", CRASHED = "it crashed",
  SKIPPED = "Railway skipped it", NEEDS_APPROVAL = "it waits for an approval in Railway" }
local shown = "id status createdAt canRollback url meta"

-- Refusals come in a 200 (Railway, "Public API"): "Not Authorized" of a token that is none, and of
-- one that may not see this.
local function ask(call, reads, document, variables, handles)
  local answer = http.post { url = call.settings.url, path = "/graphql/v2", reads = reads,
    bearer = call.settings.token, handles = handles, accept = { 400, 403 },
    headers = { ["Project-Access-Token"] = call.settings.project_token },
    json = { query = document, variables = variables } }
  local told = answer.json or {}
  local why = told.errors and told.errors[1] and tostring(told.errors[1].message)
  if not why and told.data then return told.data end
  why = why or "it answered with " .. answer.status
  local lower = why:lower()
  local denied = lower:find("not authorized", 1, true) or lower:find("token not found", 1, true)
  fail { code = denied and "credentials_refused" or lower:find("not found", 1, true)
    and "not_found" or "refused", message = ("%s: Railway refused: %s."):format(call.target, why) }
end

local function read(call, ...) return ask(call, true, ...) end
local function change(call, ...) return ask(call, false, ...) end

-- The service's own ids, with more besides.
local function ours(call, more)
  local ids = { environmentId = call.settings.environment, serviceId = call.settings.service,
    projectId = call.settings.project }
  for name, value in pairs(more or {}) do ids[name] = value end
  return ids
end

local function created_of(one) return time(one.createdAt) end
local function version_of(one) return (one.meta or {}).commitHash or one.id end

-- The newest deployments.
local function list(call, limit)
  local found = {}
  http.pages(function(after)
    local told = read(call, "query($input: DeploymentListInput!, $after: String, $first: Int) { "
      .. "deployments(input: $input, after: $after, first: $first) { edges { node { " .. shown
      .. " } } pageInfo { hasNextPage endCursor } } }", { input = ours(call), after = after,
      first = math.min(limit, 100) }).deployments
    for _, edge in ipairs(told.edges) do
      if #found < limit then found[#found + 1] = edge.node end
    end
    return nil, #found < limit and told.pageInfo.hasNextPage and told.pageInfo.endCursor or nil
  end)
  return found
end

local function release_of(one)
  local meta = one.meta or {}
  return { release_id = one.id, version = version_of(one), state = states[one.status] or "pending",
    created_at = created_of(one), url = one.url and "https://" .. one.url,
    can_roll_back = one.canRollback == true, message = meta.commitMessage,
    reason = reasons[one.status] }
end

local function judge(id, _, call)
  local known, told = pcall(read, call, "query($id: String!) { deployment(id: $id) { " .. shown
    .. " } }", { id = id })
  if not known and told.code == "not_found" then return nil end
  if not known then error(told, 0) end
  local release = release_of(told.deployment)
  if release.state == "superseded" then return release, "another release serves" end
  return release, release.state ~= "serving" and release.reason or nil
end

-- What serves: the newest that came up, though it may have crashed since.
local function serving_of(deployments)
  for _, one in ipairs(deployments) do
    if states[one.status] == "serving" or one.status == "CRASHED" then return one end
  end
end

local function wanted(_, call)
  for _, one in ipairs(list(call, 20)) do
    if states[one.status] == "pending" or serving_of { one } then return one.id end
  end
end

-- Railway keeps no key of an intent: its deployment is one of that version, newer than what was
-- wanted before, and not over.
local function find(call, version, before)
  if not version then return nil end
  local old = before and before.release_id and judge(before.release_id, nil, call)
  for _, one in ipairs(list(call, 20)) do
    local state = states[one.status]
    if old and created_of(one) <= old.created_at then return nil end
    if version_of(one) == version and (state == "pending" or state == "serving") then
      return release_of(one)
    end
  end
end

local function needed(call, version, before)
  return poll({ every = 0.2, growth = 1.5, within = 30,
    taken = call.target .. ": Railway took the change, but shows no deployment of it yet." },
    function() return find(call, version, before) end)
end

local function releases(arguments, call)
  local found = {}
  for index, one in ipairs(list(call, arguments.limit or 20)) do found[index] = release_of(one) end
  return found
end

local function previous_release(_, call)
  local deployments = list(call, 100)
  local serving = serving_of(deployments)
  for _, one in ipairs(deployments) do
    local older = serving and created_of(one) < created_of(serving)
      and version_of(one) ~= version_of(serving)
    if older and states[one.status] == "superseded" then return release_of(one) end
  end
end

local function read_regions(call)
  local config = read(call, "query($id: String!) { environment(id: $id) { config } }",
    { id = call.settings.environment }).environment.config
  local service = ((config or {}).services or {})[call.settings.service] or {}
  return (service.deploy or {}).multiRegionConfig or {}
end

local function instances_of(call)
  local count, regions = 0, 0
  for _, region in pairs(read_regions(call)) do
    count, regions = count + (region.numReplicas or 1), regions + 1
  end
  if regions > 0 then return count end
  return read(call, "query($environmentId: String!, $serviceId: String!) { serviceInstance("
    .. "environmentId: $environmentId, serviceId: $serviceId) { numReplicas } }",
    { environmentId = call.settings.environment, serviceId = call.settings.service })
    .serviceInstance.numReplicas or 1
end

-- As Railway's own program does it: as a change of the environment, which takes effect by itself.
local function scale(count, call)
  local names = {}
  for name in pairs(read_regions(call)) do names[#names + 1] = name end
  if #names > 1 then
    fail { code = "not_supported", message = ("%s: the service has replicas in %s. Scale it in "
      .. "Railway, region by region."):format(call.target, table.concat(names, ", ")) }
  end
  local region = names[1] or read(call, "query($environmentId: String!, $serviceId: String!) { "
    .. "serviceInstance(environmentId: $environmentId, serviceId: $serviceId) { region } }",
    { environmentId = call.settings.environment, serviceId = call.settings.service })
    .serviceInstance.region
  change(call, "mutation($id: String!, $patch: EnvironmentConfig) { environmentPatchCommit("
    .. "environmentId: $id, patch: $patch, commitMessage: \"Scaled by a runbook\") }",
    { id = call.settings.environment, patch = { services = { [call.settings.service] = {
      deploy = { multiRegionConfig = { [region] = { numReplicas = count } } } } } } })
end

local function status(_, call)
  local deployments, instances = list(call, 20), instances_of(call)
  local serving = serving_of(deployments)
  local well = serving and serving.status ~= "CRASHED" and deploy.healthy(call.settings.health)
  local way = deployments[1] and states[deployments[1].status] == "pending"
  return { instances = instances, instances_healthy = well and instances or 0,
    maintenance = false, version = serving and version_of(serving),
    release_id = serving and serving.id, since_at = serving and created_of(serving),
    state = way and "deploying" or well and "serving" or serving and "degraded" or "stopped" }
end

local function endpoint(_, call)
  if call.settings.domain then return call.settings.domain end
  local told = read(call, "query($environmentId: String!, $projectId: String!, $serviceId: String!)"
    .. " { domains(environmentId: $environmentId, projectId: $projectId, serviceId: $serviceId) { "
    .. "customDomains { domain } serviceDomains { domain } } }", ours(call)).domains
  local first = told.customDomains[1] or told.serviceDomains[1]
  if first then return first.domain end
  fail { code = "not_found", message = call.target .. ": the service has no domain in Railway." }
end

local function logs(arguments, call)
  local serving = serving_of(list(call, 20))
  if not serving then return { lines = {}, truncated = false } end
  local most = math.min(arguments.lines_max, 5000)
  local told = read(call, "query($id: String!, $limit: Int, $filter: String, $start: DateTime, "
    .. "$end: DateTime) { deploymentLogs(deploymentId: $id, limit: $limit, filter: $filter, "
    .. "startDate: $start, endDate: $end) { message timestamp } }", { id = serving.id,
    limit = most, filter = arguments.contains and json.encode(arguments.contains) or nil,
    start = date(nil, arguments.since), ["end"] = arguments.to and date(nil, arguments.to) or nil })
  local lines = {}
  for _, one in ipairs(told.deploymentLogs) do
    if one.message:find(arguments.contains or "", 1, true) then
      lines[#lines + 1] = { at = time(one.timestamp), text = one.message, source = serving.id }
    end
  end
  return { lines = lines, truncated = #told.deploymentLogs == most }
end

-- A deployment newer than what was wanted before, of the version that was asked for or, where none
-- was, of another one than then that had served earlier.
local function rolled_back(call, arguments, before)
  local target = arguments.release_id and judge(arguments.release_id, nil, call)
  if target then return find(call, target.version, before) end
  local old = before and before.release_id and judge(before.release_id, nil, call)
  if not old then return nil end
  local deployments, newer = list(call, 100), nil
  for _, one in ipairs(deployments) do
    local state, version = states[one.status], version_of(one)
    local later, well = created_of(one) > old.created_at, state == "pending" or state == "serving"
    if later and well and version ~= old.version then newer = newer or one end
    if not later and newer and version == version_of(newer) then return release_of(newer) end
  end
end

local function roll_back(target, call, before)
  change(call, "mutation($id: String!) { deploymentRollback(id: $id) }", { id = target.release_id })
  return needed(call, target.version, before)
end

-- Every value is read as a handle. Variables that Railway sets itself are no one's to change.
local function read_variables(call)
  local told = read(call, "query($projectId: String!, $environmentId: String!, $serviceId: String) "
    .. "{ variables(projectId: $projectId, environmentId: $environmentId, serviceId: $serviceId, "
    .. "unrendered: true) }", ours(call), { variable = "data.variables.*" }).variables
  local values = {}
  for name, value in pairs(told) do
    if name:sub(1, 8) ~= "RAILWAY_" then values[name] = value end
  end
  return values
end

local function write_variables(values, call)
  local set, gone = {}, {}
  for name, value in pairs(values) do
    if value == false then gone[#gone + 1] = name else set[name] = value end
  end
  if next(set) then
    change(call, "mutation($input: VariableCollectionUpsertInput!) { variableCollectionUpsert("
      .. "input: $input) }", { input = ours(call, { variables = set, skipDeploys = true }) })
  end
  local there = #gone > 0 and read_variables(call) or {}
  for _, name in ipairs(gone) do
    if there[name] then
      change(call, "mutation($input: VariableDeleteInput!) { variableDelete(input: $input) }",
        { input = ours(call, { name = name }) })
    end
  end
end

return {
  family = "deploy", name = "railway",
  doc = "A service on Railway in one environment. A version is a commit; going back makes a new "
    .. "deployment of the old image and its variables. Variables are shown by their digest only. "
    .. "Railway keeps no key of a request: a release whose answer was lost is found by its version "
    .. "and time. Where a variable is taken away, Railway deploys by itself at once.",
  hosts = { "{url}", "{health}" },
  settings = {
    { name = "project", identity = true, doc = "The project's id." },
    { name = "environment", identity = true, doc = "The environment's id." },
    { name = "service", identity = true, doc = "The service's id." },
    { name = "token", secret = true, optional = true, doc = "A token of an account or workspace." },
    { name = "project_token", secret = true, optional = true, doc = "Or one of the project." },
    { name = "domain", optional = true, doc = "The host name; otherwise the service's first." },
    { name = "health", optional = true, doc = "A URL that answers 2xx while all is healthy." },
    { name = "url", default = "https://backboard.railway.com", doc = "Where the API is." },
  },
  judge = judge, wanted = wanted, find = find,
  unchanged = function() return false end,
  release = function(arguments, call)
    local id = change(call, "mutation($commit: String!, $environmentId: String!, "
      .. "$serviceId: String!) { serviceInstanceDeployV2(commitSha: $commit, environmentId: "
      .. "$environmentId, serviceId: $serviceId) }", { commit = arguments.version,
      environmentId = call.settings.environment, serviceId = call.settings.service })
      .serviceInstanceDeployV2
    return (judge(id, nil, call))
  end,
  redeploy = function(id, _, call)
    return release_of(change(call, "mutation($id: String!) { deploymentRedeploy(id: $id) { "
      .. shown .. " } }", { id = id }).deploymentRedeploy)
  end,
  rolled_back = rolled_back,
  rollback = roll_back,
  promote = function(id, call, before)
    local target = judge(id, nil, call)
    return find(call, target.version, before) or roll_back(target, call, before)
  end,
  cancel = function(id, call)
    change(call, "mutation($id: String!) { deploymentCancel(id: $id) }", { id = id })
    return (judge(id, nil, call))
  end,
  instances = { read = instances_of, write = scale },
  variables = { read = read_variables, write = write_variables },
  operations = {
    status = { observe = status }, releases = { observe = releases },
    previous_release = { observe = previous_release },
    endpoint = { observe = endpoint }, logs = { observe = logs },
  },
}
