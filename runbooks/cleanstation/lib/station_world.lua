-- CleanStation as tests and explorations find it: open and well in us-east-1, us-west-2 asleep.
--
-- The simulator knows no two ways to one database, so the way by SQL is a replica that is never
-- behind its control plane's database: what is restored or promoted there is read here. It does
-- not see that RDS makes snapshots of what is fenced either, hence database/snapshots.
local M = {}

local schema = [[
create table orders (id integer primary key, product text, created_at text);
create table qc_checks (id integer primary key, order_id integer, passed integer);
create table assembly_tasks (id integer primary key, order_id integer, done integer);
with recursive n(x) as (select 1 union all select x + 1 from n where x < 50)
insert into orders select x, 'sink', '2025-12-20' from n;
with recursive n(x) as (select 1 union all select x + 1 from n where x < 30)
insert into qc_checks select x, x, 1 from n;
with recursive n(x) as (select 1 union all select x + 1 from n where x < 40)
insert into assembly_tasks select x, x, 0 from n;
]]

---A page that answers as CleanStation does.
function M.answer_well(page)
  page:answer { path = "/api/health", status = 200, json = { status = "healthy" } }
  page:answer { path = "/api/auth/login", method = "POST", status = 401 }
  page:answer { path = "/api/orders", status = 401 }
end

local looked = { folder = "migrations" }

---The same for a migration that is pending, and what becomes of it: a simulator opens no folder.
function M.migration(outcome)
  return {
    ["database/primary-sql:pending_migrations"] = {
      { arguments = looked, at = 0, value = { { id = "001_order_priority" } }, times = 99 } },
    ["database/primary-sql:migrate"] = { outcome or { at = 0, outcome = "done",
      arguments = { folder = "migrations", lock_timeout = 5 },
      value = { applied = { "001_order_priority" } } } },
  }
end

---What S3, RDS and PostgreSQL answer to the runbook `backup` and `maintenance`, as
---world("production", { recorded = … }) takes it: the rules, and no others, that are to be set.
---`failed` files could not be copied to us-west-2, and `slow` statements are known.
function M.copies(failed, slow)
  local copies = { to = "storage/files-west", state = "on" }
  return {
    ["storage/files:set_replication"] = { { arguments = copies, at = 0, outcome = "done",
      value = { before = {}, after = copies } } },
    ["storage/files:replication_status"] = { { arguments = {}, at = 0, times = 99,
      value = { pending = 0, failed = failed or 0 } } },
    ["storage/files:set_lifecycle"] = { { at = 0, outcome = "done", arguments = { rules = {
      { prefix = "", after = "30d", action = "move", class = "STANDARD_IA" },
      { prefix = "", after = "90d", action = "move", class = "GLACIER" } } }, value = {} } },
    ["database/snapshots:prune_backups"] = { { at = 0, outcome = "done", arguments = {
      keep = { last = 3 }, keep_at_least = 3, delete_at_most = 10 },
      value = { removed = {}, kept = {} } } },
    ["database/primary-sql:slow_queries"] = { { arguments = { limit = 1000, longer_than = 0.001 },
      at = 0, times = 99, value = slow or {} } },
  }
end

---Open and well: 1.4.0 serves from blue after 1.3.0, 1.5.0 is built, us-west-2 has 1.4.0 at rest.
---`app` is the name by which the application is known: "app", or "slots" for releases.
function M.open(w, app)
  local east = w.deploy(app or "app")
  w.database.primary:execute { sql = schema }
  w.database.primary:history { seconds = 7 * 86400 }
  east:serve { slot = "blue", version = "1.3.0", instances = 3 }
  east:serve { slot = "blue", version = "1.4.0", instances = 3 }
  east:serve { slot = "green", version = "1.3.0", instances = 3 }
  east:put_artifact { version = "1.5.0" }
  w.deploy["app-west"]:serve { version = "1.4.0", instances = 1 }
  w.deploy["app-west"]:scale { instances = 0 }
  w.deploy["app-west"]:put_artifact { version = "1.5.0" }
  for _, page in ipairs { "site", "site-west", "blue", "green" } do M.answer_well(w.http[page]) end
  w.dns.torvan:put { name = "cleanstation", type = "CNAME", ttl = 60,
    value = "cleanstation-210987654.us-east-1.elb.amazonaws.com." }
  w:prepared()
  return w
end

---The way by which snapshots are made follows the primary.
function M.follow_snapshots(w)
  w.database.snapshots:replicate { from = "database/primary", behind = 0 }
  w:prepared()
  return w
end

---The standby follows the primary, and the ways by SQL and for snapshots follow theirs.
function M.follow(w, behind_s)
  M.follow_snapshots(w)
  w.database.standby:replicate { from = "database/primary", behind = behind_s or 5 }
  w.database["primary-sql"]:replicate { from = "database/primary", behind = 0 }
  w.database["standby-sql"]:replicate { from = "database/standby", behind = 0 }
  w:advance("1m")
  w:prepared()
  return w
end

---RDS has backed up for a month, and made its snapshot an hour ago.
function M.back_up(w)
  w.database.primary:history { seconds = 30 * 86400 }
  w:advance("31d")
  w.database.primary:snapshot { name = "rds:automated" }
  w:advance("1h")
  w:prepared()
  return w
end

---us-east-1 is gone: neither tasks nor database answer, and nothing is learned of them.
function M.lose_east(w)
  w.deploy.app:fail {}
  w.database.primary:fail()
  w:prepared()
  return w
end

-- What a run of security-incident cannot make itself.
local issued = { "smtp/credentials", "s3/credentials", "redis/url", "jwt/public_key" }
local made = { "database/url", "database/readonly_url", "jwt/private_key", "encryption/key" }

-- An account's logs of so many days ago.
local function log_key(w, service, days, name)
  return ("AWSLogs/210987654321/%s/us-east-1/%s/%s"):format(service,
    date("%Y/%m/%d", w:now() - days * 86400), name)
end

---Where the load balancer's log of so many days ago is, and CloudTrail's.
function M.access_log(w, days) return log_key(w, "elasticloadbalancing", days, "a.log") end
function M.audit_trail(w, days) return log_key(w, "CloudTrail", days, "a.json") end

---Credentials in both regions, all a month old; logs of a month; nobody let in yet.
function M.fill_stores(w)
  for _, store in ipairs { "parameters", "parameters-west" } do
    for _, names in ipairs { issued, made } do
      for _, name in ipairs(names) do
        w.secrets[store]:put { name = name, value = "old " .. name }
        w.secrets[store]:make_older { name = name, by_s = 30 * 86400 }
      end
    end
  end
  -- Only PostgreSQL knows who may sign in to it.
  local sql = w.database["primary-sql"]
  sql:execute { sql = "create table pg_roles (rolname text, rolcanlogin integer)" }
  sql:execute { sql = "insert into pg_roles values ('cleanstation_owner', 1), ('rdsadmin', 1), "
    .. "('cleanstation_app', 1), ('cleanstation_reader', 1), ('pg_monitor', 0)" }
  w.secrets.managed:put { name = "rds/master", value = "old master" }
  w.secrets.managed:make_older { name = "rds/master", by_s = 30 * 86400 }
  w.storage["access-logs"]:put { key = M.access_log(w, 1), body = "GET /" }
  w.storage["audit-trail"]:put { key = M.audit_trail(w, 1), body = "{}" }
  w.process.keys:program { name = "public-key", exit_code = 0, output = "PUBLIC KEY\n" }
  w.http.site:certificate { starts_at = w:now() - 30 * 86400 }
  w:prepared()
  return w
end

---A person has replaced, in both regions, what only a person can.
function M.replace_issued(w)
  for _, name in ipairs(issued) do
    for _, store in ipairs { "parameters", "parameters-west" } do
      w.secrets[store]:put { name = name, value = "new " .. name }
    end
  end
  w.http.site:certificate { starts_at = w:now() }
  w:prepared()
  return w
end

---The drill environment, with a snapshot, and credentials to be replaced. The way by SQL is a
---database of its own here, since passwords are set in it.
function M.open_drill(w)
  M.follow(M.open(w))
  w.database["primary-sql"]:promote {}
  w.database.primary:snapshot { name = "automated" }
  M.fill_stores(w)
  w:advance("1m")
  M.replace_issued(w)
  return w
end

---One order more.
function M.order(w)
  w.database.primary:execute { sql = "insert into orders (product, created_at) "
    .. "values ('sink', '2026-01-01')" }
end

return M
