-- Application Auto Scaling: the bounds within which AWS chooses a number by itself, and whether it
-- may.
--
-- A resource is { namespace, id, dimension }: what scales, as AWS names it.
local aws = require "driver.aws"
local calls = require "driver.calls"
local errors = require "vocabulary.errors"

local M = {}

local function ask(call, action, body)
  return aws.json { call = call, service = "application-autoscaling", action = action, body = body }
end

---{ state, instances_min, instances_max } of a resource; state is "off" where nothing scales it.
function M.read(resource, call)
  local target = ask(call, "DescribeScalableTargets", { ServiceNamespace = resource.namespace,
    ResourceIds = { resource.id }, ScalableDimension = resource.dimension }).ScalableTargets[1]
  if not target then return { state = "off" } end
  local held = target.SuspendedState or {}
  local suspended = held.DynamicScalingInSuspended and held.DynamicScalingOutSuspended
  return { state = suspended and "off" or "on", instances_min = target.MinCapacity,
    instances_max = target.MaxCapacity }
end

-- What is wanted: bounds that are left out stay.
local function wanted(arguments, is, call)
  local made = { state = arguments.state,
    instances_min = arguments.instances_min or is.instances_min,
    instances_max = arguments.instances_max or is.instances_max }
  if arguments.state == "on" and not (made.instances_min and made.instances_max) then
    errors.raise("bad_argument", call.target .. ": autoscaling has no bounds yet. Give "
      .. "instances_min and instances_max.", "never", calls.position())
  end
  return made
end

local function equal(one, other)
  return one.state == other.state and one.instances_min == other.instances_min
    and one.instances_max == other.instances_max
end

---The operation set_autoscaling. What is off keeps its policies: they are suspended, not deleted.
function M.set_autoscaling(resource_of)
  return {
    before = function(arguments, call)
      local is = M.read(resource_of(call), call)
      local same = equal(is, wanted(arguments, is, call))
      return { state = is, already_so = same, sign = "~",
        result = { before = is, after = is, changed = false } }
    end,
    act = function(arguments, before, call)
      local resource = resource_of(call)
      local made, off = wanted(arguments, before, call), arguments.state == "off"
      ask(call, "RegisterScalableTarget", { ServiceNamespace = resource.namespace,
        ResourceId = resource.id, ScalableDimension = resource.dimension,
        MinCapacity = made.instances_min, MaxCapacity = made.instances_max,
        SuspendedState = { DynamicScalingInSuspended = off, DynamicScalingOutSuspended = off,
          ScheduledScalingSuspended = off } })
      local after = M.read(resource, call)
      return { before = before, after = after, changed = true }, after
    end,
    restore = function(_, before, result)
      if result.changed then return "set_autoscaling", before end
    end,
  }
end

return M
