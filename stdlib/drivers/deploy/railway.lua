-- Railway: deployments, variables and replicas of one service in one environment, by GraphQL.

local read, change, ours, list = railway.read, railway.change, railway.ours, railway.list
local created_of, version_of, release_of = railway.created_of, railway.version_of,
  railway.release_of
local serving_of = railway.serving_of

local function deployment_of(id, call)
  local known, told = pcall(read, call, "query($id: String!) { deployment(id: $id) { "
    .. railway.shown .. " } }", { id = id })
  if known then return told.deployment end
  if told.code ~= "not_found" then error(told, 0) end
end

local function judge(id, _, call)
  local one = deployment_of(id, call)
  if not one then return nil end
  local release = release_of(one)
  if release.state == "superseded" then return release, "another release serves" end
  return release, release.state ~= "serving" and release.reason or nil
end

local function wanted(_, call)
  for _, one in ipairs(list(call, 20)) do
    if railway.is_pending(one) or serving_of { one } then return one.id end
  end
end

-- Railway keeps no key of an intent: its deployment is one of that version, newer than what was
-- wanted before, and not over.
local function find(call, version, before)
  if not version then return nil end
  local old = before and before.release_id and judge(before.release_id, nil, call)
  for _, one in ipairs(list(call, 20)) do
    if old and created_of(one) <= old.created_at then return nil end
    if version_of(one) == version and railway.is_well(one) then return release_of(one) end
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
    if older and railway.is_superseded(one) then return release_of(one) end
  end
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
    local later, version = created_of(one) > old.created_at, version_of(one)
    if later and railway.is_well(one) and version ~= old.version then newer = newer or one end
    if not later and newer and version == version_of(newer) then return release_of(newer) end
  end
end

local function roll_back(target, call, before)
  change(call, "mutation($id: String!) { deploymentRollback(id: $id) }", { id = target.release_id })
  return needed(call, target.version, before)
end

-- Railway does not tell which are secret, so every value is read as a handle, but those that the
-- environment names as plain. Variables that Railway sets itself are no one's to change.
local function read_variables(call)
  local told = read(call, "query($projectId: String!, $environmentId: String!, $serviceId: String) "
    .. "{ variables(projectId: $projectId, environmentId: $environmentId, serviceId: $serviceId, "
    .. "unrendered: true) }", ours(call), { variable = { field = "data.variables.*",
    except = call.settings.plain } }).variables
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
    .. "deployment of the old image and its variables, as redeploy and `apply: now` make one "
    .. "of the old image with today's; what Railway has no image of any more is built again. "
    .. "Variables are shown by their digest, but those that `plain` names. Railway keeps no "
    .. "key of a request: a release whose answer was lost is found by its version and time. "
    .. "Where a variable is taken away, Railway deploys by itself at once. `instances_healthy` "
    .. "counts the instances that Railway calls running, so a scale shows in it only once it "
    .. "has happened; that they answer only `health` can tell, for all of them together, and "
    .. "one that sleeps may count. Railway has no service of 0 instances: `scale` to 0 stops "
    .. "what serves, and the next release starts instances again. `stop` returns when Railway "
    .. "says of every deployment that it has stopped, and shows no instance of it; of a "
    .. "machine that Railway itself has lost, it tells nothing.",
  hosts = { "{url}", "{health}" },
  settings = {
    { name = "project", identity = true, doc = "The project's id." },
    { name = "environment", identity = true, doc = "The environment's id." },
    { name = "service", identity = true, doc = "The service's id." },
    { name = "token", secret = true, optional = true, doc = "A token of an account or workspace." },
    { name = "project_token", secret = true, optional = true, doc = "Or one of the project." },
    { name = "domain", optional = true, doc = "The host name; otherwise the service's first." },
    { name = "health", optional = true, doc = "A URL that answers 2xx while all is healthy." },
    { name = "plain", type = "list", optional = true,
      doc = "Names of variables that are no secrets, such as NODE_ENV. All others are kept out of "
        .. "everything that is shown, and a run that needs one of fewer than 6 bytes is refused." },
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
    return release_of(railway.redeploy(deployment_of(id, call), call))
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
  instances = { read = railway_instances.read, write = railway_instances.scale },
  variables = { read = read_variables, write = write_variables },
  doctor = { checks = { "the token and the service, by its deployments (status)" },
    cannot = { "whether the token may deploy: Railway tells it only by a refusal" } },
  operations = {
    status = { observe = railway_instances.status }, releases = { observe = releases },
    previous_release = { observe = previous_release },
    endpoint = { observe = endpoint }, logs = { observe = logs },
    stop = railway_instances.stop, start = railway_instances.start,
  },
}
