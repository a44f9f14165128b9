-- How Eleva is: every endpoint side by side, and behind them what can be asked without them.
local care = require "care"
local health = require "patterns.health"
local options = require "patterns.options"

local M = {}

local function endpoint(name, at, path, json, kind)
  return { name = name, at = at, path = path, json = json,
    target = care.latencies[kind].target, alert = care.latencies[kind].alert }
end

---The endpoint that tells of one service: its own, or its place in the combined one.
function M.endpoint_of(name, site)
  local service = care.services[name]
  if service.path then
    return endpoint(name, site, service.path, { status = "healthy" }, service.kind)
  end
  local one = endpoint(name, site, care.combined,
    { [("services.%s.status"):format(name)] = "healthy" }, service.kind)
  -- The combined endpoint asks them all, so its own time says nothing of this one's; and where
  -- another one is not well it answers 503, and says of this one how it is all the same.
  one.target, one.alert, one.expect = nil, nil, { 200, 503 }
  return one
end

---The page, the combined endpoint, and each service's.
function M.endpoints(site)
  local all = { endpoint("page", site, "/", nil, "page"),
    endpoint("api", site, care.combined, { status = "healthy" }, "api") }
  for _, name in ipairs(care.service_names) do all[#all + 1] = M.endpoint_of(name, site) end
  return all
end

-- What an endpoint says of a service is its word only; these ask the service.
local function asked(parts)
  return {
    { name = "database itself", kind = "database", ask = function()
      -- The first opens the connection; the target is one of queries.
      parts.db:query { sql = "select 1 as one" }
      local began = now()
      return parts.db:query { sql = "select 1 as one" }, now() - began
    end },
    { name = "redis itself", kind = "redis", ask = function()
      local status = parts.redis:status()
      if not status.reachable then options.fail("unreachable", "Redis does not answer.") end
      return status, status.latency_s
    end },
    { name = "qstash itself", kind = "external", ask = function()
      local began = now()
      return parts.jobs:list(), now() - began
    end },
  }
end

-- Holds the time that an answer took against the row's limits.
local function judge(row, latency_s)
  if latency_s > row.target_s then
    row.state = latency_s > row.alert_s and "alert" or "slow"
    row.problem = ("it took %.0f ms; the target is %.0f ms"):format(latency_s * 1000,
      row.target_s * 1000)
  end
  row.latency_s = latency_s
end

local function ask(one)
  local limits = care.latencies[one.kind]
  local answered, answer, latency_s = pcall(one.ask)
  local row = { name = one.name, state = "failed", problem = answer.message,
    target_s = duration(limits.target), alert_s = duration(limits.alert) }
  if not answered then return row end
  -- In a plan, what does not answer is not known, and is taken for failed. What does has taken some
  -- time that is not known either: it is taken to be short enough.
  ensure(function()
    if answer then row.state, row.problem = "healthy", nil end
    return true
  end, "%s answers by then", one.name)
  if row.state == "healthy" then
    ensure(function()
      judge(row, latency_s)
      return true
    end, "%s: it took longer than %s", one.name, limits.alert)
  end
  return row
end

---Asks everything once and never fails. `parts` is { site, db, redis, jobs }.
---@return table report { healthy, rows }, as of health.look.
function M.look(parts)
  local report = health.look(M.endpoints(parts.site))
  for _, one in ipairs(asked(parts)) do
    local row = ask(one)
    report.rows[#report.rows + 1] = row
    if row.state == "failed" or row.state == "alert" then report.healthy = false end
  end
  return report
end

---Waits until everything is well.
function M.wait(parts, within)
  wait_until("everything is well", { within = within, every = "5s" }, function()
    local problem = health.problem(M.look(parts))
    if problem then options.fail("unhealthy", problem .. ".") end
    return true
  end)
end

---Fails the first time that something is not well within `during`.
function M.stay(parts, during)
  hold("everything stays well", { during = during, every = "15s" }, function()
    local problem = health.problem(M.look(parts))
    if problem then log("Not well: " .. problem) end
    return problem == nil
  end)
end

return M
