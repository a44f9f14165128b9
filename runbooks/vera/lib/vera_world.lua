-- Vera as tests and explorations find it: open and well, with copies, and then in trouble.
local M = {}

local schema = [[
create table users (id integer primary key, email text);
create table photos (id integer primary key, user_id integer, object_key text);
with recursive n(x) as (select 1 union all select x + 1 from n where x < 20)
insert into users select x, 'user' || x || '@vera.app' from n;
with recursive n(x) as (select 1 union all select x + 1 from n where x < 50)
insert into photos select x, 1 + x % 20, 'photos/' || x from n;
]]

---An API that answers what it should.
function M.answer_well(api)
  api:answer { path = "/health", status = 200, json = { status = "ok" } }
  api:answer { path = "/auth/login", method = "POST", status = 401 }
  api:answer { path = "/photos", status = 401 }
end

---Open and well: versions aaaaaaa and bbbbbbb were released, ccccccc is built and on staging.
function M.open(w)
  w.database.primary:execute { sql = schema }
  w.database.replica:replicate { from = "database/primary", behind = "5s" }
  w.secrets.vault:put { name = "replica-database-url", value = "postgresql://replica" }
  w.secrets.vault:put { name = "elsewhere-database-url", value = "postgresql://elsewhere" }
  for _, name in ipairs { "api", "web" } do
    w.deploy[name]:serve { version = "aaaaaaa", instances = name == "api" and 2 or 1 }
    w.deploy[name]:serve { version = "bbbbbbb", instances = name == "api" and 2 or 1 }
    w.deploy[name]:put_artifact { version = "ccccccc" }
  end
  w.deploy.staging:serve { version = "ccccccc", instances = 1 }
  w.deploy["primary-server"]:serve { version = "postgres-15", instances = 1 }
  w.deploy["api-elsewhere"]:put_artifact { version = "bbbbbbb" }
  w.deploy["api-elsewhere"]:serve { version = "aaaaaaa", instances = 1 }
  w.deploy["api-elsewhere"]:scale { instances = 0 }
  for _, page in ipairs { "api", "api-elsewhere", "staging" } do M.answer_well(w.http[page]) end
  w.http.site:answer { path = "/", status = 200 }
  w.dns.site:offer { proxied = true, apex_cname = true }
  w.dns.site:put { name = "api", type = "CNAME", value = w.deploy.api:endpoint() .. ".",
    ttl = "1m" }
  for place = 1, 12 do
    w.storage.photos:put { key = "photos/" .. place, body = "picture " .. place }
  end
  for _, name in ipairs { "checks", "changelog", "release-notes" } do
    w.process.ci:program { name = name, exit_code = 0 }
  end
  w.process.cdn:program { name = "invalidate", exit_code = 0 }
  w:advance("1m")
  w:prepared()
  return w
end

---What a database says of migrations/, which a simulator cannot open: `pending` at first and
---nothing later; with `fails` its migration is refused.
function M.migrations(pending, fails)
  local looked, ids = { folder = "migrations" }, {}
  for place, one in ipairs(pending) do ids[place] = one.id end
  local migrated = { arguments = { folder = "migrations", lock_timeout = 5 }, at = 0,
    outcome = fails and "failed" or "done", value = { applied = ids },
    error = fails and { code = "bad_sql", message = "no such table", retry = "never" } or nil }
  return { recorded = {
    ["database/primary:pending_migrations"] = {
      { arguments = looked, at = 0, value = pending },
      { arguments = looked, at = 0, value = fails and pending or {}, times = 9 } },
    ["database/primary:migrate"] = { migrated },
    ["database/primary:revert_migrations"] = {
      { arguments = { folder = "migrations", count = #ids }, at = 0, outcome = "done",
        value = { reverted = ids } } },
  } }
end

---Dumps and copies of so many nights, made by the team's own runbook, a user more each night.
function M.back_up(w, nights)
  for _ = 1, nights or 2 do
    w.database.primary:execute { sql = "insert into users (email) values ('new@vera.app')" }
    local run = w:run("backup", { kind = "full" })
    if run.outcome ~= "done" then error("The backup failed: " .. tostring(run.reason)) end
    w:advance("1d")
  end
  w:prepared()
  return w
end

---The same after a night, and then all photos' rows are gone.
function M.lose_rows(w)
  M.back_up(w, 1)
  w.database.primary:execute { sql = "delete from photos" }
  w:prepared()
  return w
end

---What explorations of restores ask for: nobody meets data that is not proved. Staging has a
---database of its own, and the site none: users are never led to the one, nothing of the other is
---restored, so neither need be closed.
M.restores = {
  without = {
    ["traffic is off during a restore"] = true,
    ["DNS never points at something unhealthy while something healthy exists"] = true,
  },
  always = {
    ["the API is closed while production is restored"] = function(w)
      local last = w.effects[#w.effects]
      return not (last and last.target == "database/primary" and last.operation == "restore")
        or w.deploy.api.instances_healthy == 0
    end,
  },
}

---The photos' copies in the other region, as the backup makes them.
function M.copy_photos(w)
  w.storage.copies:sync { from = "storage/photos" }
  w:advance("1h")
  w:prepared()
  return w
end

---Everything is there that the launch checklist asks for.
function M.ready_to_launch(w)
  w.http.github:answer { path = "/actions/runs",
    json = { workflow_runs = { { conclusion = "success", html_url = "https://github.com/1" } } } }
  w.http.sentry:answer { path = "/keys/", json = {} }
  local env = {}
  for _, name in ipairs { "DATABASE_URL", "REDIS_URL", "S3_BUCKET", "STRIPE_SECRET_KEY",
    "STRIPE_WEBHOOK_SECRET", "FIREBASE_PROJECT_ID", "JWT_SECRET", "SENTRY_DSN",
    "EXPO_ACCESS_TOKEN" } do env[name] = "set" end
  w.deploy.api:set_env { values = env, apply = "now" }
  w.metrics.datadog:set { name = "p95", value = 0.2 }
  for _, name in ipairs { "errors over 5 a minute", "p95 over 1 s", "unhandled exceptions" } do
    w.metrics.datadog:alarm { name = name, state = "ok" }
  end
  for _, name in ipairs { "api", "site", "stripe-webhook", "database" } do
    w.metrics.uptime:alarm { name = name, state = "ok" }
  end
  w:prepared()
  return w
end

---No staging: a rule of every exploration takes any application that serves for the users' own.
function M.without_staging(w)
  w.deploy.staging:scale { instances = 0 }
  w:prepared()
  return w
end

---Which of primary and replica take writes, sorted.
function M.writers(w)
  local found = {}
  for _, name in ipairs { "primary", "replica" } do
    if w.database[name].writable then found[#found + 1] = name end
  end
  return found
end

---No other database answers: a rule of every exploration counts all that take writes.
function M.without_others(w)
  for _, name in ipairs { "staging", "elsewhere", "recovery" } do w.database[name]:fail() end
  w:prepared()
  return w
end

---What the API's variable is: { value }, { digest } of a secret, or nil.
function M.variable(w, name)
  return w.deploy.api:get_env { names = { name } }[name]
end

return M
