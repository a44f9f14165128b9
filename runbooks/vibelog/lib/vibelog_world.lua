-- VibeLog as tests and explorations find it: open and well, with backups, and then in trouble.
local M = {}

local schema = [[
create table users (id integer primary key, email text);
create table vibelogs (id integer primary key, user_id integer, title text, created_at text);
create table sessions (id integer primary key, user_id integer, expires_at text);
create table audit_logs (id integer primary key, what text, created_at text);
create table audit_logs_archive (id integer primary key, what text, created_at text);
with recursive n(x) as (select 1 union all select x + 1 from n where x < 10)
insert into users select x, 'user' || x || '@example.com' from n;
with recursive n(x) as (select 1 union all select x + 1 from n where x < 40)
insert into vibelogs select x, 1 + x % 10, 'log ' || x, '2025-12-20' from n;
insert into audit_logs values (1, 'signed in', '2025-12-20');
]]

local parts = { "database", "openai", "supabase", "disk", "memory" }

---A page whose health endpoint names every part; those in `failed` (a list) are not well.
function M.health(page, failed)
  local bad, checks = {}, {}
  for _, part in ipairs(failed or {}) do bad[part] = true end
  for place, part in ipairs(parts) do
    checks[place] = { service = part, status = bad[part] and "unhealthy" or "healthy" }
  end
  local well = next(bad) == nil
  page:answer { path = "/api/health", status = well and 200 or 503,
    json = { status = well and "healthy" or "unhealthy", checks = checks } }
end

---The page answers what it should.
function M.answer_well(page)
  M.health(page)
  page:answer { path = "/", status = 200, body = "<h1>VibeLog</h1>" }
  page:answer { path = "/api/vibelogs", status = 401 }
end

---The application's own numbers, all quiet.
function M.quiet(w)
  for name, value in pairs { ["error-rate"] = 0.2, p95 = 0.8,
    ["openai-quota"] = 30, ["resend-quota"] = 20 } do
    w.metrics.app:set { name = name, value = value }
  end
end

-- Production's variables: what the schema asks for.
local variables = { NODE_ENV = "production", NEXT_PUBLIC_APP_URL = "https://vibelog.io",
  NEXTAUTH_URL = "https://vibelog.io", SUPABASE_URL = "https://mnbvcxzlkjhgfdsapoiu.supabase.co",
  FEATURE_NEW_EDITOR = "false", FEATURE_BATCH_PROCESSING = "false",
  FEATURE_TEAM_FEATURES = "false", FEATURE_DEBUG_MODE = "false", AI_PROVIDER = "openai",
  OPENAI_API_KEY = "sk-simulated", DATABASE_URL = "postgresql://simulated",
  DIRECT_URL = "postgresql://simulated", SUPABASE_ANON_KEY = "simulated",
  SUPABASE_SERVICE_ROLE_KEY = "simulated" }

---Open and well: versions aaaaaaa and bbbbbbb were released, ccccccc is built.
function M.open(w)
  w.database.main:execute { sql = schema }
  w.secrets.vault:put { name = "nextauth", value = "simulated" }
  local values = { NEXTAUTH_SECRET = w.secrets.vault:read { name = "nextauth" } }
  for name, value in pairs(variables) do values[name] = value end
  w.deploy.web:set_env { values = values }
  w.deploy.web:serve { version = "aaaaaaa" }
  w.deploy.web:serve { version = "bbbbbbb" }
  w.deploy.web:put_artifact { version = "ccccccc" }
  w.deploy["web-backup"]:serve { version = "bbbbbbb", instances = 2 }
  w.deploy["web-backup"]:scale { instances = 0 }
  w.deploy.staging:serve { version = "bbbbbbb" }
  w.deploy.staging:put_artifact { version = "aaaaaaa" }
  w.deploy.staging:put_artifact { version = "ccccccc" }
  for _, page in ipairs { "site", "staging", "backup" } do M.answer_well(w.http[page]) end
  w.http.openai:answer { path = "/v1/models", status = 200, json = { data = {} } }
  w.http.anthropic:answer { path = "/v1/models", status = 200, json = { data = {} } }
  M.quiet(w)
  w.process.ci:program { name = "checks", exit_code = 0 }
  w.process.ci:program { name = "browser-smoke", exit_code = 0 }
  w.process.clients:program { name = "sign-in", exit_code = 0 }
  w.dns.site:put { name = "@", type = "A", value = "76.76.21.21", ttl = 300 }
  w.dns.site:put { name = "www", type = "CNAME", value = w.deploy.web:endpoint() .. ".",
    ttl = 300 }
  w:prepared()
  return w
end

---A developer's machine: two pages and the databases.
function M.local_only(w)
  w.database.main:execute { sql = schema }
  for _, page in ipairs { "site", "staging" } do M.answer_well(w.http[page]) end
  w:prepared()
  return w
end

---No staging: a rule of every exploration takes any application that serves for the users' own.
function M.without_staging(w)
  w.deploy.staging:scale { instances = 0 }
  w:prepared()
  return w
end

---One vibelog more.
function M.record(w)
  w.database.main:execute { sql =
    "insert into vibelogs (user_id, title, created_at) values (1, 'one more', '2026-01-01')" }
end

---What Supabase knows of the database, for its own restores.
function M.platform(w)
  local platform = w.database.platform
  platform:execute { sql = schema }
  platform:history { seconds = 86400 }
  w:prepared()
  return w
end

local both = { { id = "001_vibelogs_created_at", revertible = true },
  { id = "002_audit_logs_created_at", revertible = false } }
local ids = { "001_vibelogs_created_at", "002_audit_logs_created_at" }

---A world, by `make`, whose databases say of migrations/ what is given (a simulator opens no
---folder): nothing is pending, or both are (`pending`) until they are migrated. Production is asked
---`asked` times before that: once unless said otherwise.
function M.migrated(make, environment, given)
  local looked, pending = { folder = "migrations" }, given and given.pending
  local function said(first_times)
    return { { arguments = looked, at = 0, value = pending and both or {}, times = first_times },
      { arguments = looked, at = 0, value = {}, times = 99 } }
  end
  local done = { arguments = { folder = "migrations", lock_timeout = 5 }, at = 0,
    outcome = "done", value = { applied = ids } }
  return make(environment, { recorded = {
    ["database/staging:pending_migrations"] = said(1),
    ["database/main:pending_migrations"] = said(given and given.asked or 1),
    ["database/staging:migrate"] = { done }, ["database/main:migrate"] = { done },
    ["database/main:revert_migrations"] = { { at = 0, outcome = "done",
      arguments = { folder = "migrations", count = 1 }, value = { reverted = { ids[2] } } } },
  } })
end

---A vault two days old, users signed in, and other keys beside their sessions.
function M.breached(w)
  for _, name in ipairs { "openai", "anthropic", "supabase-anon",
    "supabase-service-role", "resend", "stripe", "posthog", "database/app-a", "database/app-b" } do
    w.secrets.vault:put { name = name, value = "value of " .. name }
  end
  w:advance("2d")
  M.quiet(w)
  w.cache.redis:put { key = "sess:one", value = "alice" }
  w.cache.redis:put { key = "sess:two", value = "bob" }
  w.cache.redis:put { key = "queue:one", value = "kept" }
  w:prepared()
  return w
end

return M
