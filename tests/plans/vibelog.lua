-- VibeLog's plans: Vercel, Supabase, AWS in two regions, Redis, and everybody who is told.
local in_aws = require("in_aws")

local M = {}

local commit, before, next_one = "c0ffee1", "beefed0", "abcdef1"
local account, moto = "210987654321", "123456789012"
local backup_region, store_region = "us-west-2", "eu-central-1"
local page, hour_s = "kctbh9vrtdwd", 3600

local parts = {}
for place, part in ipairs { "database", "openai", "supabase", "disk", "memory" } do
  parts[place] = { service = part, status = "healthy" }
end

-- The application that is well, and a place that stands ready without anybody.
local well = { answers = { ["GET /"] = { 200, "<h1>VibeLog</h1>" }, ["GET /api/vibelogs"] = 401,
  ["GET /api/health"] = { 200, { status = "healthy", checks = parts } } } }
local nobody = { otherwise = 503 }
local model = { answers = { ["GET /v1/models"] = { 200, { data = {} } } } }

local open = { NODE_ENV = "production", NEXT_PUBLIC_APP_URL = "https://vibelog.io",
  NEXTAUTH_URL = "https://vibelog.io", SUPABASE_URL = "https://mnbvcxzlkjhgfdsapoiu.supabase.co",
  FEATURE_NEW_EDITOR = "false", FEATURE_BATCH_PROCESSING = "false",
  FEATURE_TEAM_FEATURES = "false", FEATURE_DEBUG_MODE = "false", AI_PROVIDER = "openai" }
local hidden = { NEXTAUTH_SECRET = "signs-sessions-of-everybody-here", OPENAI_API_KEY = "sk-hears",
  DATABASE_URL = "postgresql://vibelog_a:kept-by-a@pooler:5432/postgres",
  DIRECT_URL = "postgresql://vibelog_a:kept-by-a@db:5432/postgres",
  SUPABASE_ANON_KEY = "opens-little", SUPABASE_SERVICE_ROLE_KEY = "opens-much" }

local function variables()
  local made = {}
  for kind, map in pairs { plain = open, encrypted = hidden } do
    for name, value in pairs(map) do
      table.insert(made, { id = "env_" .. name, key = name, value = value, type = kind,
        target = { "production" }, createdAt = 1, updatedAt = 1 })
    end
  end
  return made
end

local function deployment(project, version, hours, serves)
  local at = (os.time() - hours * hour_s) * 1000
  return { uid = "dpl_" .. version, name = "web", projectId = project, createdAt = at,
    created = at, url = "web-" .. version .. ".vercel.app", type = "LAMBDAS", readyState = "READY",
    state = "READY", target = "production", isRollbackCandidate = true,
    meta = { perilune_version = version }, readySubstate = serves and "PROMOTED" or "STAGED" }
end

local function vercel(name, project)
  return { name = name, kind = "double", of = "vercel", named = project, state = {
    refs = { commit, before, next_one }, env = variables(), project = { id = project, name = "web",
      autoAssignCustomDomains = true, paused = false,
      link = { type = "github", repoId = 7, productionBranch = "main" },
      targets = { production = { id = "dpl_" .. commit, alias = { "vibelog.io" },
        createdAt = (os.time() - 24 * hour_s) * 1000 } } },
    deployments = { deployment(project, commit, 24, true), deployment(project, before, 48) } } }
end

local function components(...)
  local made = {}
  for place, name in ipairs { ... } do
    made[place] = { id = "c" .. place, name = name, page_id = page, status = "operational" }
  end
  return made
end

local function site(name, state)
  return { name = name, kind = "double", of = "site", state = state }
end

M.services = {
  { name = "aws", kind = "moto" },
  { name = "main", kind = "postgres", tls = true },
  { name = "spare", kind = "postgres", tls = true },
  { name = "copy", kind = "postgres", tls = true },
  { name = "redis", kind = "redis" },
  vercel("vercel", "prj_8mQx2rT5vYbN1cZ4"), vercel("staging-vercel", "prj_2nPw6uHj9kMv3xDc"),
  { name = "supabase", kind = "double", of = "supabase", named = "mnbvcxzlkjhgfdsapoiu" },
  { name = "names", kind = "bind", zone = "vibelog.io",
    records = { "@ A 76.76.21.21", "www CNAME cname.vercel-dns.com." } },
  site("site", well), site("staging-site", well), site("backup-site", nobody),
  site("openai", model), site("anthropic", model),
  site("numbers", { answers = { ["GET /errors"] = { 200, { percent = 0.2 } },
    ["GET /p95"] = { 200, { seconds = 0.8 } },
    ["GET /limits/openai"] = { 200, { used_percent = 30 } },
    ["GET /limits/resend"] = { 200, { used_percent = 20 } } } }),
  { name = "sentry", kind = "double", of = "sentry", named = "vibelog" },
  { name = "github", kind = "double", of = "github", named = "vibelog/vibelog" },
  { name = "oncall", kind = "double", of = "pagerduty" },
  { name = "team", kind = "double", of = "slack" },
  { name = "page", kind = "double", of = "statuspage", named = page,
    state = { components = components("website", "database", "features", "ai") } },
  { name = "public", kind = "double", of = "x" },
  { name = "mail", kind = "smtp" },
}

function M.targets(facts)
  local function at(name) return { url = facts[name].url } end
  local function app(place, shown)
    return { url = facts[place].url, health = facts[shown].url .. "/" }
  end
  local function sql(name) return { ca_file = facts[name].certificate } end
  local bucket, mail = { endpoint = facts.aws.url }, { server = facts.mail.url }
  return {
    ["deploy/web"] = app("vercel", "site"), ["deploy/staging"] = app("staging-vercel",
      "staging-site"), ["deploy/web-backup"] = at "aws",
    ["dns/site"] = { url = facts.aws.url, name_servers = { facts.names.server },
      resolvers = { facts.names.server } },
    ["database/main"] = sql "main", ["database/staging"] = sql "spare",
    ["database/restore-test"] = sql "copy", ["database/platform"] = at "supabase",
    ["storage/backups"] = bucket, ["storage/archive"] = bucket, ["storage/uploads"] = bucket,
    ["storage/uploads-copies"] = bucket,
    ["secrets/vault"] = at "aws", ["secrets/maker"] = { folder = facts.folder .. "/maker" },
    ["http/site"] = at "site", ["http/staging"] = at "staging-site",
    ["http/backup"] = at "backup-site", ["http/openai"] = at "openai",
    ["http/anthropic"] = at "anthropic",
    ["metrics/app"] = at "numbers", ["metrics/releases"] = at "sentry",
    ["notify/oncall"] = { url = facts.oncall.url, api_url = facts.oncall.url },
    ["notify/status"] = at "page", ["notify/public"] = at "public",
    ["notify/customers"] = mail, ["notify/leadership"] = mail, ["notify/team-mail"] = mail,
    ["process/ci"] = at "github",
  }
end

function M.secrets(facts)
  local aws = facts.aws
  return {
    VERCEL_TOKEN = facts.vercel.token, VERCEL_STAGING_TOKEN = facts["staging-vercel"].token,
    PRODUCTION_DATABASE_URL = facts.main.url, STAGING_DATABASE_URL = facts.spare.url,
    RESTORE_TEST_DATABASE_URL = facts.copy.url, SUPABASE_ACCESS_TOKEN = facts.supabase.token,
    REDIS_URL = ("redis://%s:%s/0"):format(facts.redis.address, facts.redis.port),
    REDIS_PASSWORD = facts.redis.password,
    AWS_ACCESS_KEY_ID = aws.access_key_id, AWS_SECRET_ACCESS_KEY = aws.secret_access_key,
    SUPABASE_S3_ACCESS_KEY_ID = aws.access_key_id,
    SUPABASE_S3_SECRET_ACCESS_KEY = aws.secret_access_key,
    SENTRY_TOKEN = facts.sentry.token, GITHUB_TOKEN = facts.github.token,
    PAGERDUTY_ROUTING_KEY = facts.oncall.token, PAGERDUTY_API_TOKEN = facts.oncall.token,
    SLACK_WEBHOOK_URL = facts.team.hook, STATUSPAGE_TOKEN = facts.page.token,
    X_TOKEN = facts.public.token,
  }
end

local function fill_zone(stage)
  local zone = stage:boto("route53", "create_hosted_zone", { Name = "vibelog.io.",
    CallerReference = "plans" }).HostedZone.Id:gsub("^.*/", "")
  for name, one in pairs { ["vibelog.io."] = { "A", "76.76.21.21" },
    ["www.vibelog.io."] = { "CNAME", "cname.vercel-dns.com" } } do
    stage:boto("route53", "change_resource_record_sets", { HostedZoneId = zone, ChangeBatch = {
      Changes = { { Action = "CREATE", ResourceRecordSet = { Name = name, Type = one[1], TTL = 300,
        ResourceRecords = { { Value = one[2] } } } } } } })
  end
  return zone
end

local kept = { nextauth = hidden.NEXTAUTH_SECRET, openai = hidden.OPENAI_API_KEY,
  anthropic = "sk-ant-hears", ["supabase-anon"] = hidden.SUPABASE_ANON_KEY,
  ["supabase-service-role"] = hidden.SUPABASE_SERVICE_ROLE_KEY, resend = "sends-mail",
  stripe = "takes-money", posthog = "counts-clicks", ["database/app-a"] = "kept-by-a",
  ["database/app-b"] = "kept-by-b" }

-- Staging is as new as migrations are; production has the first one.
local function fill_databases(stage)
  for _, name in ipairs { "main", "spare" } do
    stage:sql(name, [[
      create table users (id int primary key, email text);
      create table vibelogs (id int primary key, user_id int, title text,
        created_at timestamptz default now());
      create table sessions (id int primary key, user_id int, expires_at timestamptz);
      create table audit_logs (id int primary key, what text, created_at timestamptz);
      create table audit_logs_archive (like audit_logs);
      create index idx_vibelogs_created_at on vibelogs (created_at);
      insert into users select n, 'user' || n from generate_series(1, 10) n;
      insert into vibelogs select n, 1 + n % 10, 'log ' || n from generate_series(1, 40) n;
      create role vibelog_a login;
      create role vibelog_b login;
      create table perilune_migrations (id text primary key, digest text,
        applied_at timestamptz default now());
    ]])
    local digest = stage:must("sha256sum < " .. stage.library
      .. "/migrations/001_vibelogs_created_at.sql"):match("^%x+")
    stage:sql(name, ("insert into perilune_migrations values ('001_vibelogs_created_at', '%s')")
      :format(digest))
  end
end

function M.fill(stage)
  local region = backup_region
  in_aws.images(stage, region, "vibelog-web", { commit, before })
  stage:boto("ecs", "create_cluster", { clusterName = "vibelog-backup" }, region)
  in_aws.service(stage, region, { cluster = "vibelog-backup", name = "vibelog-web",
    container = "vibelog-web", count = 0, environment = { NODE_ENV = "production" },
    image = ("%s.dkr.ecr.%s.amazonaws.com/vibelog-web:%s"):format(account, region, before) })
  for _, name in ipairs { "vibelog-backups", "vibelog-archive", "vibelog-uploads" } do
    stage:boto("s3", "create_bucket", { Bucket = name,
      CreateBucketConfiguration = { LocationConstraint = store_region } }, store_region)
  end
  stage:boto("s3", "create_bucket", { Bucket = "recordings" })
  -- By name: which of the two users is idle is told by which password is the older one.
  local names = {}
  for name in pairs(kept) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    stage:boto("secretsmanager", "create_secret", { Name = "vibelog/production/" .. name,
      SecretString = kept[name] }, store_region)
  end
  fill_databases(stage)
  -- Somebody is signed in, and a feature was off before others were switched off.
  local redis = stage.facts.redis
  for key, value in pairs { ["sess:1"] = "a session", ["banner:degraded"] = "Some are off.",
    ["perilune:degraded"] = [[{"FEATURE_ADVANCED_EDITING":"true"}]] } do
    stage:must(("redis-cli --no-auth-warning -h %s -p %s -a %s set %s '%s'"):format(redis.host,
      redis.port, redis.password, key, value))
  end
  stage:steer("aws", "state", { called = { [account] = moto,
    Z08123456ABCDEFGHIJKL = fill_zone(stage) } })
end

-- Production has a dump, an archive and a tried restore of today, made by its own runbook, and what
-- was uploaded since.
function M.prepare(stage)
  stage:perilune_must("run backup --environment production daily_at=0 --no-input")
  for _, key in ipairs { "one.ogg", "two.ogg" } do
    stage:boto("s3", "put_object", { Bucket = "recordings", Key = key, Body = "what was said" })
  end
end

-- What stands in the vault and with the application besides.
M.hidden = { DATABASE_URL = hidden.DATABASE_URL }
for name, value in pairs(kept) do M.hidden[name] = value end

M.plans = require("vibelog_plans")

return M
