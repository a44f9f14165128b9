-- What drills have in common: an API that serves users and their photos, and clients from outside.
local drilling = require "drilling"

local M = {}

---So many users and photos there are before any disaster.
M.users, M.photos = 20, 50

-- As the application's role, which owns its tables as in production.
local schema = [[
set local role app;
create table if not exists users (id int primary key, email text);
create table if not exists photos (id int primary key, user_id int references users);
insert into users select x, 'user' || x || '@vera.app' from generate_series(1, %d) x;
insert into photos select x, 1 + x %% 20 from generate_series(1, %d) x;
reset role;
]]

local railway = "Railway's API is a double, which checks each query by Railway's schema and "
  .. "executes a small application of ours instead of a build of Vera's"

---What is no real service in every drill of Vera.
M.platforms = {
  ["deploy/api"] = railway,
  ["notify/team"] = "a double of Slack's webhook, which checks each message by its schema",
  ["dns/site"] = "a double of Cloudflare's API, which checks each request by its description; BIND "
    .. "answers what it has",
}

---What is simulated in a drill: what always is, and these targets.
function M.simulated(more)
  local all = {}
  for _, list in ipairs { M.platforms, more or {} } do
    for target, text in pairs(list) do all[target] = text end
  end
  return all
end

M.elsewhere = { ["deploy/api-elsewhere"] = railway }
M.primary_server = { ["deploy/primary-server"] = "the double of Railway's API, which really stops "
  .. "the primary's PostgreSQL" }
M.cdn = { ["process/cdn"] = "not there: nobody is told to forget photos, as CloudFront is" }

---What users ask for, by the name server.
M.probe = { url = "http://api.vera.example:{services.api.port}/health", resolve = "dns/site",
  contains = "\"status\": \"ok\"" }

---Who decides, after a second.
function M.says(answer) return { answer = answer, after = "1s", by = "on-call" } end

---The API's variables: its database, and its bucket and keys of S3.
function M.variables(on, database, bucket)
  local objects = on.service("objects")
  return { DATABASE_URL = on.service(database).app_url, S3_BUCKET = bucket,
    S3_ENDPOINT = objects.endpoint, AWS_ACCESS_KEY_ID = objects.access_key_id,
    AWS_SECRET_ACCESS_KEY = objects.secret_access_key }
end

---A good day: users, photos, and the API's second release, on the primary.
function M.open(on)
  on.database("primary"):execute { sql = schema:format(M.users, M.photos) }
  for place = 1, 12 do
    on.storage("photos"):put { key = "photos/" .. place, body = "picture " .. place }
  end
  for _, service in ipairs { "replica", "elsewhere" } do
    on.secrets("vault"):put { name = service .. "-database-url",
      value = on.service(service).app_url }
  end
  drilling.release(on.deploy("api"), "aaaaaaa", M.variables(on, "primary", "vera-drill-photos"))
  drilling.release(on.deploy("api"), "bbbbbbb")
  on.database("replica"):wait_caught_up { within = "20s" }
end

---The address that dig is told for the API's name.
function M.leads_to(on)
  local host, port = on.service("names").server:match("(.+):(%d+)$")
  local told = drilling.client(on, "dig", { "@" .. host, "-p", port, "+short",
    "api.vera.example", "A" })
  return told:match("(%d+%.%d+%.%d+%.%d+)%s*$")
end

---What curl is answered at that address.
function M.curl(on, path)
  local url = ("http://%s:%s%s"):format(M.leads_to(on), on.service("api").port, path)
  return json.decode(drilling.client(on, "curl", { "-sS", "-m", "5", url }))
end

---psql finds all users and photos, on a server that takes writes.
function M.ensure_rows(on, program)
  local told = drilling.client(on, program, { "-XAtc", "select pg_is_in_recovery(), "
    .. "(select count(*) from users), (select count(*) from photos)" })
  ensure(told:find(("^f|%d|%d%%s*$"):format(M.users, M.photos)), "psql finds: %s", told)
end

---Slack has this incident and its end, and no double was asked what its provider does not describe.
function M.ensure_told(on, key)
  drilling.ensure_told_in_chat(on, "team", key)
  drilling.ensure_described(on, "team", "railway", "railway-elsewhere", "railway-database",
    "cloudflare")
end

---Redis answers redis-cli.
function M.ensure_redis(on)
  local redis = on.service("redis")
  local told = drilling.client(on, "redis-cli", { "-h", redis.address, "-p", redis.port, "ping" })
  ensure(told:find("PONG", 1, true), "redis-cli is told: %s", told)
end

---The API is well, as curl is told, and of this version.
function M.ensure_serves(on, version)
  local health = M.curl(on, "/health")
  ensure(health.status == "ok", "The API must be well, but says: %s", json.encode(health))
  ensure(health.version == version, "The API must serve %s, but serves %s.", version,
    tostring(health.version))
end

return M
