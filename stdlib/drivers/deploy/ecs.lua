-- Amazon ECS: a service's releases are revisions of its task definition.
--
-- A revision that the driver registers carries tags: the intent's key, the release before it, and,
-- where it only holds new variables and is no release, "perilune-variables".

local name_of = aws_tasks.name_of
local place_of, all_places, only_place = aws_services.place_of, aws_services.all_places,
  aws_services.only_place
local service_of, id_of, parse = aws_services.service_of, aws_services.id_of, aws_services.parse
local primary_of, serving_of, state_of = aws_services.primary_of, aws_services.serving_of,
  aws_services.state_of

local function refuse(call, code, message, ...)
  fail { code = code, message = call.target .. ": " .. message:format(...) }
end

local function ask(call, action, body)
  return aws.json { call = call, service = "ecs", action = action, body = body }
end

local function release_of(name, place, service, call)
  local definition = aws_tasks.definition(name, call)
  if not definition then return nil end
  local state, reason = state_of(name, service)
  local before = definition.tags["perilune-previous"]
  return { release_id = id_of(place, name), version = aws_tasks.version(definition, call),
    state = state, slot = place.slot, created_at = definition.registeredAt,
    message = definition.tags["perilune-message"],
    previous_release_id = before and id_of(place, before),
    can_roll_back = definition.status == "ACTIVE" and state ~= "serving",
    reason = state == "failed" and reason or nil }, reason
end

local function judge(id, _, call)
  local place, name = parse(id, call)
  return release_of(name, place, service_of(place, call), call)
end

local function wanted(slot, call)
  local place = place_of(slot, call)
  return id_of(place, primary_of(service_of(place, call)).taskDefinition)
end

-- The revisions of a service's family, newest first.
local function revisions_of(service, call)
  local family = name_of(primary_of(service).taskDefinition):gsub(":%d+$", "")
  return aws_tasks.revisions(family, call)
end

local function is_release(name, call)
  local definition = aws_tasks.definition(name, call)
  return definition ~= nil and not definition.tags["perilune-variables"]
end

local function releases(arguments, call)
  local place, found = place_of(arguments.slot, call), {}
  local service = service_of(place, call)
  for _, name in ipairs(revisions_of(service, call)) do
    if #found == (arguments.limit or 20) then break end
    if is_release(name, call) then found[#found + 1] = release_of(name, place, service, call) end
  end
  return found
end

-- What the serving one replaced, as its tag says; without the tag, the revision before it.
local function previous_release(arguments, call)
  local place = place_of(arguments.slot, call)
  local service = service_of(place, call)
  local serving = name_of((serving_of(service) or primary_of(service)).taskDefinition)
  local tagged, past = aws_tasks.definition(serving, call).tags["perilune-previous"], false
  for _, name in ipairs(revisions_of(service, call)) do
    local candidate = name == tagged or not tagged and past
    if candidate and is_release(name, call) then return release_of(name, place, service, call) end
    past = past or name == serving
  end
end

local function endpoint(arguments, call)
  local place = place_of(arguments.slot, call)
  local host = call.settings.endpoint or place.group and aws_balancer.host(place.group, call)
  if host then return host end
  refuse(call, "unsupported", "give endpoint or target_group in the environment: the service alone "
    .. "has no host name.")
end

local function artifact(arguments, call)
  local found = aws_tasks.artifact(arguments.version, call)
  if found ~= false then return found end
  refuse(call, "unsupported", "%s is not in ECR, which alone can be asked.", call.settings.image)
end

-- The revision with an intent's key, where its service goes over to it, serves it, or failed to.
local function find(call)
  for _, place in ipairs(all_places(call)) do
    local service = service_of(place, call)
    for _, one in ipairs(service.deployments) do
      local name = name_of(one.taskDefinition)
      if aws_tasks.definition(name, call).tags["perilune-key"] == call.key then
        return release_of(name, place, service, call)
      end
    end
  end
end

local function update(place, body, call)
  body.cluster, body.service = call.settings.cluster, place.service
  ask(call, "UpdateService", body)
end

-- A message as a tag may hold it (RegisterTaskDefinition, "tags").
local function tag_text(message)
  return message and message:gsub("[^%w +%-=._:/@]", "_"):sub(1, 256)
end

-- Registers a revision, once for an intent, and then has the service go over to it.
local function release_version(version, place, message, call)
  local service = service_of(place, call)
  local names = revisions_of(service, call)
  local name = part("task_definition", function()
    for index = 1, math.min(10, #names) do
      local tags = aws_tasks.definition(names[index], call).tags
      if tags["perilune-key"] == call.key then return names[index] end
    end
    return aws_tasks.register(aws_tasks.definition(names[1], call), { version = version }, {
      ["perilune-key"] = call.key, ["perilune-message"] = tag_text(message),
      ["perilune-previous"] = name_of(primary_of(service).taskDefinition) }, call)
  end)
  part("service", function() return update(place, { taskDefinition = name }, call) end)
  return release_of(name, place, service_of(place, call), call)
end

local function release(arguments, call)
  if aws_tasks.artifact(arguments.version, call) == nil then
    refuse(call, "not_found", "%s has no image %s.", call.settings.image, arguments.version)
  end
  return release_version(arguments.version, place_of(arguments.slot, call), arguments.message, call)
end

local function redeploy(id, _, call)
  local place, name = parse(id, call)
  local definition = aws_tasks.definition(name, call)
  return release_version(aws_tasks.version(definition, call), place, nil, call)
end

-- The service itself is tagged with the intent: a revision that is there already cannot be.
local function rollback(target, call)
  local place, name = parse(target.release_id, call)
  local service = service_of(place, call)
  part("mark", function()
    ask(call, "TagResource", { resourceArn = service.serviceArn,
      tags = { { key = "perilune-rollback", value = call.key .. " " .. name } } })
  end)
  part("service", function() return update(place, { taskDefinition = name }, call) end)
  return release_of(name, place, service_of(place, call), call)
end

-- A service that is only marked has not gone back yet.
local function rolled_back(call)
  for _, place in ipairs(all_places(call)) do
    local service = service_of(place, call)
    local name = name_of(primary_of(service).taskDefinition)
    for _, tag in ipairs(service.tags or {}) do
      if tag.key == "perilune-rollback" and tag.value == call.key .. " " .. name then
        return release_of(name, place, service, call)
      end
    end
  end
end

local function promote(id, call)
  local place, name = parse(id, call)
  update(place, { taskDefinition = name }, call)
  return release_of(name, place, service_of(place, call), call)
end

-- The variables of the next release are those of the newest revision.
local function variables_of(place, call)
  local newest = revisions_of(service_of(place, call), call)[1]
  return aws_tasks.variables(aws_tasks.definition(newest, call), call), newest
end

local function equal(one, other)
  for name, value in pairs(one) do
    if other[name] ~= value then return false end
  end
  for name in pairs(other) do
    if one[name] == nil then return false end
  end
  return true
end

local function unchanged(made, call)
  local place, name = parse(made.release_id, call)
  return equal(aws_tasks.variables(aws_tasks.definition(name, call), call),
    (variables_of(place, call)))
end

local function write_variables(values, call)
  local is, newest = variables_of(only_place(call), call)
  local made = {}
  for name, value in pairs(is) do made[name] = value end
  for name, value in pairs(values) do made[name] = value or nil end
  if equal(is, made) then return end
  aws_tasks.register(aws_tasks.definition(newest, call), { variables = made },
    { ["perilune-variables"] = "of the next release" }, call)
end

-- What IAM is asked about by a doctor.
local function needs(arn, call)
  local found, cluster = {}, name_of(call.settings.cluster)
  local function need(operations, resource, ...)
    found[#found + 1] = { resource = resource, actions = { ... }, operations = operations }
  end
  local makes = { "release", "redeploy", "set_env", "unset_env" }
  for _, place in ipairs(all_places(call)) do
    local service = arn("ecs", ("service/%s/%s"):format(cluster, place.service))
    need(nil, service, "ecs:DescribeServices")
    need({ "rollback", "promote", "scale", "stop", "start", unpack(makes) }, service,
      "ecs:UpdateService")
    need({ "rollback", "stop" }, service, "ecs:TagResource")
  end
  need(nil, "*", "ecs:ListTaskDefinitions", "ecs:DescribeTaskDefinition")
  need({ "scale", "stop" }, "*", "ecs:ListTasks", "application-autoscaling:DescribeScalableTargets")
  need({ "scale", "stop" }, arn("ecs", ("task/%s/*"):format(cluster)), "ecs:DescribeTasks")
  need(makes, "*", "ecs:RegisterTaskDefinition")
  local shares = { [call.settings.rule or false] = "elasticloadbalancing:ModifyRule",
    [call.settings.listener or false] = "elasticloadbalancing:ModifyListener" }
  shares[false] = nil
  for resource, action in pairs(shares) do need({ "shift_traffic" }, resource, action) end
  return found
end

local function groups_of(call)
  local groups = {}
  for _, place in ipairs(all_places(call)) do
    if place.slot then groups[place.slot] = place.group end
  end
  if next(groups) then return groups end
  refuse(call, "no_slots", "it has no slots with target groups to share requests out to.")
end

return {
  family = "deploy",
  name = "ecs",
  doc = "A service of Amazon ECS with rolling deployments, or several as slots. A version is a tag "
    .. "or digest of the image; a release is a revision of the task definition. Healthy are the "
    .. "target group's healthy targets, without one the running tasks; where none is to run, all "
    .. "tasks that have not ended. stop returns when there is none.",
  hosts = aws.hosts,
  settings = aws.settings {
    { name = "cluster", identity = true, doc = "The cluster's name." },
    { name = "service", optional = true, identity = true, doc = "The service, without slots." },
    { name = "slots", type = "map", optional = true, identity = true,
      doc = "Services by slot: { blue: { service, target_group }, green: … }." },
    { name = "image", identity = true,
      doc = "The repository: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/web." },
    { name = "container", optional = true,
      doc = "The container that is released; otherwise the one of this image." },
    { name = "target_group", optional = true, doc = "The ARN of its target group, without slots." },
    { name = "rule", optional = true, doc = "The ARN of the listener rule that shares out." },
    { name = "listener", optional = true, doc = "Or the ARN of the listener, for its default." },
    { name = "endpoint", optional = true,
      doc = "The host name; otherwise the load balancer's of the target group." },
  },
  doctor = { ask = aws_doctor.ask(needs), checks = aws_doctor.checks, cannot = {
    aws_doctor.cannot[1], "whether the roles of a task definition may be passed (iam:PassRole)" } },
  judge = judge, wanted = wanted, find = find, unchanged = unchanged, release = release,
  redeploy = redeploy, rollback = rollback, rolled_back = rolled_back, promote = promote,
  variables = { read = function(call) return (variables_of(only_place(call), call)) end,
    write = write_variables },
  operations = {
    status = { observe = aws_instances.status }, releases = { observe = releases },
    previous_release = { observe = previous_release }, endpoint = { observe = endpoint },
    artifact = { observe = artifact }, scale = aws_instances.scale, stop = aws_instances.stop,
    start = aws_instances.start,
    traffic = { observe = function(_, call)
      return aws_balancer.traffic(groups_of(call), call)
    end },
    shift_traffic = aws_balancer.shift_traffic(groups_of),
    set_autoscaling = aws_scaling.set_autoscaling(function(call)
      return aws_instances.resource_of(only_place(call), call)
    end),
  },
}
