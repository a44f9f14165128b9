-- What the plans of VibeLog's runbooks must show.
local next_one = "abcdef1"

local function ago(minutes)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() - 60 * minutes)
end

local function with(text) return function() return text end end

-- From here on too many requests fail; then the region answers nobody; then OpenAI does not.
local function fails(stage)
  stage:steer("numbers", "state", { answers = { ["GET /errors"] = { 200, { percent = 9 } },
    ["GET /p95"] = { 200, { seconds = 0.8 } } } })
  return ""
end

local function silent(stage)
  stage:steer("site", "state", { answers = {}, otherwise = 503 })
  return "mode=automatic"
end

local function deaf(stage)
  stage:steer("openai", "state", { answers = {}, otherwise = 500 })
  return ""
end

-- What is assumed, with the delivery of what these channels are given.
local function assumes(channels, ...)
  local all = { ... }
  for _, name in ipairs(channels) do
    all[#all + 1] = ("notify/%s delivers what it is given"):format(name)
  end
  return all
end

local healthy, stays = "wait_until: every part is healthy", "hold: every part stays healthy"
local served = "wait_until: it serves with what it was given"
local staged = "\"Staging still has pending migrations.\""
local dump = "storage/backups:daily-"
local moved = { "Scale the backup region", "~ deploy/web-backup:scale {\"instances\":10}  (0 → 10",
  "VibeLog moves to another region", "Move both names", "~ dns/site:batch",
  "(@ A: 76.76.21.21 (300 s) → 198.51.100.20, 198.51.100.21 (60 s); www CNAME: "
    .. "cname.vercel-dns.com (300 s) → backup.vibelog.io (60 s))",
  "{\"component\":\"website\",\"state\":\"operational\"}", "! notify/status:resolve" }
local region = assumes({ "oncall", "team", "status" }, "\"Not every part is healthy.\"",
  "wait_until: everybody is led to the new place", stays)
local damaged = assumes({ "oncall", "team", "status" }, "look at bad_at.\"", healthy, stays)
local back = { "~ deploy/web:rollback {\"release_id\":\"dpl_beefed0\"}  (back to beefed0)",
  "! metrics/releases:record_deployment {\"state\":\"rolled_back\",\"version\":\"c0ffee1\"}",
  "! notify/status:send", "WARNING: Rolled back – From c0ffee1 to beefed0: " }

local function new_key(name)
  return ("Put a new key of %s into the vault (role on-call)"):format(name)
end

return {
  { runbook = "rollback", parameters = with "reason=errors", shows = back,
    assumes = assumes({ "status", "team" }, healthy) },
  { runbook = "deploy", parameters = with("version=" .. next_one),
    shows = { "\"CHECK_COMMIT\":\"abcdef1\"", "(run checks of process/ci)", "Migrate staging",
      "! database/staging:migrate", "(002_audit_logs_created_at)",
      "~ deploy/staging:release {\"version\":\"abcdef1\"}  (c0ffee1 → abcdef1)",
      "\"SMOKE_URL\":\"https://staging.vibelog.io\"", "~ database/main:backup",
      "before-migration-%Y%m%d-%H%M%S.db.zst at the time of the run", "! database/main:migrate",
      "002_audit_logs_created_at (cannot be reverted); the backup before is ….",
      "{\"state\":\"started\",\"version\":\"abcdef1\"}",
      "~ deploy/web:release {\"version\":\"abcdef1\"}  (c0ffee1 → abcdef1)",
      "\"SMOKE_URL\":\"https://vibelog.io\"", "{\"state\":\"succeeded\",\"version\":\"abcdef1\"}",
      "INFO: VibeLog was updated", "abcdef1 serves; it was c0ffee1." },
    asks = { "Alerts fit what is new (role release-manager)",
      "Release it? (role release-manager)", "Migrate production? (role release-manager)" },
    assumes = assumes({ "status", "team" }, healthy,
      "hold: errors stay rare and answers quick") },
  { runbook = "region-failure", shows = moved, asks = { "Fail over? (role failover)" },
    assumes = region },
  { runbook = "region-failure", parameters = with "mode=automatic",
    shows = { "Nothing would be changed." } },
  { runbook = "database-corruption", parameters = function() return "bad_at=" .. ago(30) end,
    shows = { "CRITICAL database-corruption opened", "(database: operational → major_outage)",
      "~ deploy/web:set_maintenance", "(off → on)", "Everything written after ",
      " UTC is lost (… min); the objective is 15 min.", "~ database/platform:restore {\"at\":",
      "(the project as it was at ", "Let users in again",
      "~ deploy/web:set_maintenance {\"state\":\"off\"}", "! notify/status:resolve" },
    asks = { "Go back? (role incident-commander)" }, assumes = damaged },
  { runbook = "database-corruption",
    parameters = function() return "source=dump bad_at=" .. ago(0) end,
    shows = { "~ deploy/web:set_maintenance", "~ database/main:restore {\"backup\":\"" .. dump,
      "(" .. dump, "Let users in again" },
    asks = { "Go back? (role incident-commander)" }, assumes = damaged },
  { runbook = "provider-failure", shows = { "Nothing would be changed." } },
  { runbook = "provider-failure", parameters = with "to=anthropic",
    shows = { "run_runbook \"use-provider\" {\"to\":\"anthropic\"}", "Use anthropic",
      "~ deploy/web:set_env {\"apply\":\"now\",\"values\":{\"AI_PROVIDER\":\"anthropic\"}}",
      "(ai: operational → degraded)",
      "WARNING: AI provider – anthropic answers now; it was openai." },
    assumes = assumes({ "team" }, served, healthy,
      "\"The provider of AI that is in use does not answer.\"") },
  { runbook = "use-provider", parameters = with "to=anthropic",
    shows = { "Use anthropic", "(variables AI_PROVIDER)", "(ai: operational → degraded)" },
    assumes = assumes({ "team" }, served, healthy) },
  { runbook = "security-breach", parameters = function() return "since=" .. ago(0) end,
    shows = { "CRITICAL security-breach opened", "Keep evidence",
      "incidents/security-breach-%Y%m%d-%H%M%S.json at the time of the run",
      "+ secrets/maker:generate {\"kind\":\"random\",\"length\":48,\"name\":\"nextauth\"",
      "Give vibelog_a a new password", "! database/main:set_password",
      "postgresql://vibelog_a.mnbvcxzlkjhgfdsapoiu@aws-0-us-east-1.pooler.supabase.com:5432",
      "Let the application use the new secrets", "\"ANTHROPIC_API_KEY\":\"[secret anthropic]\"",
      "Make the new database/app-a the current one", "Let the backup region use them",
      "Give vibelog_b a new password", "End the old user's connections",
      "{\"user\":\"vibelog_b\"}", "Sign everybody out", "(1 keys match sess:*)",
      "Every secret is replaced; … sessions were ended.", "Keep the post-mortem" },
    asks = { "Replace every secret? (role incident-commander)", new_key "anthropic",
      new_key "openai", new_key "posthog", new_key "resend", new_key "stripe",
      new_key "supabase-anon", new_key "supabase-service-role",
      "Revoke the old keys (role on-call)",
      "Replace what the runbooks sign in with (role incident-commander)" },
    assumes = assumes({ "oncall", "team", "leadership" }, served, healthy) },
  { runbook = "degraded-mode", parameters = with "state=on features=ai_content_generation",
    shows = { "~ cache/redis:set {\"key\":\"perilune:degraded\"",
      "\\\"FEATURE_AI_CONTENT_GENERATION\\\":false", "Switch features off",
      "(variables FEATURE_AI_CONTENT_GENERATION)", "Say so above every page",
      "(features: operational → degraded)", "Off: ai_content_generation" },
    asks = { "Switch features off? (role release-manager)" },
    assumes = assumes({ "status", "team" }, served, healthy) },
  { runbook = "degraded-mode", parameters = with "state=off",
    shows = { "Switch features on again", "{\"FEATURE_ADVANCED_EDITING\":\"true\"}",
      "Take the banner down", "- cache/redis:delete", "(2 of 2 keys are there)",
      "= notify/status:set_component", "All features are back." },
    assumes = assumes({ "status", "team" }, served, healthy) },
  { runbook = "migrate",
    shows = { "! database/staging:migrate", "(002_audit_logs_created_at)",
      "~ database/main:backup", "! database/main:migrate",
      "002_audit_logs_created_at (cannot be reverted); the backup before is …." },
    asks = { "Migrate production? (role release-manager)" },
    assumes = assumes({ "team" }, staged) },
  { runbook = "migrate", parameters = with "direction=revert reason=slow",
    shows = { "~ database/main:backup", "before-revert-%Y%m%d-%H%M%S.db.zst at the time of the run",
      "! database/main:revert_migrations {\"count\":1", "…: slow; the backup before is …." },
    asks = { "Revert migrations? (role release-manager)" }, assumes = assumes { "team" } },
  { runbook = "incident", parameters = with "class=P0 service=Recording",
    shows = { "! notify/oncall:open", "! notify/leadership:open", "! notify/status:open",
      "(website: operational → major_outage)", "! notify/public:send", "! notify/customers:open",
      "We know what is wrong with Recording and are mending it.",
      "Recording works again. We are sorry for the trouble.", "! notify/customers:resolve",
      "Keep the post-mortem", "incidents/….md" },
    asks = { "What is the cause?", "What has mended it?" },
    assumes = assumes({ "team", "oncall", "leadership", "status", "public", "customers" },
      "\"Nobody takes it within 15m.\"") },
  { runbook = "incident", parameters = with "class=P1 service=Recording",
    shows = { "! notify/team-mail:open", "(website: operational → partial_outage)",
      "Put a banner above every page", "Recording does not work as it should.",
      "Take the banner down", "Keep the post-mortem" },
    asks = { "Who takes it?", "What is the cause?", "What has mended it?" },
    assumes = assumes({ "team", "team-mail", "status" }, "\"Nobody takes it within 1h.\"") },
  { runbook = "incident", parameters = with "class=P2 service=Recording",
    shows = { "! notify/status:open", "(website: operational → degraded)",
      "Keep the post-mortem" },
    asks = { "Who takes it?", "What is the cause?", "What has mended it?" },
    assumes = assumes({ "team", "status" }, "\"Nobody takes it within 4h.\"") },
  { runbook = "auto-rollback", shows = { "Nothing would be changed." } },
  { runbook = "fresh-copies",
    shows = { "! storage/uploads-copies:sync", "(2 to copy, 0 to delete)" },
    assumes = { "what was written since would be lost.\"" } },
  { runbook = "backup",
    shows = { "! storage/uploads-copies:sync", "~ database/main:backup",
      "daily-%Y%m%d.db.zst at the time of the run",
      "! database/main:prune_backups" },
    assumes = { "\"It is not 2 o'clock yet, or the day's dump is there already.\"",
      "\"The archive of this week is there already.\"" },
    -- Which dump is archived and tried depends on the one that this run makes.
    not_planned = { "list_backups of database/main" } },
  { runbook = "backup-region",
    shows = { "~ deploy/web-backup:set_env", "(variables AI_PROVIDER, FEATURE_BATCH_PROCESSING, ",
      "~ deploy/web-backup:release {\"version\":\"c0ffee1\"}", "2 to change" },
    assumes = { "\"What serves has not served for long enough.\"" } },
  { runbook = "maintenance",
    shows = { "~ database/main:analyze  (6 tables)", "~ database/main:reindex",
      "delete from sessions where id in (select id from sessions where expires_at < '…'",
      "insert into audit_logs_archive", "delete from audit_logs" },
    assumes = { "\"Some indexes are invalid now.\"" } },
  { runbook = "auto-rollback", parameters = fails,
    shows = { "Remember it", "~ cache/redis:set", back[1], back[2], back[3], back[4],
      "error-rate is 9 percent, above 5" },
    assumes = assumes({ "status", "team" }, healthy) },
  { runbook = "region-failure", parameters = silent, shows = moved, assumes = region },
  { runbook = "provider-failure", parameters = deaf,
    shows = { "As far as it can be planned, nothing would be changed." },
    not_planned = { "check of http/openai, which did not answer" },
    unanswered = { "The check of GET /v1/models on http/openai failed: status is 500" } },
}
