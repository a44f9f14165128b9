-- Vera's plans: Railway, Vercel, Cloudflare, S3, five databases, Datadog, UptimeRobot, Slack.
local M = {}

local commit, before, next_one = "c0ffee1", "beefed0", "abcdef1"

-- A site that is well, and one whose place stands ready without anybody.
local well = { answers = { ["GET /health"] = { 200, { status = "ok" } }, ["GET /"] = 200,
  ["POST /auth/login"] = 401, ["GET /photos"] = 401, ["POST /webhooks/stripe"] = 400 } }
local nobody = { otherwise = 503, answers = { ["POST /auth/login"] = 503 } }

-- What Railway has of a service: the newest deployment serves, the one before is kept.
local function railway(name, service, token_of, commits)
  local at, deployments = os.time() - 86400, {}
  for index, one in ipairs(commits) do
    deployments[index] = { id = ("00000000-0000-4000-8000-00000000000%d"):format(index),
      status = index == 1 and "SUCCESS" or "REMOVED", at = at - index * 86400,
      meta = { commitHash = one, commitMessage = "A commit", reason = "deploy" } }
  end
  return { name = name, kind = "double", of = "railway", named = service, token_of = token_of,
    state = { deployments = deployments, commits = { commit, before, next_one } } }
end

local function vercel_deployment(version, hours, serves)
  local at = (os.time() - hours * 3600) * 1000
  return { uid = "dpl_" .. version, name = "web", projectId = "prj_Vera0000000000000000web",
    createdAt = at, created = at, url = "web-" .. version .. ".vercel.app", type = "LAMBDAS",
    readyState = "READY", state = "READY", target = "production", isRollbackCandidate = true,
    meta = { perilune_version = version }, readySubstate = serves and "PROMOTED" or "STAGED" }
end

M.services = {
  { name = "aws", kind = "moto" },
  { name = "primary", kind = "postgres", tls = true },
  { name = "replica", kind = "postgres", replica_of = "primary", tls = true },
  { name = "staging", kind = "postgres", tls = true },
  { name = "elsewhere", kind = "postgres", tls = true },
  { name = "recovery", kind = "postgres" },
  { name = "redis", kind = "redis" },
  railway("api-platform", "e83b7d15-6f29-4c0a-8d54-91a2c3b4d5e6", nil, { commit, before }),
  railway("staging-platform", "e83b7d15-6f29-4c0a-8d54-91a2c3b4d5e6", nil, { next_one, commit }),
  railway("elsewhere-platform", "16e4f8b2-d07c-49a5-93be-7c5a4d3e2f18", nil, { before }),
  railway("database-platform", "3d9a6e52-7c18-4b0f-a2d4-58f1e0c7b963", "api-platform", { commit }),
  { name = "vercel", kind = "double", of = "vercel", named = "prj_Vera0000000000000000web",
    state = { refs = { commit, before, next_one }, project = {
      id = "prj_Vera0000000000000000web", name = "web", autoAssignCustomDomains = true,
      paused = false, link = { type = "github", repoId = 7, productionBranch = "main" },
      targets = { production = { id = "dpl_" .. commit, createdAt = (os.time() - 86400) * 1000,
        alias = { "vera.app" } } } }, deployments = {
      vercel_deployment(commit, 24, true), vercel_deployment(before, 48) } } },
  { name = "cloudflare", kind = "double", of = "cloudflare", state = {
    zones = { { id = "023e105f4ecef8ad9ca31a8372d0c353", name = "vera.app" } },
    records = { { id = "1", name = "api.vera.app", type = "CNAME", ttl = 300, proxied = false,
      content = "vera-api-production.up.railway.app" } } } },
  { name = "names", kind = "bind", zone = "vera.app",
    records = { "api CNAME vera-api-production.up.railway.app." } },
  { name = "api", kind = "double", of = "site", state = well },
  { name = "api-elsewhere", kind = "double", of = "site", state = nobody },
  { name = "staging-site", kind = "double", of = "site", state = well },
  { name = "site", kind = "double", of = "site", state = well },
  { name = "github-api", kind = "double", of = "site", state = { answers = {
    ["GET /actions/runs"] = { 200, { workflow_runs = { { conclusion = "success",
      html_url = "https://github.com/1" } } } } } } },
  { name = "sentry-api", kind = "double", of = "site", state = { answers = {
    ["GET /keys/"] = 200 } } },
  { name = "datadog", kind = "double", of = "datadog", state = { series = {
    ["trace.express.request"] = { { os.time(), 0.2 } },
    ["trace.express.request.hits"] = { { os.time() - 60, 350 }, { os.time(), 350 } } } } },
  { name = "uptimerobot", kind = "double", of = "uptimerobot", state = { monitors = {
    { id = 1, friendly_name = "api", status = 2 }, { id = 2, friendly_name = "site", status = 2 },
    { id = 3, friendly_name = "stripe-webhook", status = 2 },
    { id = 4, friendly_name = "database", status = 2 } } } },
  { name = "sentry", kind = "double", of = "sentry", named = "vera" },
  { name = "github", kind = "double", of = "github", named = "vera-app/vera" },
  { name = "team", kind = "double", of = "slack" },
}

function M.targets(facts)
  local function at(name, health)
    return { url = facts[name].url, health = health and facts[health].url .. "/health" }
  end
  local function sql(name) return { ca_file = facts[name].certificate } end
  local bucket, files = { endpoint = facts.aws.url }, facts.folder
  return {
    ["deploy/api"] = at("api-platform", "api"),
    ["deploy/api-elsewhere"] = at("elsewhere-platform", "api-elsewhere"),
    ["deploy/staging"] = at("staging-platform", "staging-site"),
    ["deploy/primary-server"] = at("database-platform"),
    ["deploy/web"] = { url = facts.vercel.url, health = facts.site.url .. "/" },
    ["database/primary"] = sql "primary", ["database/replica"] = sql "replica",
    ["database/staging"] = sql "staging", ["database/elsewhere"] = sql "elsewhere",
    ["database/recovery"] = { data = files .. "/data", archive = files .. "/wal",
      base_backups = files .. "/base", log = files .. "/vera.log" },
    ["storage/photos"] = bucket, ["storage/copies"] = bucket, ["storage/backups"] = bucket,
    ["storage/files"] = { path = files .. "/files" },
    ["dns/site"] = { url = facts.cloudflare.url, name_servers = { facts.names.server },
      resolvers = { facts.names.server } },
    ["secrets/vault"] = { folder = files .. "/vault" },
    ["http/api"] = at "api", ["http/api-elsewhere"] = at "api-elsewhere",
    ["http/staging"] = at "staging-site", ["http/site"] = at "site",
    ["http/github"] = at "github-api", ["http/sentry"] = at "sentry-api",
    ["metrics/datadog"] = at "datadog", ["metrics/uptime"] = at "uptimerobot",
    ["metrics/sentry"] = at "sentry", ["process/ci"] = at "github",
  }
end

function M.secrets(facts)
  local aws = facts.aws
  return {
    RAILWAY_TOKEN = facts["api-platform"].token,
    RAILWAY_ELSEWHERE_TOKEN = facts["elsewhere-platform"].token,
    RAILWAY_STAGING_TOKEN = facts["staging-platform"].token,
    VERCEL_TOKEN = facts.vercel.token, CLOUDFLARE_DNS_TOKEN = facts.cloudflare.token,
    PRIMARY_DATABASE_URL = facts.primary.url, REPLICA_DATABASE_URL = facts.replica.url,
    STAGING_DATABASE_URL = facts.staging.url, ELSEWHERE_DATABASE_URL = facts.elsewhere.url,
    RECOVERY_DATABASE_URL = facts.recovery.url,
    REDIS_URL = ("redis://%s:%s/0"):format(facts.redis.address, facts.redis.port),
    REDIS_PASSWORD = facts.redis.password,
    ELSEWHERE_REDIS_URL = ("redis://%s:%s/0"):format(facts.redis.address, facts.redis.port),
    ELSEWHERE_REDIS_PASSWORD = facts.redis.password,
    AWS_ACCESS_KEY_ID = aws.access_key_id, AWS_SECRET_ACCESS_KEY = aws.secret_access_key,
    AWS_BACKUPS_ACCESS_KEY_ID = aws.access_key_id,
    AWS_BACKUPS_SECRET_ACCESS_KEY = aws.secret_access_key,
    DATADOG_API_KEY = facts.datadog.token,
    DATADOG_APPLICATION_KEY = "application-" .. facts.datadog.token,
    UPTIMEROBOT_API_KEY = facts.uptimerobot.token, SENTRY_TOKEN = facts.sentry.token,
    GITHUB_TOKEN = facts.github.token, SLACK_WEBHOOK = facts.team.hook,
    GITHUB_AUTHORIZATION = "Bearer kept-of-vera", SENTRY_AUTHORIZATION = "Bearer kept-of-vera-too",
  }
end

function M.fill(stage)
  for name, region in pairs { ["vera-prod-photos"] = "eu-west-1",
    ["vera-photos-copies"] = "eu-central-1", ["vera-backups"] = "eu-central-1" } do
    stage:boto("s3", "create_bucket", { Bucket = name,
      CreateBucketConfiguration = { LocationConstraint = region } }, region)
    stage:boto("s3", "put_bucket_encryption", { Bucket = name,
      ServerSideEncryptionConfiguration = { Rules = { { ApplyServerSideEncryptionByDefault = {
        SSEAlgorithm = "AES256" } } } } }, region)
    stage:boto("s3", "put_bucket_versioning", { Bucket = name,
      VersioningConfiguration = { Status = "Enabled" } }, region)
  end
  for _, bucket in ipairs { "vera-prod-photos", "vera-photos-copies" } do
    for _, key in ipairs { "photos/1.jpg", "photos/2.jpg" } do
      stage:boto("s3", "put_object", { Bucket = bucket, Key = key, Body = "a photo" })
    end
  end
  for _, name in ipairs { "primary", "staging" } do
    stage:sql(name, [[
      create table users (id int primary key);
      create table photos (id int primary key, user_id int references users (id));
      insert into users select n from generate_series(1, 20) n;
      insert into photos select n, n from generate_series(1, 10) n;
    ]])
  end
  stage:must(("mkdir -p %s/wal %s/base && ln -s %s %s/data && : > %s/vera.log"):format(
    stage.facts.folder, stage.facts.folder, stage.facts.recovery.data, stage.facts.folder,
    stage.facts.folder))
end

local keep_addresses = [[
return runbook {
  summary = "What people put into the vault",
  targets = { ["secrets/vault"] = { "put" } },
  run = function()
    for _, name in ipairs { "replica", "elsewhere" } do
      secrets("vault"):put { name = name .. "-database-url",
        value = secret("REPLICA_DATABASE_URL") }
    end
  end,
}
]]

-- Production has a dump of last night, made by its own runbook, and then a photo is spoiled.
function M.prepare(stage)
  stage:write("runbooks/vera/runbooks/keep-addresses.lua", keep_addresses)
  stage:perilune_must("run keep-addresses --environment production --no-input")
  stage:perilune_must("run backup --environment production --no-input")
  stage:must("sleep 1.1")
  M.bad_at = os.time()
  stage:must("sleep 1.1")
  stage:boto("s3", "put_object", { Bucket = "vera-prod-photos", Key = "photos/2.jpg",
    Body = "rubbish" }, "eu-west-1")
end

M.without = { "CloudFront (process/cdn is a program of the team)" }

M.reads_by_post = { "api POST /auth/login", "api POST /webhooks/stripe",
  "api-elsewhere POST /auth/login",
  "staging-site POST /auth/login", "uptimerobot POST /v2/getMonitors",
  "api-platform POST /graphql/v2", "elsewhere-platform POST /graphql/v2",
  "staging-platform POST /graphql/v2", "database-platform POST /graphql/v2" }

local function ago(minutes)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() - 60 * minutes)
end

local delivers = "notify/team delivers what it is given"
local healthy, stays = "wait_until: everything is healthy", "hold: everything stays healthy"
local dump = "storage/backups:db/"

M.plans = {
  { runbook = "database-down",
    parameters = function() return "even_if_up=true outage_began=" .. ago(2) end,
    shows = { "CRITICAL database-down opened: The database is down; its replica takes over",
      "Fence the old primary", "~ database/primary:fence {\"how\":\"disconnect\"",
      "(nobody is connected)", "Promote the standby", "! database/replica:promote",
      "Lead the API to the new primary",
      "{\"DATABASE_URL\":\"[secret replica-database-url]\"}}  (variables DATABASE_URL)",
      "! notify/team:resolve" },
    asks = { "Promote the replica? (role incident-commander)" },
    assumes = { delivers, stays } },
  { runbook = "datacenter-outage", parameters = function() return "version=" .. commit end,
    shows = { "CRITICAL datacenter-outage opened: The datacenter is gone",
      "Stop the old API",
      "~ deploy/api:scale {\"instances\":0,\"timeout\":30}  (1 → 0 instances)",
      "Keep the API there off", "~ deploy/api-elsewhere:scale {\"instances\":0}",
      "~ database/elsewhere:restore", "(" .. dump,
      "Point the API at the data there", "~ deploy/api-elsewhere:set_env",
      "\"DATABASE_URL\":\"[secret elsewhere-database-url]\"", "vera-photos-copies",
      "~ deploy/api-elsewhere:scale {\"instances\":2}",
      "~ deploy/api-elsewhere:release {\"version\":\"c0ffee1\"}",
      "Lead the API's name there", "(api CNAME: vera-api-production.up.railway.app (300 s) → "
        .. "vera-api-elsewhere.up.railway.app (60 s))", "! notify/team:resolve" },
    asks = { "Move to the other region? (role incident-commander)" },
    assumes = { delivers, healthy, "wait_until: everybody is led to the new place",
      "wait_until: the public name is well", stays },
    -- The API there is started by this plan, so nobody answers for it yet.
    unanswered = { "The check of GET /health on http/api-elsewhere",
      "POST /auth/login on http/api-elsewhere",
      "The check of GET /photos on http/api-elsewhere" } },
  { runbook = "api-down",
    shows = { "CRITICAL api-down opened", "~ deploy/api:redeploy  (c0ffee1 once more)" },
    assumes = { delivers, "wait_until: the API serves again", stays } },
  { runbook = "bucket-corrupted",
    parameters = function() return "bad_at=" .. os.date("!%Y-%m-%dT%H:%M:%SZ", M.bad_at) end,
    shows = { "1 photos are being brought back.",
      "~ storage/photos:restore_prefix", "\"keys\":[\"photos/2.jpg\"]", "(1 object as at " },
    asks = { "Bring them back? (role incident-commander)" }, assumes = { delivers },
    -- What copies must give is what versions did not.
    not_planned = { "compare of storage/photos.missing" } },
  { runbook = "restore",
    shows = { "Stop staging", "~ database/staging:clone", "(" .. dump, "Start staging again",
      "Close it to users", "~ deploy/api:scale {\"instances\":0}  (1 → 0 instances)",
      "~ database/primary:restore", "(" .. dump,
      "Let users in again", "~ deploy/api:scale {\"instances\":1}" },
    asks = { "Restore production? (role incident-commander)" }, assumes = { delivers, stays } },
  { runbook = "restore", parameters = function() return "to=staging" end,
    shows = { "Stop staging", "~ database/staging:clone", "(" .. dump, "Clean staging",
      "database/staging:execute", "Start staging again", "3 to change",
      "1 that cannot be undone" } },
  { runbook = "rollback", parameters = function() return "reason=errors" end,
    shows = { "~ deploy/api:rollback  (back to beefed0)",
      "~ deploy/web:rollback  (back to beefed0)", "! notify/team:send" },
    asks = { "Roll back? (role incident-commander)" }, assumes = { healthy, stays, delivers } },
  { runbook = "release",
    parameters = function() return "tag=v1.0.1 commit=" .. next_one end,
    shows = { "! process/ci:run", "(run checks of process/ci)", "~ database/primary:backup",
      "! metrics/sentry:record_deployment {\"state\":\"started\",\"version\":\"v1.0.1\"}",
      "~ deploy/api:release {\"version\":\"abcdef1\"}  (c0ffee1 → abcdef1)",
      "~ deploy/web:release {\"version\":\"abcdef1\"}  (c0ffee1 → abcdef1)",
      "! database/primary:migrate",
      "! metrics/sentry:record_deployment {\"state\":\"succeeded\",\"version\":\"v1.0.1\"}",
      "\"program\":\"changelog\"", "\"program\":\"release-notes\"" },
    asks = { "Release it? (role release-manager)" },
    assumes = { healthy, "hold: no errors and no slow answers", delivers } },
  { runbook = "backup", parameters = function() return "kind=full" end,
    shows = { "~ database/primary:backup" },
    -- A spoiled photo is no reason to spoil its copy.
    fails = { "1 photos are not what their copies are, such as photos/2.jpg." } },
  { runbook = "checks", parameters = function() return "all=true" end,
    shows = { "Nothing would be changed." },
    assumes = { "wait_until: API answers", "wait_until: Site answers",
      "wait_until: Database answers", "wait_until: Payment webhook answers" } },
  -- How much is asked of it is looked at over minutes that have not come yet.
  { runbook = "scale",
    shows = { "As far as it can be planned, nothing would be changed." },
    not_planned = { "range of metrics/datadog" } },
  { runbook = "launch-checklist",
    shows = { "As far as it can be planned, nothing would be changed." },
    -- Its first point looks at how old the newest backup is.
    not_planned = { "the time of the run" } },
}

return M
