-- Instances of a service of Amazon ECS: how many run as ECS tells it, their number, stop and start.
--
-- The number that a service is to have says nothing of what runs: tasks that were told to stop go
-- on until their containers have ended (ECS, "Task lifecycle").
local aws = require "driver.aws"
local aws_balancer = require "driver.aws_balancer"
local calls = require "driver.calls"
local errors = require "vocabulary.errors"
local scaling = require "driver.aws_scaling"
local services = require "driver.aws_services"
local tasks = require "driver.aws_tasks"

local M = {}

local tasks_at_once = 100  -- DescribeTasks, "tasks".
local number_tag = "perilune-instances"
-- Statuses in which no container of a task runs any more.
local ended = { DEPROVISIONING = true, STOPPED = true, DELETED = true }

local function ask(call, action, body)
  body.cluster = call.settings.cluster
  return aws.json { call = call, service = "ecs", action = action, body = body }
end

local function refuse(call, code, message, ...)
  errors.raise(code, call.target .. ": " .. message:format(...), "never", calls.position())
end

---The service as Application Auto Scaling names it.
function M.resource_of(place, call)
  return { namespace = "ecs", dimension = "ecs:service:DesiredCount",
    id = "service/" .. tasks.name_of(call.settings.cluster) .. "/" .. place.service }
end

-- How many tasks of a service have not ended, whatever ECS wants of them.
local function alive(place, call)
  local count = 0
  for _, wanted in ipairs { "RUNNING", "STOPPED" } do
    aws.pages("taskArns", "nextToken", function(token)
      local page = ask(call, "ListTasks", { serviceName = place.service, desiredStatus = wanted,
        maxResults = tasks_at_once, nextToken = token })
      if #page.taskArns > 0 then
        for _, one in ipairs(ask(call, "DescribeTasks", { tasks = page.taskArns }).tasks) do
          if not ended[one.lastStatus] then count = count + 1 end
        end
      end
      return page
    end)
  end
  return count
end

-- Where none is to run, all count that may still do something: who waits for 0 waits for them.
local function healthy_of(place, service, call)
  if service.desiredCount == 0 then return alive(place, call) end
  return place.group and aws_balancer.healthy(place.group, call) or service.runningCount
end

---What ECS says of instances, never the number that was asked for.
function M.status(arguments, call)
  local place = services.place_of(arguments.slot, call)
  local service = services.service_of(place, call)
  local serving, primary = services.serving_of(service), services.primary_of(service)
  local name = serving and tasks.name_of(serving.taskDefinition)
  local healthy, state = healthy_of(place, service, call), "degraded"
  if service.desiredCount == 0 then state = healthy == 0 and "stopped" or "degraded"
  elseif primary ~= serving or #service.deployments > 1 then state = "deploying"
  elseif healthy >= service.desiredCount then state = "serving" end
  return { state = state, instances = service.desiredCount, instances_healthy = healthy,
    maintenance = false, version = name and tasks.version(tasks.definition(name, call), call),
    release_id = name and services.id_of(place, name), since_at = serving and serving.updatedAt }
end

local function update(place, count, call)
  ask(call, "UpdateService", { service = place.service, desiredCount = count })
end

-- A number that autoscaling would undo is refused.
local function refuse_bounds(place, wants, call)
  local bounds = scaling.read(M.resource_of(place, call), call)
  local outside = bounds.state == "on"
    and (wants < bounds.instances_min or wants > bounds.instances_max)
  if not outside then return end
  refuse(call, "unsupported", "autoscaling keeps %s between %d and %d instances and would undo it. "
    .. "Use set_autoscaling first.", place.service, bounds.instances_min, bounds.instances_max)
end

M.scale = {
  before = function(arguments, call)
    local place, wants = services.place_of(arguments.slot, call), arguments.instances
    refuse_bounds(place, wants, call)
    local is = services.service_of(place, call).desiredCount
    return { state = { instances = is }, already_so = is == wants, sign = "~",
      plan = ("%d → %d instances"):format(is, wants),
      result = { instances_before = is, instances = is, changed = false } }
  end,
  act = function(arguments, before, call)
    local wants = arguments.instances
    update(services.place_of(arguments.slot, call), wants, call)
    return { instances_before = before.instances, instances = wants, changed = true },
      { instances = wants }
  end,
}

local function changed_app(changed, arguments, call)
  local app = M.status(arguments, call)
  app.changed = changed
  return app
end

-- The number that a stop has kept.
local function kept_number(service)
  for _, tag in ipairs(service.tags or {}) do
    if tag.key == number_tag then return tonumber(tag.value) end
  end
end

local function stop_before(arguments, call)
  local place = services.place_of(arguments.slot, call)
  refuse_bounds(place, 0, call)
  local count = services.service_of(place, call).desiredCount
  local off = count == 0 and alive(place, call) == 0
  return { state = { running = count > 0 }, already_so = off, sign = "-",
    result = off and changed_app(false, arguments, call) or nil,
    plan = ("stop %d instances"):format(count) }
end

-- How many there were is kept with the service before it has none.
local function stop(arguments, _, call)
  local place = services.place_of(arguments.slot, call)
  local service = services.service_of(place, call)
  if service.desiredCount > 0 then
    calls.part("number", function()
      aws.json { call = call, service = "ecs", action = "TagResource", body = {
        resourceArn = service.serviceArn,
        tags = { { key = number_tag, value = tostring(service.desiredCount) } } } }
      return true
    end)
    calls.part("stop", function()
      update(place, 0, call)
      return true
    end)
  end
  local waits = { every = 0.5, growth = 1.3, every_max = 10, within = math.huge,
    tell = call.target .. ": tasks end",
    taken = call.target .. ": ECS was told to stop, and has not answered since." }
  calls.poll(waits, function()
    local wanted = services.service_of(place, call).desiredCount
    if wanted > 0 then
      refuse(call, "started_meanwhile", "somebody else gave %s %d instances while it was stopped.",
        place.service, wanted)
    end
    local count = alive(place, call)
    waits.taken = ("%s: ECS took the stop, but %d tasks of %s have not ended. Do not count on its "
      .. "being off: stop it again, or look at the service in ECS."):format(call.target, count,
      place.service)
    return count == 0
  end)
  return changed_app(true, arguments, call), { running = false }
end

local function start_before(arguments, call)
  local place = services.place_of(arguments.slot, call)
  local service = services.service_of(place, call)
  local count, up = kept_number(service), service.desiredCount > 0
  if not up and not count then
    refuse(call, "not_supported", "%s was not stopped by a run, so how many instances it is to "
      .. "have is not known. Use scale.", place.service)
  end
  return { state = { running = up }, already_so = up, sign = "+",
    result = up and changed_app(false, arguments, call) or nil,
    plan = ("start %d instances"):format(count or service.desiredCount) }
end

local function start(arguments, _, call)
  local place = services.place_of(arguments.slot, call)
  local service = services.service_of(place, call)
  if service.desiredCount == 0 then update(place, kept_number(service), call) end
  return changed_app(true, arguments, call), { running = true }
end

local function back_to(name, ran)
  return function(arguments, before, result)
    if result.changed == false or before.running ~= ran then return nil end
    return name, { slot = arguments.slot }
  end
end

M.stop = { before = stop_before, act = stop, restore = back_to("start", true) }
M.start = { before = start_before, act = start, restore = back_to("stop", false) }

return M
