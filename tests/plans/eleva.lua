-- Eleva's plans: Vercel, Neon, Upstash (Redis, QStash), GitHub, Better Stack, Novu, PostHog.
local commit, before, next_one = "c0ffee1", "beefed0", "abcdef1"
local project, database = "prj_4hQ2Tn8cYbV7mKxR1sLdWfEa", "br-quiet-lake-a2k9x1pd"
local day = 86400

local M = {}

-- What Git says, and what Vercel has: one text is another, and one is not there.
local wanted = { NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY = "pk_live_Y2xlcms",
  UPSTASH_REDIS_REST_URL = "https://eleva-prod-31337.upstash.io",
  NEXT_PUBLIC_POSTHOG_KEY = "phc_9qTzW", BOOKING_WINDOW_DAYS = "60" }
local secrets_there = { "CLERK_SECRET_KEY", "STRIPE_SECRET_KEY", "DATABASE_URL",
  "UPSTASH_REDIS_REST_TOKEN", "QSTASH_TOKEN", "BETTERSTACK_API_TOKEN" }
local services = { "database", "stripe", "clerk", "redis", "qstash", "novu", "posthog",
  "analytics" }
local crons = {
  ["process-expert-transfers"] = "0 */2 * * *", ["process-pending-payouts"] = "0 6 * * *",
  ["send-payment-reminders"] = "0 */6 * * *", ["appointment-reminders"] = "0 9 * * *",
  ["appointment-reminders-1hr"] = "0 * * * *", ["cleanup-expired-reservations"] = "*/15 * * * *",
  ["cleanup-blocked-dates"] = "0 3 * * *", ["keep-alive"] = "*/5 * * * *" }
local heard = { "process-expert-transfers", "process-pending-payouts", "send-payment-reminders",
  "appointment-reminders", "appointment-reminders-1hr" }

-- How the application answers while one of its services is not well, or none.
local function answers(unwell)
  local told, whole = {}, unwell and "unhealthy" or "healthy"
  for _, name in ipairs(services) do
    told[name] = { status = name == unwell and "unhealthy" or "healthy" }
  end
  local found = { ["GET /"] = { 200, {}, { ["strict-transport-security"] = "max-age=63072000" } },
    ["GET /api/healthcheck"] = { unwell and 503 or 200, { status = whole, services = told } } }
  for name, path in pairs { database = "neon-database", stripe = "stripe", clerk = "clerk",
    redis = "upstash-redis" } do
    found["GET /api/health/" .. path] = name == unwell and { 503, { status = "unhealthy" } }
      or { 200, { status = "healthy" } }
  end
  return found
end

local function deployment(version, hours, target, substate)
  local at = (os.time() - hours * 3600) * 1000
  return { uid = "dpl_" .. version .. (target or "p"), name = "eleva", projectId = project,
    createdAt = at, created = at, url = ("eleva-%s.vercel.app"):format(version), type = "LAMBDAS",
    readyState = "READY", state = "READY", target = target, readySubstate = substate,
    isRollbackCandidate = target and true or nil, meta = { perilune_version = version } }
end

local function variables()
  local env = {}
  local function add(name, value, kind)
    local at = (os.time() - 30 * day) * 1000
    env[#env + 1] = { id = "env_" .. #env, key = name, value = value, type = kind,
      target = { "production" }, createdAt = at, updatedAt = at }
  end
  for name, value in pairs(wanted) do
    if name ~= "NEXT_PUBLIC_POSTHOG_KEY" then
      add(name, name == "BOOKING_WINDOW_DAYS" and "6" or value, "plain")
    end
  end
  for _, name in ipairs(secrets_there) do
    if name ~= "STRIPE_SECRET_KEY" then add(name, "kept by Vercel", "encrypted") end
  end
  return env
end

local function watch(id, name, status)
  return { id = id, type = "monitor", attributes = { pronounceable_name = name, name = name,
    url = "https://eleva.care", status = status or "up", paused = false } }
end

local function heartbeats()
  local found = {}
  for place, name in ipairs(heard) do found[place] = watch(tostring(20 + place), name) end
  return found
end

-- Every job runs at its time, but for one whose time was changed by hand; each ran a moment ago.
local function jobs()
  local schedules, logs, now = {}, {}, os.time() * 1000
  for name, cron in pairs(crons) do
    schedules[#schedules + 1] = { scheduleId = name, method = "POST", createdAt = now - 9 * day,
      cron = name == "cleanup-blocked-dates" and "0 4 * * *" or cron, isPaused = false,
      destination = "https://eleva.care/api/cron/" .. name, nextScheduleTime = now + 300000,
      lastScheduleTime = now }
    for offset, state in ipairs { "CREATED", "DELIVERED" } do
      logs[#logs + 1] = { messageId = "msg_" .. name, time = now - 20000 + offset * 1000,
        state = state, url = "https://eleva.care/api/cron/" .. name, scheduleId = name,
        label = "", method = "POST" }
    end
  end
  return { schedules = schedules, logs = logs, page_size = 20 }
end

M.services = {
  { name = "vercel", kind = "double", of = "vercel", named = project,
    state = { refs = { commit, before, next_one, "main" }, env = variables(), project = {
      id = project, name = "eleva", autoAssignCustomDomains = false, paused = false,
      nodeVersion = "18.x",
      link = { type = "github", repoId = 7, productionBranch = "main" },
      targets = { production = { id = "dpl_" .. commit .. "production",
        createdAt = (os.time() - day) * 1000, alias = { "eleva.care" } } } },
      deployments = { deployment(next_one, 2), deployment(commit, 24, "production", "PROMOTED"),
        deployment(before, 48, "production", "STAGED") } } },
  { name = "neon", kind = "double", of = "neon", named = "shiny-river-48213377",
    state = { retention = 30 * day, branches = { { id = database, name = "main",
      project_id = "shiny-river-48213377", current_state = "ready", logical_size = 4096,
      created_at = os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() - 400 * day) } } } },
  { name = "database", kind = "postgres", database = "neondb", tls = true,
    settings = { shared_preload_libraries = "'pg_stat_statements'" } },
  { name = "redis", kind = "double", of = "upstash" },
  { name = "qstash", kind = "double", of = "qstash", state = jobs() },
  { name = "site", kind = "double", of = "site", state = { answers = answers() } },
  { name = "git", kind = "double", of = "site", state = { answers = {
    ["GET /repos/eleva-care/eleva-care-app/contents/config/production.json"] =
      { 200, { variables = wanted, project = { autoAssignCustomDomains = false,
      nodeVersion = "20.x" } } } } } },
  { name = "watcher", kind = "double", of = "betterstack", state = { heartbeats = heartbeats(),
    monitors = { watch("7", "eleva.care"), watch("8", "api.eleva.care") } } },
  { name = "page", kind = "double", of = "betterstack_page", named = "187302",
    token_of = "watcher", state = { resources = { "8512201", "8512202", "8512203",
      "8512204" } } },
  { name = "posthog", kind = "double", of = "site", state = { answers = {
    ["GET /insights/710001/"] = { 200, { result = { { count = 2 } } } },
    ["GET /insights/710002/"] = { 200, { result = { { count = 0.15 } } } },
    ["GET /insights/710003/"] = { 200, { result = { { count = 0.8 } } } } } } },
  { name = "novu", kind = "double", of = "novu", state = { workflows = { "operations" } } },
  { name = "github", kind = "double", of = "github", named = "eleva-care/eleva-care-app" },
}

function M.targets(facts)
  local function at(name) return { url = facts[name].url } end
  local vercel = { url = facts.vercel.url, health = facts.site.url .. "/api/healthcheck" }
  return {
    ["deploy/app"] = vercel, ["deploy/preview"] = at "vercel",
    ["database/care"] = { ca_file = facts.database.certificate },
    ["database/platform"] = at "neon",
    ["database/restore-test"] = { url = facts.neon.url, sql_url = facts.neon.url },
    ["cache/redis"] = at "redis", ["schedule/jobs"] = at "qstash",
    ["http/site"] = at "site", ["http/git"] = at "git",
    ["http/platform"] = at "vercel",
    ["metrics/monitors"] = at "watcher", ["metrics/heartbeats"] = at "watcher",
    ["metrics/product"] = at "posthog",
    ["notify/oncall"] = at "watcher", ["notify/lead"] = at "watcher", ["notify/page"] = at "page",
    ["notify/team"] = at "novu", ["process/ci"] = at "github",
  }
end

function M.secrets(facts)
  return {
    VERCEL_TOKEN = facts.vercel.token,
    VERCEL_AUTHORIZATION = "Bearer " .. facts.vercel.token, NEON_API_KEY = facts.neon.token,
    DATABASE_URL = facts.database.url, UPSTASH_REDIS_REST_TOKEN = facts.redis.token,
    QSTASH_TOKEN = facts.qstash.token, BETTERSTACK_API_TOKEN = facts.watcher.token,
    NOVU_SECRET_KEY = facts.novu.token, GITHUB_ACTIONS_TOKEN = facts.github.token,
    GITHUB_READ_AUTHORIZATION = "Bearer kept-of-eleva",
    POSTHOG_AUTHORIZATION = "Bearer kept-of-eleva-too",
  }
end

function M.fill(stage)
  stage.answers_while = answers
  stage:sql("database", [[
    create extension pg_stat_statements;
    create table appointments (id int primary key, created_at timestamptz);
    create table payment_transfers (id int primary key, appointment_id int,
      created_at timestamptz);
    insert into appointments select n, now() - n * interval '1 hour' from generate_series(1, 40) n;
    insert into payment_transfers select id, id, created_at from appointments;
  ]])
end

M.without = { "PostHog (metrics/product reads numbers of a stand-in)" }

M.reads_by_post = { "redis POST /pipeline" }

M.plans = require("eleva_plans")

-- How many of the double's records of a kind are in a state.
local function count(records, is_so)
  local found = 0
  for _, one in ipairs(records) do found = found + (is_so(one) and 1 or 0) end
  return found
end

local function told(stage)
  local incidents = stage:steer("watcher", "state").incidents
  local paused = count(stage:steer("qstash", "state").schedules, function(one)
    return one.isPaused
  end)
  return ("%d open, %d jobs paused"):format(count(incidents, function(one)
    return not one.attributes.resolved_at
  end), paused)
end

local function unless(expected)
  return function(stage)
    local found = told(stage)
    return found == expected and {} or { found .. ", not " .. expected }
  end
end

-- The page's first commands, as far as they come where nobody is there: the second one waits for
-- who takes the incident, and for who says what mends it.
M.runs = {
  { words = "run incident-response -e production --no-input", exit = 0,
    prepare = function(stage) stage:steer("site", "state", { answers = answers() }) end,
    shows = { "Nothing that is watched is wrong." }, afterwards = unless "0 open, 0 jobs paused" },
  { words = "run incident-response -e production summary=\"Bookings vanish\" --no-input",
    exit = 124, within = 10,
    shows = { "✓ Tell people: investigating", "✓ Respond › Pause the jobs" },
    afterwards = unless "1 open, 8 jobs paused" },
}

return M
