-- What the plans of Eleva's runbooks must show. The services' double site is well at first, and
-- Stripe fails from the first plan on that needs it.

local function with(text) return function() return text end end
local function ago(minutes)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() - 60 * minutes)
end

local delivers = "notify/team delivers what it is given"
local well = "wait_until: everything is well"
local in_time = { "\"database itself: it took longer than 500ms\"",
  "\"qstash itself: it took longer than 2s\"" }
local jobs_run = "\"A job has not run as it should\""
local caught_up = "\"A job has missed its time: it is caught up\""

local function joined(...)
  local all = {}
  for _, list in ipairs { ... } do
    for _, one in ipairs(list) do all[#all + 1] = one end
  end
  return all
end

-- What Git says otherwise than Vercel and QStash have it.
local drift = "BOOKING_WINDOW_DAYS is not what Git says | NEXT_PUBLIC_POSTHOG_KEY is missing | "
  .. "STRIPE_SECRET_KEY is missing (a secret) | Vercel's setting nodeVersion is 18.x, not 20.x | "
  .. "the job cleanup-blocked-dates runs at 0 4 * * * "
  .. "UTC, not at 0 3 * * * UTC"
local wrong_job = "cleanup-blocked-dates: its schedule is 0 4 * * * UTC, not 0 3 * * * UTC"
local put_back = {
  "Put it back", "~ schedule/jobs:upsert", "(cleanup-blocked-dates 0 3 * * *)",
  "Put Vercel's settings back", "! http/platform:patch", "{\"nodeVersion\":\"20.x\"}",
  "~ deploy/app:set_env", "\"STRIPE_SECRET_KEY\":\"[secret STRIPE_SECRET_KEY]\"",
  "(variables BOOKING_WINDOW_DAYS, NEXT_PUBLIC_POSTHOG_KEY, STRIPE_SECRET_KEY)",
  "~ deploy/app:redeploy" }
local tested = {
  "= database/restore-test:drop", "~ database/restore-test:clone",
  "\"at\":\"(unknown until run: a random number)\",\"from\":\"database/platform\"",
  "Remove the branch", "! database/restore-test:drop",
  "\"title\":\"Restore test passed\"" }
local kept = { "\"Neon keeps less than was promised, or not the moment\"",
  "\"… had … rows at … and the copy has ….\"" }

local plans = {
  { runbook = "health", shows = { "Nothing would be changed." }, assumes = in_time },
  { runbook = "rollback", parameters = with "reason=errors",
    shows = { "Roll back", "~ deploy/app:rollback  (back to beefed0)",
      "! notify/team:send", "\"title\":\"Rolled back\"" },
    assumes = { well, delivers } },
  { runbook = "deploy", parameters = with "version=abcdef1",
    shows = { "+ deploy/preview:release {\"version\":\"abcdef1\"}", "Check the preview",
      "! process/ci:run", "\"CHECK_COMMIT\":\"abcdef1\"", "\"program\":\"preview-checks\"",
      "Promote to production",
      "~ deploy/app:release {\"version\":\"abcdef1\"}  (c0ffee1 → abcdef1)",
      "Released – abcdef1 serves; it was c0ffee1.",
      "1 to create, 1 to change, 0 to delete, 2 that cannot be undone" },
    asks = { "Promote it to production? (role release-manager)" },
    assumes = { "\"The preview has no address.\"", well, delivers } },
  { runbook = "config-restore",
    shows = joined(put_back, { "WARNING: Configuration put back – " .. drift,
      "0 to create, 3 to change, 0 to delete, 2 that cannot be undone, 0 already so." }),
    asks = { "Put the configuration back? (role release-manager)" }, assumes = { well, delivers } },
  { runbook = "config-restore", parameters = with "apply=false",
    shows = { "WARNING: Configuration differs from Git – " .. drift, "0 to change" },
    assumes = { delivers } },
  { runbook = "config-restore", parameters = with "all_secrets=true all_jobs=true",
    shows = { "= schedule/jobs:upsert", "(appointment-reminders 0 9 * * *)",
      "~ schedule/jobs:upsert", "(cleanup-blocked-dates 0 3 * * *)",
      "\"CLERK_SECRET_KEY\":\"[secret CLERK_SECRET_KEY]\"",
      "3 to change, 0 to delete, 2 that cannot be undone, 7 already so." },
    asks = { "Put the configuration back? (role release-manager)" }, assumes = { well, delivers } },
  { runbook = "escalate", parameters = with "service=stripe",
    shows = { "Nothing would be changed." } },
  { runbook = "escalate", parameters = with "service=stripe failures_seen=1",
    shows = { "CRITICAL stripe-fails opened: stripe fails (critical) – reported by who" },
    assumes = { "notify/oncall delivers what it is given",
      "wait_until: Somebody takes it: on call, round 1" } },
  { runbook = "scheduled-jobs", shows = { "ERROR: Jobs are not well – " .. wrong_job },
    assumes = { jobs_run, delivers }, fails = { "Jobs are not well: " .. wrong_job } },
  { runbook = "scheduled-jobs", parameters = with "action=pause",
    shows = { "Pause the jobs", "~ schedule/jobs:pause", "(pause appointment-reminders, ",
      "! notify/team:send" },
    assumes = { delivers } },
  { runbook = "scheduled-jobs",
    parameters = with "action=around jobs=keep-alive,cleanup-blocked-dates",
    shows = { "(pause cleanup-blocked-dates, keep-alive)", "\"title\":\"Jobs paused\"",
      "~ schedule/jobs:resume {\"jobs\":[\"cleanup-blocked-dates\",\"keep-alive\"]}",
      "2 resumed, 0 caught up" },
    asks = { "Resume the jobs? (role incident-commander)" }, assumes = { delivers, caught_up } },
  { runbook = "scheduled-jobs",
    parameters = function() return "action=resume jobs=keep-alive since=" .. ago(60) end,
    shows = { "= schedule/jobs:resume {\"jobs\":[\"keep-alive\"]}  (nothing to resume)",
      "1 resumed, 0 caught up" },
    assumes = { delivers } },
  { runbook = "restore-test", shows = tested, assumes = joined(kept, { delivers }) },
  { runbook = "restore-test",
    parameters = function() return "at=" .. ago(3 * 24 * 60) end,
    shows = { "+ database/restore-test:clone", "(br-quiet-lake-a2k9x1pd as it was at ",
      "! database/restore-test:drop", "1 to create, 0 to change" },
    assumes = joined(kept, { delivers }) },
  -- Which lists are due is a matter of the day.
  { runbook = "maintenance", shows = { "As far as it can be planned, nothing would be changed." },
    not_planned = { "not known before the run: %a at run.started_at" } },
  { runbook = "maintenance", parameters = with "what=daily",
    shows = { "ERROR: Maintenance: 2 passed, 1 failed – - [x] No monitor fires (automated): 2 "
      .. "monitors | - [x] Errors are few (automated): 2 an hour | - [ ] Every job has run "
      .. "(automated): " .. wrong_job },
    assumes = { jobs_run, delivers }, fails = { "Every job has run: " .. wrong_job } },
  { runbook = "maintenance", parameters = with "what=weekly people=false",
    shows = { "INFO: Maintenance: 4 passed, 0 failed – - [x] The API is fast (automated): 0.15 s",
      "Pages are fast (automated): 0.8 s", "No query is slow (automated): none above 500ms",
      "The database has connections left (automated): " },
    assumes = { delivers } },
  { runbook = "maintenance", parameters = with "what=weekly",
    shows = { "INFO: Maintenance: 4 passed, 0 failed", "run_runbook \"review\"",
      "\"title\":\"Review: 3 passed, 0 failed\"" },
    asks = { "Redis has memory left", "Dependencies are up to date",
      "Security alerts were reviewed" },
    assumes = { "\"Redis has memory left: the answer says that it is not so\"",
      "\"Security alerts were reviewed: the answer says that it is not so\"", delivers,
      "review: " .. delivers } },
  { runbook = "maintenance", parameters = with "what=monthly people=false",
    shows = joined({ "run_runbook \"restore-test\"" }, tested, { "1 passed, 0 failed" }),
    assumes = joined(kept, { "restore-test: " .. delivers, delivers,
      "\"A restore was tested: it is not so\"" }) },
  { runbook = "review", shows = { "As far as it can be planned, nothing would be changed." },
    not_planned = { "not known before the run: %a at run.started_at" } },
  { runbook = "review", parameters = with "what=weekly",
    shows = { "\"title\":\"Review: 3 passed, 0 failed\"" },
    asks = { "Redis has memory left", "Dependencies are up to date",
      "Security alerts were reviewed" },
    assumes = { "\"Redis has memory left: the answer says that it is not so\"",
      "\"Security alerts were reviewed: the answer says that it is not so\"", delivers } },
  { runbook = "review", parameters = with "what=monthly",
    shows = { "\"title\":\"Review: 3 passed, 0 failed\"" },
    asks = { "Documentation was reviewed", "Access was audited (role incident-commander)",
      "Performance was reviewed" },
    assumes = { "\"Access was audited: the answer says that it is not so\"",
      "\"Performance was reviewed: the answer says that it is not so\"", delivers } },
  { runbook = "incident-response", shows = { "Nothing would be changed." },
    assumes = joined(in_time, { jobs_run }) },
}

return joined(plans, require("eleva_incidents"))
