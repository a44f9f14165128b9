-- Requests to Railway about one service in one environment, and what its deployments say of
-- themselves: which serves, which was stopped, what of it still runs.
local calls = require "driver.calls"
local errors = require "vocabulary.errors"
local http = require "driver.http"
local times = require "driver.times"

local M = {}

local states = { QUEUED = "pending", WAITING = "pending", INITIALIZING = "pending",
  BUILDING = "pending", DEPLOYING = "pending", NEEDS_APPROVAL = "pending", SUCCESS = "serving",
  SLEEPING = "serving", CRASHED = "failed", FAILED = "failed", SKIPPED = "cancelled",
  REMOVED = "superseded", REMOVING = "superseded" }
local reasons = { FAILED = "its build or its health check failed", CRASHED = "it crashed",
  SKIPPED = "Railway skipped it", NEEDS_APPROVAL = "it waits for an approval in Railway" }
-- Of instances: those that run nothing, and those that run nothing yet.
local ended = { CRASHED = true, EXITED = true, REMOVED = true, SKIPPED = true, STOPPED = true }
local begins = { CREATED = true, INITIALIZING = true }

---What is asked of every deployment.
M.shown = "id status createdAt canRollback url meta deploymentStopped instances { status }"

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
  errors.raise(denied and "credentials_refused" or lower:find("not found", 1, true)
    and "not_found" or "refused", ("%s: Railway refused: %s."):format(call.target, why), "never",
    calls.position())
end

---A query: the answer's data. `handles` as of http.post.
function M.read(call, ...) return ask(call, true, ...) end

---A mutation: the answer's data.
function M.change(call, ...) return ask(call, false, ...) end

---The service's own ids, with more besides.
function M.ours(call, more)
  local ids = { environmentId = call.settings.environment, serviceId = call.settings.service,
    projectId = call.settings.project }
  for name, value in pairs(more or {}) do ids[name] = value end
  return ids
end

---The newest deployments.
function M.list(call, limit)
  local found = {}
  http.pages(function(after)
    local told = M.read(call, "query($input: DeploymentListInput!, $after: String, $first: Int) { "
      .. "deployments(input: $input, after: $after, first: $first) { edges { node { " .. M.shown
      .. " } } pageInfo { hasNextPage endCursor } } }", { input = M.ours(call), after = after,
      first = math.min(limit, 100) }).deployments
    for _, edge in ipairs(told.edges) do
      if #found < limit then found[#found + 1] = edge.node end
    end
    return nil, #found < limit and told.pageInfo.hasNextPage and told.pageInfo.endCursor or nil
  end)
  return found
end

function M.created_of(one) return times.read(one.createdAt) end
function M.version_of(one) return (one.meta or {}).commitHash or one.id end
function M.is_pending(one) return (states[one.status] or "pending") == "pending" end
function M.is_superseded(one) return states[one.status] == "superseded" end

-- Whether it came up once, whatever became of it since.
local function came_up(one) return states[one.status] == "serving" or one.status == "CRASHED" end

---What serves: the newest that came up, though it may have crashed or been stopped since.
function M.serving_of(deployments)
  for _, one in ipairs(deployments) do
    if came_up(one) then return one end
  end
end

---Whether it is on its way or serves, whatever else happened to it.
function M.is_well(one) return M.is_pending(one) or states[one.status] == "serving" end

---How many of its instances run something or are about to end; with `all`, those that begin too.
function M.alive(one, all)
  local count = 0
  for _, instance in ipairs(one.instances or {}) do
    local counts = not ended[instance.status] and (all or not begins[instance.status])
    if counts then count = count + 1 end
  end
  return count
end

---How many of its instances Railway reports as running.
function M.running(one)
  local count = 0
  for _, instance in ipairs(one.instances or {}) do
    if instance.status == "RUNNING" then count = count + 1 end
  end
  return count
end

---Whether it was stopped. Railway goes on to call it a success, and says of one that sleeps or
---still begins too that it has stopped.
function M.is_stopped(one)
  return came_up(one) and one.deploymentStopped
    and (one.status ~= "SLEEPING" or M.alive(one, true) == 0)
end

---Whether anything of it may still run. One on its way runs what its instances say; of one that
---came up or is being removed, Railway must say that it has stopped, and show no instance.
function M.runs(one)
  if one.status == "REMOVED" or one.status == "SKIPPED" then return false end
  if M.alive(one, true) > 0 then return true end
  return not (M.is_pending(one) or one.status == "FAILED" or one.deploymentStopped)
end

---A deployment as a deploy.Release. One that was stopped is none that serves.
function M.release_of(one)
  local meta, stopped = one.meta or {}, M.is_stopped(one)
  return { release_id = one.id, version = M.version_of(one),
    state = stopped and "cancelled" or states[one.status] or "pending",
    created_at = M.created_of(one), url = one.url and "https://" .. one.url,
    can_roll_back = one.canRollback == true, message = meta.commitMessage,
    reason = stopped and "it was stopped" or reasons[one.status] }
end

---Deploys this deployment's version once more, with today's variables: its own image while Railway
---keeps it, else a new build.
function M.redeploy(one, call)
  return M.change(call, "mutation($id: String!, $image: Boolean) { deploymentRedeploy(id: $id, "
    .. "usePreviousImageTag: $image) { " .. M.shown .. " } }",
    { id = one.id, image = came_up(one) or one.canRollback == true }).deploymentRedeploy
end

return M
