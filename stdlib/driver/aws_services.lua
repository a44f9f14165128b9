-- Services of Amazon ECS: which slot is which service, and where a revision stands in one.
--
-- The settings are `cluster`, and `service` with its `target_group`, or `slots`: a map of names to
-- { service, target_group }.
local aws = require "driver.aws"
local calls = require "driver.calls"
local errors = require "vocabulary.errors"
local tasks = require "driver.aws_tasks"

local M = {}

local name_of = tasks.name_of

local function ask(call, action, body)
  return aws.json { call = call, service = "ecs", action = action, body = body }
end

local function raise(call, code, message, ...)
  errors.raise(code, call.target .. ": " .. message:format(...), "never", calls.position())
end

---The service of a slot, or the only one: { slot, service, group }.
function M.place_of(slot, call)
  local slots, settings = call.settings.slots, call.settings
  if not slots then
    if slot then raise(call, "no_slots", "it has no slots. Leave slot out.") end
    return { service = settings.service, group = settings.target_group }
  end
  local found, names = slots[slot or ""], {}
  if found then return { slot = slot, service = found.service, group = found.target_group } end
  for name in pairs(slots) do names[#names + 1] = name end
  raise(call, "bad_argument", "say which slot is meant: %s.", table.concat(names, ", "))
end

function M.all_places(call)
  if not call.settings.slots then return { M.place_of(nil, call) } end
  local all = {}
  for slot in pairs(call.settings.slots) do all[#all + 1] = M.place_of(slot, call) end
  return all
end

function M.only_place(call)
  if call.settings.slots then
    raise(call, "unsupported", "this is not done with slots, of which each has its own.")
  end
  return M.place_of(nil, call)
end

-- The deployment of a service for which `test` holds.
local function deployment(service, test)
  for _, one in ipairs(service.deployments) do
    if test(one) then return one end
  end
end

function M.primary_of(service)
  return deployment(service, function(one) return one.status == "PRIMARY" end)
end

---What answers requests now: the newest deployment that came to its end.
function M.serving_of(service)
  return deployment(service, function(one) return one.rolloutState == "COMPLETED" end)
end

---The service as it is. An unknown one is answered with 200 and a failure (DescribeServices,
---"failures").
function M.service_of(place, call)
  local service = ask(call, "DescribeServices", { cluster = call.settings.cluster,
    services = { place.service }, include = { "TAGS" } }).services[1]
  if not service or service.status ~= "ACTIVE" then
    raise(call, "not_found", "there is no active service %s in the cluster %s.", place.service,
      call.settings.cluster)
  end
  if M.primary_of(service) then return service end
  raise(call, "unsupported", "the deployments of %s are not ECS's own (rolling updates).",
    place.service)
end

---Ids are "family:revision", of a slot "slot/family:revision".
function M.id_of(place, arn) return (place.slot and place.slot .. "/" or "") .. name_of(arn) end

function M.parse(id, call)
  local slot, name = id:match("^([^/]+)/(.+)$")
  return M.place_of(slot, call), name or id
end

---Where a revision stands in its service, and why it will not serve where it will not. A rollout
---that AWS took back ends stable too, on another revision: only the one that is asked for counts.
function M.state_of(name, service)
  local primary = M.primary_of(service)
  local other = name_of(primary.taskDefinition)
  local mine = other == name and primary
    or deployment(service, function(one) return name_of(one.taskDefinition) == name end)
  if mine and mine.rolloutState == "FAILED" then
    return "failed", mine.rolloutStateReason or "its deployment failed"
  elseif mine == primary then
    local stable = mine.rolloutState == "COMPLETED" and #service.deployments == 1
      and service.runningCount == service.desiredCount
    return stable and "serving" or "pending"
  elseif mine and mine == M.serving_of(service) then
    return "serving", other .. " takes its place"
  end
  return "superseded", "the service " .. (primary.rolloutState == "COMPLETED" and "settled on "
    or "goes over to ") .. other
end

return M
