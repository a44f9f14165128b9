-- What the plans of CleanStation's runbooks must show.

local function ago(minutes)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() - 60 * minutes)
end

local delivers = { "notify/oncall delivers what it is given",
  "notify/team delivers what it is given" }

-- What every recovery assumes, and more.
local function assumes(...)
  local all = { ... }
  for _, text in ipairs(delivers) do all[#all + 1] = text end
  return all
end

local function with(text) return function() return text end end
local function outage() return "outage_began=" .. ago(2) end

-- Tasks of us-west-2 are started by this plan, so nobody answers for them yet.
local not_started = { "check of http/site-west: The check of GET /api/health",
  "probe of http/site-west: POST /api/auth/login", "probe of http/site-west: GET /api/orders" }

return {
  { runbook = "regional-outage", parameters = outage,
    shows = {
      "! notify/oncall:open", "CRITICAL regional-outage opened: us-east-1 is out",
      "Failing over. At most ", " min of writes are lost; the objective is 60 min.",
      "Stop the application in us-east-1",
      "~ deploy/app:scale {\"instances\":0,\"slot\":\"blue\"}  (3 → 0 instances)",
      "~ deploy/app:scale {\"instances\":0,\"slot\":\"green\"}  (3 → 0 instances)",
      "Fence the old primary",
      "~ database/primary:fence {\"how\":\"network\"",
      "(cleanstation-prod lets nobody in by the network)",
      "= deploy/app-west:scale {\"instances\":0}  (0 → 0 instances)",
      "! database/standby:promote  (it follows arn:aws:rds:us-east-1:210987654321:db:"
        .. "cleanstation-prod no longer, and takes writes)",
      "= deploy/app-west:release {\"version\":\"1.4.0\"}  (1.4.0 → 1.4.0)",
      "~ deploy/app-west:scale {\"instances\":3}  (0 → 3 instances)",
      "Lead the name to us-west-2",
      "cleanstation CNAME: cleanstation-210987654.us-east-1.elb.amazonaws.com (300 s) → "
        .. "cleanstation-west-109876543.us-west-2.elb.amazonaws.com (60 s)",
      "! notify/oncall:resolve", "Served from us-west-2, version 1.4.0",
      "0 to create, 5 to change, 0 to delete, 9 that cannot be undone, 2 already so.",
    },
    asks = { "Fail over to us-west-2? (role incident-commander)" },
    assumes = assumes("wait_until: everything is healthy",
      "wait_until: everybody is led to the new place", "wait_until: the public name is healthy",
      "hold: everything stays healthy"),
    unanswered = not_started },
  { runbook = "regional-outage",
    parameters = function() return outage() .. " source=snapshot version=1.5.0" end,
    shows = {
      "Fence the old primary", "! database/standby:promote",
      "Restore", "~ database/standby:restore", "nightly",
      "~ deploy/app-west:release {\"version\":\"1.5.0\"}  (1.4.0 → 1.5.0)",
      "Lead the name to us-west-2",
    },
    asks = { "Fail over to us-west-2? (role incident-commander)" },
    assumes = assumes("wait_until: everything is healthy",
      "wait_until: everybody is led to the new place", "wait_until: the public name is healthy",
      "hold: everything stays healthy"),
    unanswered = not_started },
  { runbook = "database-corruption", parameters = function() return "bad_at=" .. ago(10) end,
    shows = {
      "CRITICAL database-corruption opened: CleanStation's data are damaged",
      "Restoring the data of ",
      "Close it to users", "\"slot\":\"blue\"}  (3 → 0 instances)",
      "\"slot\":\"green\"}  (3 → 0 instances)",
      "~ database/primary:restore", "(cleanstation-prod as it was at ",
      "Forget what was cached of the damaged data", "= cache/redis:delete_matching",
      "Let users in again", "~ deploy/app:scale {\"instances\":3,\"slot\":\"blue\"}",
      "! notify/team:resolve", "Everything written after ",
    },
    asks = { "Restore the database? (role incident-commander)",
      "Lead readers to the restored data (role incident-commander)",
      "Make a new standby in us-west-2 (role incident-commander)" },
    assumes = assumes("ensure does not fail with \"bad_at has not come yet.\"",
      "wait_until: everything is healthy", "hold: everything stays healthy") },
  { runbook = "database-corruption",
    shows = { "Restoring the data of ", "Close it to users",
      "~ database/primary:restore {\"backup\":\"rds:cleanstation-prod-", "Let users in again" },
    asks = { "Restore the database? (role incident-commander)",
      "Lead readers to the restored data (role incident-commander)",
      "Make a new standby in us-west-2 (role incident-commander)" },
    assumes = assumes("wait_until: everything is healthy", "hold: everything stays healthy") },
  { runbook = "security-incident",
    parameters = function() return "found_at=" .. ago(10) .. " roles=admin,app" end,
    shows = {
      "Close it to users", "\"slot\":\"blue\"}  (3 → 0 instances)",
      "Close the database to the network", "(cleanstation-prod lets nobody in by the network)",
      "Never replace what is kept",
      "storage/evidence:set_versioning {\"state\":\"on\"}  (off → on)",
      "Log of the database › Keep the database's log", "/database.log",
      "Snapshot of the database › Keep the database as it is", "~ database/snapshots:snapshot",
      "! storage/evidence:sync {\"extra\":\"keep\",\"from\":\"storage/access-logs\"",
      "! storage/evidence:sync {\"extra\":\"keep\",\"from\":\"storage/audit-trail\"",
      "List the evidence with its digests", "/digests.json",
      "+ secrets/maker:generate {\"kind\":\"rsa\",\"length\":256,\"name\":\"jwt/private_key\"",
      "~ secrets/parameters:put {\"name\":\"jwt/private_key\"",
      "(unknown until run: read of secrets/maker)",
      "~ secrets/parameters-west:put {\"name\":\"jwt/private_key\"",
      "Replace encryption/key", "~ secrets/parameters-west:put {\"name\":\"encryption/key\"",
      "Let the application's network in again", "~ database/primary:unfence",
      "Replace the password of cleanstation_app", "! database/primary-sql:set_password",
      "Replace the password of cleanstation_reader", "! database/primary-sql:set_password",
      "Sign everybody out", "cache/redis:flush_sessions",
      "Let users in again", "~ deploy/app:scale {\"instances\":3,\"slot\":\"green\"}",
    },
    asks = { "Isolate CleanStation? (role incident-commander)",
      "Give this program the database's new password (role incident-commander)",
      "Put the new public key in place (role incident-commander)", "Replace smtp/credentials",
      "Replace s3/credentials", "Replace redis/url",
      "Replace the access keys of people and programs",
      "Replace the keys of PagerDuty, Slack and Prometheus", "Replace the certificate",
      "Start security-watch (role incident-commander)" },
    assumes = assumes("\"Not all of the access logs are kept as they are.\"",
      "\"Not all of the audit trail are kept as they are.\"", "wait_until: every object is read",
      "ensure does not fail with \"Credentials are as they were.\"",
      "wait_until: everything is healthy") },
  { runbook = "security-watch",
    parameters = function()
      return "found_at=" .. ago(10) .. " evidence=incidents/1/digests.json"
    end,
    shows = { "Note that it watches", "storage/evidence:put" },
    asks = { "Who must be told? (role quality-manager)" },
    assumes = { "Watch: hold: nothing unusual happens" },
    -- Whom the stakeholders' mail goes to is an answer that a person gives.
    not_planned = { "the answer to \"Who must be told?\"" } },
  { runbook = "deploy", parameters = with "version=1.5.0",
    shows = { "~ deploy/slots:release", "\"slot\":\"blue\",\"version\":\"1.5.0\"}",
      "1.5.0 serves in production; it was 1.4.0." },
    asks = { "Release it? (role release-manager)" },
    assumes = { "wait_until: everything is healthy", delivers[2] } },
  { runbook = "blue-green", parameters = with "version=1.5.0 major=true",
    shows = { "~ database/snapshots:snapshot",
      "~ deploy/slots:release {\"slot\":\"green\",\"version\":\"1.5.0\"}  (1.4.0 → 1.5.0)",
      "! database/primary-sql:migrate", "(001_order_priority)",
      "~ deploy/slots:shift_traffic {\"weights\":{\"green\":100}}",
      "~ deploy/slots:release {\"slot\":\"blue\",\"version\":\"1.5.0\"}",
      "1.5.0 serves from green; 1.4.0 before. Migrations: 1." },
    asks = { "Release it? (role release-manager)" },
    assumes = { "wait_until: everything is healthy",
      "hold: it is healthy while the old one drains", delivers[2] } },
  { runbook = "backup",
    shows = { "~ database/snapshots:snapshot", "! database/snapshots:prune_backups",
      "~ storage/files:set_versioning {\"state\":\"on\"}  (off → on)",
      "~ storage/files-west:set_versioning {\"state\":\"on\"}  (off → on)",
      "~ storage/files:set_replication", "~ storage/files:set_lifecycle", "! notify/team:send" },
    assumes = { "\"The newest automated snapshot is … h old.\"",
      "\"Nobody can go back further than … days; it must be …. Set the retention of the automated "
        .. "backups to 30 days.\"",
      "\"The newest moment that can be restored is … min ago; the objective is 60 min.\"",
      "\"… files could not be copied to us-west-2.\"",
      "\"The standby in us-west-2 is more than an hour behind.\"", delivers[2] } },
  { runbook = "maintenance",
    shows = { "~ database/primary-sql:analyze  (3 tables)",
      "~ database/primary-sql:reindex {\"concurrently\":\"yes\"}", "0 slow queries" },
    assumes = { "ensure does not fail with \"Indexes could not be rebuilt.\"", delivers[2] } },
  -- The plan's Prometheus scrapes nothing: silence of the database is told.
  { runbook = "alerts",
    shows = { "! notify/team:send", "connections has no samples",
      "+ cache/redis:set {\"expires_in\":86400,\"key\":\"perilune:alert-connections\"" },
    assumes = { delivers[2] } },
  { runbook = "load-check",
    shows = { "~ http/site:load", "(GET /api/health at 100 a second)" },
    asks = { "Put a load on it? (role release-manager)" },
    -- The second stage begins only where the first one was good.
    not_planned = { "result of load of http/site.p99_s" } },
}
