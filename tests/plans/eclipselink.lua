-- EclipseLink's plans: Railway, Cloudflare, Supabase, R2, Upstash, Azure Key Vault, GitLab, Slack.
local M = {}

local commit, before, next_one = "c0ffee1", "beefed0", "abcdef1"
local service, standby_service = "1b9d3c77-52a0-4f7e-8f0c-7e1a2b3c4d33",
  "7e6f5d4c-3b2a-4190-8f7e-6d5c4b3a2955"
local day_s = 86400

-- The application as it is well, and one whose place stands ready without anybody.
local well = { answers = { ["GET /api/health"] = { 200, { status = "healthy" } },
  ["POST /api/v1/auth/login"] = 401, ["GET /api/docs"] = 200 } }
local nobody = { otherwise = 503, answers = { ["POST /api/v1/auth/login"] = 503 } }

-- What the application has of its secrets. Those that the vault has too are of the same value.
local variables = { JWT_SECRET = "signs-tokens-today", REFRESH_TOKEN_SECRET = "signs-refreshing",
  REFRESH_TOKEN_SECRET_PREVIOUS = "signed-refreshing", AZURE_OPENAI_API_KEY = "hears-what-is-said",
  DATABASE_URL = "postgresql://eclipselink_a.qwerty:kept-by-a@pooler:5432/postgres",
  LOG_LEVEL = "info" }

-- The newest deployment serves, the one before is kept.
local function railway(name, of_service, commits)
  local at, deployments = os.time() - day_s, {}
  for index, one in ipairs(commits) do
    deployments[index] = { id = ("00000000-0000-4000-8000-00000000000%d"):format(index),
      status = index == 1 and "SUCCESS" or "REMOVED", at = at - index * day_s,
      meta = { commitHash = one, commitMessage = "A commit", reason = "deploy" } }
  end
  return { name = name, kind = "double", of = "railway", named = of_service,
    state = { deployments = deployments, commits = { commit, before, next_one },
      variables = name == "app-platform" and variables or { LOG_LEVEL = "info" } } }
end

-- A secret of the vault, with its newest version last: { value, days } for each.
local function kept(...)
  local versions = {}
  for place, one in ipairs { ... } do
    local at = os.time() - one[2] * day_s
    versions[place] = { version = ("%032d"):format(place), value = one[1], tags = { by = "team" },
      attributes = { enabled = true, created = at, updated = at, recoverableDays = 90,
        recoveryLevel = "Recoverable" } }
  end
  return versions
end

local vault = {
  ["jwt--secret"] = kept({ variables.JWT_SECRET, 100 }),
  ["jwt--refresh"] = kept({ variables.REFRESH_TOKEN_SECRET_PREVIOUS, 140 },
    { variables.REFRESH_TOKEN_SECRET, 40 }),
  ["api--azure-openai"] = kept({ variables.AZURE_OPENAI_API_KEY, 200 }),
  ["api--upstash"] = kept({ "opens-sessions", 20 }),
  ["api--courier"] = kept({ "sends-parcels", 200 }),
  ["database--app-a"] = kept({ variables.DATABASE_URL, 370 }),
  ["database--app-b"] = kept({ "postgresql://eclipselink_b.qwerty:kept-by-b@pooler:5432/postgres",
    380 }),
}

local function record(number, name, kind, content, proxied)
  return { id = tostring(number), name = name, type = kind, content = content, proxied = proxied,
    ttl = proxied and 1 or 300 }
end

local function name(under) return under .. ".eclipselink.ai" end

local platform = "eclipselink-ai-production.up.railway.app"

M.services = {
  { name = "aws", kind = "moto" },
  { name = "clinic", kind = "postgres", tls = true },
  { name = "elsewhere", kind = "postgres", tls = true },
  { name = "spare", kind = "postgres", tls = true },
  { name = "copy", kind = "postgres", tls = true },
  railway("app-platform", service, { commit, before }),
  railway("staging-platform", service, { next_one, commit }),
  railway("elsewhere-platform", standby_service, { before }),
  { name = "supabase", kind = "double", of = "supabase", named = "qwertyuiopasdfghjklz" },
  { name = "cloudflare", kind = "double", of = "cloudflare", state = {
    zones = { { id = "023e105f4ecef8ad9ca31a8372d0c353", name = "eclipselink.ai" } },
    -- Where audio files are is forgotten, and www leads to where it was before.
    records = { record(1, name "app", "CNAME", platform, true),
      record(2, name "api", "CNAME", platform, true),
      record(3, name "staging", "CNAME", "eclipselink-ai-staging.up.railway.app", true),
      record(4, "eclipselink.ai", "A", "192.0.2.1", true),
      record(5, name "www", "CNAME", "eclipselink.webflow.io", false) } } },
  { name = "names", kind = "bind", zone = "eclipselink.ai",
    records = { "app A 192.0.2.1", "www CNAME eclipselink.webflow.io." } },
  { name = "upstash", kind = "double", of = "upstash", state = { values = {
    ["sess:1"] = "a session" } } },
  { name = "vault", kind = "double", of = "key_vault",
    named = "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9",
    state = { client_id = "91827364-5566-4778-8990-aabbccddeeff", secrets = vault } },
  { name = "site", kind = "double", of = "site", state = well },
  { name = "site-elsewhere", kind = "double", of = "site", state = nobody },
  { name = "staging-site", kind = "double", of = "site", state = well },
  { name = "numbers", kind = "double", of = "site", state = { answers = {
    ["GET /cpu"] = { 200, { value = 22, points = { { at = os.time(), value = 22 } } } } } } },
  { name = "logtail", kind = "double", of = "site", state = { answers = {
    ["GET /"] = { 200, { data = { { n = "7" } } } } } } },
  { name = "gitlab", kind = "double", of = "gitlab", named = "rohimaya/eclipselink-ai" },
  { name = "team", kind = "double", of = "slack" },
}

function M.targets(facts)
  local function at(service_name) return { url = facts[service_name].url } end
  local function app(place, page)
    return { url = facts[place].url, health = facts[page].url .. "/api/health" }
  end
  local function sql(service_name) return { ca_file = facts[service_name].certificate } end
  local bucket = { endpoint = facts.aws.url }
  return {
    ["deploy/app"] = app("app-platform", "site"),
    ["deploy/app-backup"] = app("elsewhere-platform", "site-elsewhere"),
    ["deploy/staging"] = app("staging-platform", "staging-site"),
    ["dns/clinic"] = { url = facts.cloudflare.url, name_servers = { facts.names.server },
      resolvers = { facts.names.server } },
    ["database/clinic"] = sql "clinic", ["database/platform"] = at "supabase",
    ["database/clinic-backup"] = sql "elsewhere", ["database/staging"] = sql "spare",
    ["database/restore-test"] = sql "copy",
    ["storage/backups"] = bucket, ["storage/audio"] = bucket, ["storage/audio-staging"] = bucket,
    ["storage/audio-copies"] = bucket,
    ["cache/redis"] = at "upstash",
    ["secrets/vault"] = { url = facts.vault.url, login_url = facts.vault.url },
    ["secrets/maker"] = { folder = facts.folder .. "/maker" },
    ["http/app"] = at "site", ["http/app-backup"] = at "site-elsewhere",
    ["http/staging"] = at "staging-site",
    ["metrics/app"] = at "numbers", ["metrics/logs"] = at "logtail", ["process/ci"] = at "gitlab",
  }
end

function M.secrets(facts)
  local aws = facts.aws
  return {
    RAILWAY_TOKEN = facts["app-platform"].token,
    RAILWAY_BACKUP_TOKEN = facts["elsewhere-platform"].token,
    RAILWAY_STAGING_TOKEN = facts["staging-platform"].token,
    CLOUDFLARE_DNS_TOKEN = facts.cloudflare.token, SUPABASE_ACCESS_TOKEN = facts.supabase.token,
    PRODUCTION_DATABASE_URL = facts.clinic.url, BACKUP_DATABASE_URL = facts.elsewhere.url,
    STAGING_DATABASE_URL = facts.spare.url, RESTORE_TEST_DATABASE_URL = facts.copy.url,
    R2_ACCESS_KEY_ID = aws.access_key_id, R2_SECRET_ACCESS_KEY = aws.secret_access_key,
    R2_BACKUPS_ACCESS_KEY_ID = aws.access_key_id,
    R2_BACKUPS_SECRET_ACCESS_KEY = aws.secret_access_key,
    AWS_ACCESS_KEY_ID = aws.access_key_id, AWS_SECRET_ACCESS_KEY = aws.secret_access_key,
    UPSTASH_REDIS_REST_TOKEN = facts.upstash.token,
    AZURE_CLIENT_SECRET = "client-" .. facts.vault.token,
    GITLAB_TOKEN = facts.gitlab.token, SLACK_WEBHOOK_URL = facts.team.hook,
  }
end

function M.fill(stage)
  for _, bucket in ipairs { "eclipselink-backups", "eclipselink-audio-prod",
    "eclipselink-audio-staging" } do
    stage:boto("s3", "create_bucket", { Bucket = bucket })
  end
  stage:boto("s3", "create_bucket", { Bucket = "eclipselink-audio-copies",
    CreateBucketConfiguration = { LocationConstraint = "us-east-2" } }, "us-east-2")
  for _, key in ipairs { "audio/1.ogg", "audio/2.ogg" } do
    stage:boto("s3", "put_object", { Bucket = "eclipselink-audio-prod", Key = key,
      Body = "what was said" })
  end
  for _, one in ipairs { "clinic", "spare" } do
    stage:sql(one, [[
      create table handoffs (id int primary key, patient_id int, from_staff_id int, status text,
        created_at timestamptz default now());
      create table sbar_reports (id int primary key, handoff_id int,
        created_at timestamptz default now());
      create table voice_recordings (id int primary key, status text,
        created_at timestamptz default now());
      insert into handoffs select n, n, 1, 'ready', now() - n * interval '10 days'
        from generate_series(1, 40) n;
      insert into sbar_reports select n, n, now() - n * interval '10 days'
        from generate_series(1, 30) n;
      create materialized view handoff_stats as select status, count(*) from handoffs group by 1;
      create unique index on handoff_stats (status);
      create role eclipselink_a login;
      create role eclipselink_b login;
    ]])
  end
end

-- Production has a dump of last night, made by its own runbook.
function M.prepare(stage)
  stage:perilune_must("run backup --environment production --no-input")
end

M.reads_by_post = { "site POST /api/v1/auth/login", "site-elsewhere POST /api/v1/auth/login",
  "staging-site POST /api/v1/auth/login", "upstash POST /pipeline",
  "vault POST /0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9/oauth2/v2.0/token",
  "app-platform POST /graphql/v2", "elsewhere-platform POST /graphql/v2",
  "staging-platform POST /graphql/v2" }

-- What stands in the vault and with the application besides.
M.hidden = { JWT_SECRET = variables.JWT_SECRET, REFRESH_TOKEN_SECRET =
  variables.REFRESH_TOKEN_SECRET, REFRESH_TOKEN_SECRET_PREVIOUS =
  variables.REFRESH_TOKEN_SECRET_PREVIOUS, AZURE_OPENAI_API_KEY = variables.AZURE_OPENAI_API_KEY,
  ["database/app-a"] = "kept-by-a", ["database/app-b"] = "kept-by-b",
  ["api/upstash"] = "opens-sessions", ["api/courier"] = "sends-parcels" }

M.plans = require("eclipselink_plans")

return M
