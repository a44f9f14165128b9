-- Eleva as tests and explorations find it: open and well, its jobs running, and then in trouble.
local care = require "care"
local care_config = require "care_config"

local M = {}

-- Ages are of the first day of a world's time: rows come one a day, the newest yesterday.
local schema = [[
create table appointments (id integer primary key, expert_id integer, created_at text);
create table payment_transfers (id integer primary key, appointment_id integer, created_at text);
with recursive n(x) as (select 1 union all select x + 1 from n where x < 60)
insert into appointments select x, x %% 7, datetime('%s', '-' || (61 - x) || ' days') from n;
insert into payment_transfers select id, id, created_at from appointments;
]]

---What Git says of the configuration.
M.configuration = { variables = { NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY = "pk_live_Y2xlcms",
  UPSTASH_REDIS_REST_URL = "https://eleva-prod-31337.upstash.io",
  NEXT_PUBLIC_POSTHOG_KEY = "phc_9qTzW", BOOKING_WINDOW_DAYS = "60" },
  project = { nodeVersion = "20.x", autoAssignCustomDomains = false } }

local project = "/v9/projects/prj_4hQ2Tn8cYbV7mKxR1sLdWfEa"

---Vercel shows these settings of the project, and takes others.
function M.set_project(w, settings)
  w.http.platform:answer { path = project, status = 200, json = settings }
  w.http.platform:answer { path = project, method = "PATCH", status = 200, json = settings }
end

---Git gives this configuration, in production's file or another.
function M.put_in_git(w, configuration, file)
  w.http.git:answer { path = care_config.path_of(file or "config/production.json"),
    status = 200, body = type(configuration) == "string" and configuration
      or json.encode(configuration) }
end

-- The application's variables are what Git says, and its secrets are there.
local function configure(w)
  M.put_in_git(w, M.configuration)
  M.set_project(w, M.configuration.project)
  local values = {}
  for name, value in pairs(M.configuration.variables) do values[name] = value end
  for _, name in ipairs(care_config.secret_names) do values[name] = "value of " .. name end
  w.deploy.app:set_env { values = values }
end

---Every endpoint says that all is well.
function M.answer_well(site)
  site:answer { path = "/", status = 200, headers = {
    ["strict-transport-security"] = "max-age=63072000" } }
  local services = {}
  for _, name in ipairs(care.service_names) do services[name] = { status = "healthy" } end
  site:answer { path = "/api/healthcheck", status = 200,
    json = { status = "healthy", services = services } }
  for _, service in pairs(care.services) do
    if service.path then
      site:answer { path = service.path, status = 200, json = { status = "healthy" } }
    end
  end
end

-- The combined endpoint and four services that have none of their own: one look asks it five times.
local asks_of_a_look = 5

---One service is not well: its endpoint says so, and the combined one too; for `times` looks, or
---from now on.
function M.break_service(w, name, times)
  local path = care.services[name].path
  if path then
    w.http.site:answer { path = path, status = 503, json = { status = "unhealthy" },
      times = times }
  end
  local services = {}
  for _, one in ipairs(care.service_names) do
    services[one] = { status = one == name and "unhealthy" or "healthy" }
  end
  w.http.site:answer { path = "/api/healthcheck", status = 503,
    times = times and times * asks_of_a_look,
    json = { status = "unhealthy", services = services } }
end

---Open and well: versions aaaaaaa and bbbbbbb were released, ccccccc is built; all jobs run.
function M.open(w)
  local data = schema:format(date("%Y-%m-%d %H:%M:%S", w:now()))
  w.database.care:execute { sql = data }
  w.database.platform:execute { sql = data }
  w.deploy.app:serve { version = "aaaaaaa" }
  w.deploy.app:serve { version = "bbbbbbb" }
  configure(w)
  w.deploy.app:put_artifact { version = "ccccccc" }
  w.deploy.preview:put_artifact { version = "ccccccc" }
  M.answer_well(w.http.site)
  w.process.ci:program { name = "preview-checks", exit_code = 0 }
  w.process.ci:program { name = "post-mortem", exit_code = 0 }
  for name, job in pairs(care.jobs) do
    w.schedule.jobs:put { job = name, cron = job.cron,
      destination = care.job_destination("https://eleva.care", name) }
    w.schedule.jobs:takes { job = name, seconds = 5 }
    if job.heartbeat then w.metrics.heartbeats:alarm { name = name, state = "ok" } end
  end
  w.metrics.monitors:alarm { name = "eleva.care", state = "ok" }
  for name, value in pairs { ["errors-per-hour"] = 2, ["api-p95"] = 0.15, ["page-p95"] = 0.8 } do
    w.metrics.product:set { name = name, value = value }
  end
  w:prepared()
  return w
end

---A day passes, so that every job has run as it should.
function M.warm_up(w)
  w:advance("1d")
  w:prepared()
  return w
end

---So many days pass, and Neon remembers them all.
function M.keep_history(w, days)
  w.database.platform:history { seconds = days * duration("1d") }
  for _ = 1, days do
    w:advance("1d")
    M.book(w)
    -- A simulated copy is made of the newest backup before the moment.
    w.database.platform:backup { key = date("%Y%m%d", w:now()) }
  end
  w:prepared()
  return w
end

---One appointment more, paid for, in both views of the database.
function M.book(w)
  for _, name in ipairs { "care", "platform" } do
    w.database[name]:execute { sql = ("insert into appointments (expert_id, created_at) values "
      .. "(1, '%s')"):format(date("%Y-%m-%d %H:%M:%S", w:now())) }
    w.database[name]:execute { sql = "insert into payment_transfers (appointment_id, created_at) "
      .. "select id, created_at from appointments order by id desc limit 1" }
  end
end

return M
