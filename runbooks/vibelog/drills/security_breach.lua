-- Somebody has the database's password, the keys and a session of ours.
local drill_site = require "drill_site"
local drilling = require "drilling"
local known = require "vibelog_secrets"

local users = { "create role vibelog_a login password 'old password of a'",
  "create role vibelog_b login password 'old password of b'",
  "grant app to vibelog_a", "grant app to vibelog_b" }

local function address(on)
  local main = on.service("main")
  return ("%s:%s/vibelog"):format(main.address, main.port)
end

-- Each value is made by a store itself: a drill's file holds no secret.
local function store_new(on, name)
  local maker = on.secrets("maker")
  local made = maker:generate { name = name, stage = "pending" }
  on.secrets("vault"):put { name = name,
    value = maker:read { name = name, version = made.version } }
end

-- psql must be told that the old password is wrong: that it cannot connect would prove nothing.
local function ensure_refused(on, user, password)
  local url = ("postgresql://%s:%s@%s?connect_timeout=3"):format(user,
    password:gsub(" ", "%%20"), address(on))
  local ended = process("clients"):inspect { program = "psql", expect_exit = 2,
    arguments = { "-X", "-q", "-A", "-t", "-d", url, "-c", "select 1" } }
  ensure(ended.errors:find("password authentication failed", 1, true),
    "The old password of %s: psql ended with %d and said %s", user, ended.exit_code, ended.errors)
end

-- What boto3 is told of each secret: made after the breach began.
local function ensure_known(on)
  local kept = {}
  for _, one in ipairs(drilling.ask_boto(on, "aws", "us-west-2", "secretsmanager",
    "list_secrets").SecretList) do
    kept[one.Name] = one.SecretVersionsToStages
  end
  for _, name in ipairs { "nextauth", "database/app-a", "database/app-b", "database-url" } do
    local versions = 0
    for _ in pairs(kept["vibelog/drill/" .. name] or {}) do versions = versions + 1 end
    ensure(versions > 1, "boto3 must find a new version of %s beside the old one.", name)
  end
end

local function redis_keys(on)
  local redis = on.service("redis")
  return on.process("clients"):inspect { program = "redis-cli", arguments = { "-h", redis.address,
    "-p", redis.port, "--scan" } }.output
end

return drill {
  runbook = "security-breach", environment = "drill",
  simulated = drill_site.simulated {
    ["deploy/web-backup"] = drill_site.of_aws .. "ECS's tasks are processes of this machine",
    ["secrets/vault"] = drill_site.of_aws .. "values are kept in its memory",
    ["http/openai"] = "a small server instead of OpenAI: it says that it is there",
  },
  prepare = function(on)
    drill_site.fill(on)
    for _, sql in ipairs(users) do on.database("main"):execute { sql = sql } end
    for _, name in ipairs { "nextauth", "database/app-a", "database/app-b" } do
      store_new(on, name)
    end
    on.cache("redis"):set { key = "sess:alice", value = "signed in" }
    on.cache("redis"):set { key = "queue:one", value = "kept" }
    drill_site.release(on)
    local backup = on.deploy("web-backup")
    backup:scale { instances = 1 }
    backup:wait_healthy { within = "30s" }
  end,
  -- The intruder's own session, which must end as all others do.
  disaster = function(on) on.cache("redis"):set { key = "sess:intruder", value = "signed in" } end,
  parameters = function(on)
    -- What people do at their providers: new keys, made after the breach.
    for _, one in ipairs(known.issued) do store_new(on, one.name) end
    return { since = drilling.disaster_at(on), address = address(on),
      direct_address = address(on) }
  end,
  answers = {
    ["Replace every secret?"] = { answer = "approve", after = "1s", by = "tech-lead" },
    ["Revoke the old keys"] = "revoked, all seven",
    ["Replace what the runbooks sign in with"] = "replaced",
  },
  probe = { url = "http://www.vibelog.example:{services.web.port}/api/vibelogs",
    resolve = "dns/site",
    every = "500ms", timeout = "3s" },
  mark = { target = "database/main", name = "database" },
  guard = { outage = "5m" },
  check = function(on)
    drill_site.ensure_told(on, "security-breach")
    local keys = redis_keys(on)
    ensure(not keys:find("sess:", 1, true), "No session may be left, but redis-cli finds: %s", keys)
    ensure(keys:find("queue:one", 1, true), "What is no session must stay: %s", keys)
    for user, password in pairs { vibelog_a = "old password of a",
      vibelog_b = "old password of b" } do
      ensure_refused(on, user, password)
    end
    for _, place in ipairs { "web", "web-backup" } do
      local answer = drill_site.curl(on, place, "/api/vibelogs")
      ensure(answer:find("\"vibelogs\": 40", 1, true), "curl is told by %s: %s", place, answer)
    end
    ensure_known(on)
    ensure(#drilling.client(on, "rclone", { "lsf", "s3:vibelog-backups/incidents" }) > 0,
      "rclone must find the evidence.")
    drilling.ensure_described(on, "aws")
  end,
}
