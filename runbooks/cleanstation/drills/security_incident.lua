-- Somebody has the application's password for the database, a session, and a role to come back by.
local drilling = require "drilling"
local evidence = require "evidence"
local station_drill = require "station_drill"

local issued = { "smtp/credentials", "s3/credentials", "redis/url", "jwt/public_key" }
local made = { "database/url", "database/readonly_url", "jwt/private_key", "encryption/key" }

local function put_all(on, names, value)
  for _, store in ipairs { "parameters", "parameters-west" } do
    for _, name in ipairs(names) do
      on.secrets(store):put { name = name, value = value }
    end
  end
end

local log, trail = "GET /api/orders 200", "{}"

-- psql must be told why: that it cannot connect would prove nothing.
local function ensure_refused(on, program, why)
  local ended = on.process("clients"):inspect { program = program,
    arguments = { "-XAtc", "select 1" } }
  ensure(ended.exit_code ~= 0 and ended.errors:find(why, 1, true),
    "%s must be refused (%s), and ended with %d: %s", program, why, ended.exit_code, ended.errors)
end

-- A copy is the original's bytes, as rclone reads them and as the list of evidence has them.
local function ensure_kept(on, listed, key, digest)
  local found = drilling.client(on, "rclone", { "hashsum", "sha256", "--download",
    "s3:evidence/" .. key }):match("^%x+")
  ensure(found == digest and listed:find(digest, 1, true), "The evidence %s must have the digest "
    .. "%s, also in its list; rclone reads %s, the list has %s", key, digest, found, listed)
end

-- Whether somebody who asks AWS in its own words is told of a second version of a parameter.
local function ensure_replaced(on, name)
  local aws = on.service("aws")
  local ended = on.process("clients"):inspect { program = "aws",
    arguments = { "-sf", "--aws-sigv4", "aws:amz:us-east-1:ssm", "-K", "-",
      "-H", "X-Amz-Target: AmazonSSM.GetParameter", "-H",
      "Content-Type: application/x-amz-json-1.1", "-d",
      json.encode { Name = "/cleanstation/drill/" .. name }, aws.url },
    input = "user = " .. aws.access_key_id .. ":" .. aws.secret_access_key .. "\n" }
  local version = ended.output:match('"Version": ?(%d+)')
  ensure(tonumber(version or 0) > 1, "The parameter %s must have been replaced, but its version "
    .. "is %s.", name, tostring(version))
end

local function redis_keys(on)
  local cache = on.service("cache")
  return drilling.client(on, "redis-cli", { "-h", cache.address, "-p", cache.port, "--scan" })
end

return drill {
  summary = "A password is stolen: isolated, evidence kept, every credential replaced, users back",
  runbook = "security-incident", environment = "drill",
  simulated = station_drill.simulated_with {
    ["database/snapshots"] = "moto instead of RDS's control plane: its snapshot holds no data",
    ["secrets/managed"] = "moto instead of Secrets Manager",
  },
  prepare = function(on)
    put_all(on, made, on.service("cache").url)
    put_all(on, issued, on.service("cache").url)
    station_drill.open(on)
    on.secrets("managed"):put { name = "rds/master", value = on.service("primary").password }
    on.storage("access-logs"):put { key = "AWSLogs/alb.log", body = log }
    on.storage("audit-trail"):put { key = "AWSLogs/trail.json", body = trail }
    on.cache("redis"):set { key = "sess:alice", value = "signed in" }
    on.cache("redis"):set { key = "cache:orders", value = "kept" }
  end,
  disaster = function(on)
    on.database("primary"):execute { sql = "create role intruder login password 'of his own'" }
    on.cache("redis"):set { key = "sess:intruder", value = "signed in" }
  end,
  parameters = function(on)
    -- What only people can replace, they have replaced by then.
    sleep("1s")
    put_all(on, issued, on.service("cache").url .. "?replaced=yes")
    on.secrets("managed"):put { name = "rds/master", value = on.service("cache-west").url }
    -- And somebody has started security-watch, which says so itself.
    on.storage("evidence"):put { key = evidence.watch_key(on.disaster_at), body = "{}" }
    local east, west = station_drill.database_of(on, "primary"),
      station_drill.database_of(on, "replica")
    return { found_at = drilling.disaster_at(on), database = east, reader = east,
      database_west = west }
  end,
  answers = {
    ["Isolate CleanStation?"] = { answer = "approve", after = "1s", by = "sre-lead" },
    ["Keep the database's log by hand"] = { answer = "kept", by = "sre-lead" },
    ["Give this program the database's new password"] = { answer = "It signs in with another one.",
      by = "sre-lead" },
    ["Put the new public key in place"] = { answer = "stored", by = "sre-lead" },
    ["Replace smtp/credentials"] = { answer = "replaced", by = "sre-lead" },
    ["Replace s3/credentials"] = { answer = "replaced", by = "sre-lead" },
    ["Replace redis/url"] = { answer = "replaced", by = "sre-lead" },
    ["Replace the access keys of people and programs"] = { answer = "four", by = "sre-lead" },
    ["Replace the keys of PagerDuty, Slack and Prometheus"] = { answer = "three",
      by = "sre-lead" },
    ["Replace rds/master in Secrets Manager"] = { answer = "replaced", by = "sre-lead" },
    ["Does the role intruder belong here?"] = { answer = "no", by = "sre-lead" },
    ["Start security-watch"] = { answer = "It is a run of its own.", by = "sre-lead" },
  },
  probe = station_drill.probe,
  mark = { target = "database/primary", name = "orders" },
  guard = { outage = "3m" },
  check = function(on)
    ensure_refused(on, "psql-stolen", "password authentication failed")
    ensure_refused(on, "psql-intruder", "is not permitted to log in")
    local keys = redis_keys(on)
    ensure(not keys:find("sess:", 1, true), "Nobody may be signed in, but redis-cli finds %s", keys)
    ensure(keys:find("cache:orders", 1, true), "What is no session must stay: %s", keys)
    station_drill.ensure_healthy(on, "app")
    station_drill.ensure_told(on, "security-incident", "aws")
    for _, name in ipairs { "database/url", "jwt/private_key", "encryption/key" } do
      ensure_replaced(on, name)
    end
    local versions = drilling.client(on, "rclone", { "backend", "versioning", "s3:evidence" })
    ensure(versions:find("Enabled", 1, true) ~= nil, "The evidence keeps no versions: " .. versions)
    local listed = drilling.client(on, "rclone", { "cat", "s3:evidence/incidents", "--include",
      "**/digests.json" })
    ensure_kept(on, listed, "AWSLogs/alb.log",
      "c680aa205e95099d6d76a2313648ca5325a9fcf780c359a22e834bb1e72fec06")
    ensure_kept(on, listed, "AWSLogs/trail.json",
      "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")
  end,
}
