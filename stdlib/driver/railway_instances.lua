-- The instances of a service on Railway: how many run as Railway tells it, their number, stop and
-- start.
local calls = require "driver.calls"
local deploy = require "driver.deploy"
local errors = require "vocabulary.errors"
local railway = require "driver.railway"

local M = {}

local read, change, list = railway.read, railway.change, railway.list
local serving_of, is_pending, is_stopped, version_of = railway.serving_of, railway.is_pending,
  railway.is_stopped, railway.version_of

local function refuse(call, code, message, ...)
  errors.raise(code, call.target .. ": " .. message:format(...), "never", calls.position())
end

local function any(deployments, is)
  for _, one in ipairs(deployments) do
    if is(one) then return one end
  end
end

local function read_regions(call)
  local config = read(call, "query($id: String!) { environment(id: $id) { config } }",
    { id = call.settings.environment }).environment.config
  local service = ((config or {}).services or {})[call.settings.service] or {}
  return (service.deploy or {}).multiRegionConfig or {}
end

local function configured(call)
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
local function configure(count, call)
  local names = {}
  for name in pairs(read_regions(call)) do names[#names + 1] = name end
  if #names > 1 then
    refuse(call, "not_supported", "the service has replicas in %s. Scale it in Railway, region by "
      .. "region.", table.concat(names, ", "))
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

-- What a start brings back: the release that was stopped or has crashed, else the newest that
-- Railway has removed since.
local function startable(deployments)
  return serving_of(deployments) or any(deployments, railway.is_superseded)
end

-- Whether all that came up was stopped, and nothing new is on its way.
local function is_off(deployments)
  local one = startable(deployments)
  return one ~= nil and (railway.is_superseded(one) or is_stopped(one) == true)
    and not any(deployments, is_pending)
end

-- So many are to run: none of what was stopped, whatever number Railway keeps for its start.
local function wanted_of(deployments, call)
  return is_off(deployments) and 0 or configured(call)
end

---How many instances are to run.
function M.read(call) return wanted_of(list(call, 20), call) end

---What Railway says of instances, never the configured number. Where none is to run, all count
---that may still do something: who waits for 0 waits for them.
function M.status(_, call)
  local deployments = list(call, 20)
  local serving = serving_of(deployments)
  local instances, healthy, left = wanted_of(deployments, call), 0, false
  local stopped = serving and is_stopped(serving)
  local well = serving and not stopped and serving.status ~= "CRASHED"
    and deploy.words.healthy(call.settings.health)
  if well then healthy = railway.running(serving) end
  for _, one in ipairs(deployments) do
    left = left or railway.runs(one)
    if instances == 0 and railway.runs(one) then healthy = healthy + railway.alive(one) end
  end
  local way = deployments[1] and is_pending(deployments[1])
  local state = way and "deploying" or well and healthy >= instances and "serving"
    or (left or serving and not stopped) and "degraded" or "stopped"
  return { instances = instances, instances_healthy = healthy, maintenance = false, state = state,
    version = serving and version_of(serving), release_id = serving and serving.id,
    since_at = serving and not stopped and railway.created_of(serving) or nil }
end

local function changed_app(changed, call)
  local app = M.status(nil, call)
  app.changed = changed
  return app
end

-- What is on its way would start instances after the stop.
local function refuse_on_way(deployments, call)
  local way = any(deployments, is_pending)
  if not way then return end
  refuse(call, "release_on_its_way", "nothing was stopped, for the release %s (%s) is on its way "
    .. "and would start instances again. Take it back with cancel_release, or wait until it "
    .. "serves.", way.id, version_of(way))
end

-- Tells all that runs to stop, but what was told already.
local function tell_stop(deployments, call)
  for _, one in ipairs(deployments) do
    local told = one.status == "REMOVING" or is_stopped(one)
    if railway.runs(one) and not told then
      change(call, "mutation($id: String!) { deploymentStop(id: $id) }", { id = one.id })
    end
  end
end

-- Asks until `done(deployments)`; `late(deployments)` is what is said otherwise.
local function await(call, within_s, done, late)
  local waits = { every = 0.3, growth = 1.3, every_max = 5, within = within_s,
    taken = call.target .. ": Railway was told, and has not answered since." }
  calls.poll(waits, function()
    local deployments = list(call, 100)
    waits.taken = call.target .. ": " .. late(deployments)
    return done(deployments)
  end)
end

local function nothing_runs(deployments)
  return not any(deployments, railway.runs) and not any(deployments, is_pending)
end

local function still_runs(deployments)
  local one = any(deployments, railway.runs) or any(deployments, is_pending)
  return one and ("Railway took the stop, but the release %s (%s) is still %s, with %d instances "
    .. "that have not ended. Do not count on its being off: stop it again, or look at the service "
    .. "in Railway."):format(one.id, version_of(one), one.status, railway.alive(one, true))
    or "Railway took the stop; nothing runs any more."
end

local function is_up(deployments)
  local serving = serving_of(deployments)
  return any(deployments, is_pending) ~= nil
    or serving ~= nil and serving.status ~= "CRASHED" and not is_stopped(serving)
end

local function refuse_slot(arguments, call)
  if arguments.slot then refuse(call, "no_slots", "it has no slots. Leave slot out.") end
end

local function stop_before(arguments, call)
  refuse_slot(arguments, call)
  local deployments = list(call, 100)
  refuse_on_way(deployments, call)
  local running = any(deployments, railway.runs) ~= nil
  return { state = { running = is_up(deployments) }, already_so = not running, sign = "-",
    result = not running and changed_app(false, call) or nil, plan = "stop every instance" }
end

local function stop(_, _, call)
  tell_stop(list(call, 100), call)
  await(call, 100, nothing_runs, still_runs)
  return changed_app(true, call), { running = false }
end

-- A release that was stopped begins again under its own id; a removed one is deployed anew.
local function bring_up(deployments, call)
  local one = startable(deployments)
  if railway.is_superseded(one) then
    railway.redeploy(one, call)
  else
    change(call, "mutation($id: String!) { deploymentRestart(id: $id) }", { id = one.id })
  end
  await(call, 20, is_up, function()
    return ("Railway took the start of the release %s (%s), but shows nothing of it yet.")
      :format(one.id, version_of(one))
  end)
end

local function start_before(arguments, call)
  refuse_slot(arguments, call)
  local deployments = list(call, 100)
  local one, up = startable(deployments), is_up(deployments)
  if not one and not up then
    refuse(call, "nothing_released", "Railway has no release that could be started. Release a "
      .. "version first.")
  end
  return { state = { running = up }, already_so = up, sign = "+",
    result = up and changed_app(false, call) or nil, plan = "start " .. version_of(one or {}) }
end

local function start(_, _, call)
  local deployments = list(call, 100)
  if not is_up(deployments) then bring_up(deployments, call) end
  return changed_app(true, call), { running = true }
end

local function back_to(name, ran)
  return function(_, before, result)
    if result.changed == false or before.running ~= ran then return nil end
    return name, {}
  end
end

---Railway has no service of 0 instances ("Error in numReplicas"): what serves is stopped, and
---begins again with the next number.
function M.scale(count, call)
  local deployments = list(call, 100)
  if count == 0 then
    refuse_on_way(deployments, call)
    tell_stop(deployments, call)
    return await(call, 20, function(now) return not startable(now) or is_off(now) end, still_runs)
  end
  if is_off(deployments) then bring_up(deployments, call) end
  if configured(call) ~= count then configure(count, call) end
end

M.stop = { before = stop_before, act = stop, restore = back_to("start", true) }
M.start = { before = start_before, act = start, restore = back_to("stop", false) }

return M
