-- What the drills of CleanStation have in common: both regions made, and what outside clients see.
local drilling = require "drilling"

local M = {}

---How many orders a drill begins with.
M.orders = 50

---The backup that a drill begins with.
M.backup = "before.dump"

local schema = [[
create extension if not exists amcheck;
create table orders (id serial primary key, product text, created_at timestamptz default now());
create table qc_checks (id serial primary key, order_id integer, passed boolean);
create table assembly_tasks (id serial primary key, order_id integer, done boolean);
insert into orders (product) select 'sink' from generate_series(1, 50);
insert into qc_checks (order_id, passed) select n, true from generate_series(1, 30) n;
insert into assembly_tasks (order_id, done) select n, false from generate_series(1, 40) n;
create role cleanstation_app login;
create role cleanstation_reader login;
grant select, insert, update, delete on orders, qc_checks, assembly_tasks
  to app, cleanstation_app;
grant create on schema public to cleanstation_app;
]]

-- Where ECS takes a variable from when a task starts.
local function stored(region, name)
  return ("arn:aws:ssm:%s:123456789012:parameter/cleanstation/drill/%s"):format(region, name)
end

---Where a database is: host:port/name.
function M.database_of(on, name)
  local server = on.service(name)
  return ("%s:%s/cleanstation"):format(server.address, server.port)
end

-- What the application of a region has to know, in its store.
local function keep_parameters(on, store, database, cache)
  on.secrets(store):put { name = "database/url", value = "postgresql://cleanstation_app:"
    .. on.service(database).password .. "@" .. M.database_of(on, database) }
  on.secrets(store):put { name = "redis/url", value = on.service(cache).url }
end

local function variables(region)
  return { DATABASE_URL = stored(region, "database/url"), REDIS_URL = stored(region, "redis/url") }
end

---Data in the primary and in its standby, and the application serving in the east.
function M.open(on)
  on.database("primary"):execute { sql = schema }
  for _, user in ipairs { "cleanstation_app", "cleanstation_reader" } do
    on.database("primary"):set_password { user = user, password = on.service("primary").password }
  end
  on.database("standby-sql"):wait_caught_up { within = "20s" }
  on.dns("torvan"):batch { upserts = {
    { name = "east", type = "A", value = on.service("app").address, ttl = "2s" },
    { name = "west", type = "A", value = on.service("app-west").address, ttl = "2s" },
    { name = "cleanstation", type = "CNAME", value = "east.torvan.example.", ttl = "2s" },
  } }
  keep_parameters(on, "parameters", "primary", "cache")
  drilling.release(on.deploy("app"), "1.4.0", variables("us-east-1"))
end

---The west's application stands ready with its own variables, and at rest.
function M.prepare_west(on)
  local west = on.deploy("app-west")
  keep_parameters(on, "parameters-west", "replica", "cache-west")
  west:set_env { values = variables("us-west-2") }
  west:scale { instances = 0 }
end

---The one on call and the team were told of this incident and of its end, and every provider was
---asked as it describes.
function M.ensure_told(on, key, ...)
  local woken = drilling.state_of(on, "pager").incidents
  ensure(#woken == 1 and woken[1].incident_key == key and woken[1].status == "resolved",
    "PagerDuty must know one incident %s, which is over.", key)
  drilling.ensure_told_in_chat(on, "chat", key)
  drilling.ensure_described(on, "pager", "chat", "aws-west", ...)
end

---The health of one of the two applications, as curl sees it.
function M.ensure_healthy(on, name)
  local place = on.service(name)
  local page = drilling.client(on, "curl", { "-s",
    ("http://%s:%s/api/health"):format(place.address, place.port) })
  ensure(page:find('"status": "healthy"', 1, true) ~= nil, name .. " is unhealthy: " .. page)
end

---What users ask, by the one name they know.
M.probe = { url = "http://cleanstation.torvan.example:{services.app.port}/api/health",
  resolve = "dns/torvan", contains = '"status": "healthy"' }

---What a drill's evidence says of how real it was, by target.
M.simulated = {
  ["deploy/app"] = "moto instead of ECS and ECR, requests checked by botocore; its task is a small "
    .. "application of ours, a process of this machine",
  ["deploy/app-west"] = "the same in the other region",
  ["database/primary"] = "a PostgreSQL server of this machine, by the driver postgres, instead of "
    .. "RDS; dumps for snapshots",
  ["database/standby"] = "moto instead of RDS, requests checked by botocore: its replica is a "
    .. "PostgreSQL server of this machine, promoted as the replica is",
  ["dns/torvan"] = "moto instead of Route 53, requests checked by botocore; BIND answers the names",
  ["cache/redis"] = "a Redis server of this machine instead of ElastiCache",
  ["storage/backups"] = "Ceph's S3 gateway instead of S3; so are the other buckets",
  ["secrets/parameters"] = "moto instead of Parameter Store: tasks get what it has when they start",
  ["notify/oncall"] = "a double of PagerDuty: nobody is woken",
  ["notify/team"] = "a double of Slack: nobody reads it",
}

---The same, and what a drill has besides.
function M.simulated_with(more) return drilling.joined(M.simulated, more) end

return M
