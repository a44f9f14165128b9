-- The thirteen points of the launch: what each asks, and what counts as its evidence.
local checklist = require "patterns.checklist"
local vera = require "vera"

local M = {}

local variables = { "DATABASE_URL", "REDIS_URL", "S3_BUCKET", "STRIPE_SECRET_KEY",
  "STRIPE_WEBHOOK_SECRET", "FIREBASE_PROJECT_ID", "JWT_SECRET", "SENTRY_DSN",
  "EXPO_ACCESS_TOKEN" }
local alarms = { "errors over 5 a minute", "p95 over 1 s", "unhandled exceptions" }

local function pipeline()
  local answer = http("github"):check {
    path = "/actions/runs?branch=main&status=completed&per_page=1" }
  local newest = ensure((answer.json.workflow_runs or {})[1], "No pipeline has run on main.")
  ensure(newest.conclusion == "success", "The newest pipeline on main ended with %s: %s",
    tostring(newest.conclusion), tostring(newest.html_url))
  return newest.html_url
end

local function staging()
  http("staging"):check { path = "/health", json = { status = "ok" } }
  local app = deploy("staging"):status()
  ensure(app.state == "serving", "Staging is %s.", app.state)
  return "serves " .. tostring(app.version)
end

local function production()
  local found, missing = deploy("api"):get_env { names = variables }, {}
  for _, name in ipairs(variables) do
    if not found[name] then missing[#missing + 1] = name end
  end
  ensure(#missing == 0, "The API has no %s.", table.concat(missing, ", "))
  return #variables .. " variables are set"
end

local function backups()
  local newest = ensure(database("primary"):list_backups {}[1], "There is no backup.")
  ensure(now() - newest.at < duration("26h"), "The newest backup is of %s.",
    date("%Y-%m-%d %H:%M UTC", newest.at))
  database("primary"):verify_backup { backup = newest.id }
  return newest.id .. " can be read"
end

-- Each is known to its place; one that nobody knows is `unknown`.
local function known(place, names, allowed)
  local bad = {}
  for _, alarm in ipairs(place:alarms { names = names }) do
    if not allowed[alarm.state] then
      bad[#bad + 1] = ("%s is %s"):format(alarm.name, alarm.state)
    end
  end
  ensure(#bad == 0, "%s.", table.concat(bad, "; "))
  return #names .. " are there"
end

local function performance()
  local reading = metrics("datadog"):read { name = "p95", over = "1h" }
  ensure(not reading.empty, "Datadog has no p95 of the last hour.")
  return ("p95 is %.0f ms"):format(reading.value * 1000)
end

-- Answers under a second keep fewer than 500 requests of 1,000 people under way, which is the most
-- that one load has.
local function under_load(given)
  local load = http("staging"):load { path = given.load_path, rate_per_s = given.users / 5,
    during = given.load_for, connections_max = 500, stop_at_error_ratio = 0.2 }
  ensure(load.error_ratio < 0.01, "%.1f %% of the requests failed.", load.error_ratio * 100)
  ensure(load.p95_s < 1, "p95 was %.0f ms, over 1 s.", load.p95_s * 1000)
  return ("%d requests of %s, %g a second, p95 %.0f ms"):format(load.requests, given.load_path,
    given.users / 5, load.p95_s * 1000)
end

-- Who is asked may say no.
local function ask(name, question)
  return { name = name, evidence = "text", judge = checklist.unless_no,
    ask = question .. " Where it is not so, begin with no, and say why." }
end

---All thirteen, in the document's order, as patterns.checklist takes them.
function M.all(given)
  return {
    { name = "The pipeline works", check = pipeline },
    { name = "Staging is deployed", check = staging },
    { name = "Production is configured", check = production },
    { name = "Backups are made by themselves", check = backups },
    { name = "Alerts are set up", check = function()
      return known(metrics("datadog"), alarms, { ok = true, firing = true })
    end },
    { name = "Sentry takes errors", check = function()
      http("sentry"):check { path = "/keys/" }
      return "the project has keys"
    end },
    { name = "Datadog measures performance", check = performance },
    { name = "UptimeRobot watches", check = function()
      return known(metrics("uptime"), vera.monitors, { ok = true })
    end },
    ask("The recovery plan was tested",
      "Which drills passed this quarter? Give the address of their reports."),
    ask("Rollback is documented and was tested",
      "Run rollback in staging, and give the address of its report."),
    { name = "1,000 people at once", check = function() return under_load(given) end },
    ask("The security audit passed", "Give the address of its report: nothing in it may be open, "
      .. "and volume and buckets are under AES-256 in it."),
    ask("Costs were looked at", "What will a month cost, in dollars? The plan says 2,550."),
  }
end

return M
