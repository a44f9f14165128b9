-- What Eleva's plans must show while a service fails: whom incident-response tells, what it stops,
-- and what the runbook that it hands over to would do.

local function with(text) return function() return text end end

local delivers = "notify/team delivers what it is given"
local well = "wait_until: everything is well"
-- What does not answer well is taken for failed, and read again where it is looked at again.
local stripe_fails = { "api answers well by then", "stripe answers well by then" }
local read = { "item 2: check of http/site: The check of GET /api/healthcheck",
  "item 4: check of http/site: The check of GET /api/health/stripe" }

local function joined(...)
  local all = {}
  for _, list in ipairs { ... } do
    for _, one in ipairs(list) do all[#all + 1] = one end
  end
  return all
end

local looked = joined(stripe_fails, { "database itself: it took longer than 500ms",
  "qstash itself: it took longer than 2s", "\"A job has not run as it should\"" })
local told = { "notify/oncall delivers what it is given", "notify/page delivers what it is given",
  "Tell people: investigating: " .. delivers,
  "Find somebody: wait_until: Somebody takes it: on call, round 1" }
local to_its_end = { "Respond: " .. well, "Respond: hold: everything stays well",
  "End the incident at the second level" }

local begins = {
  "Tell people: investigating", "! notify/oncall:open", "Eleva, failing: stripe",
  "! notify/page:open {\"components\":[\"payments\"],\"detail\":\"We see problems with payments",
  "CRITICAL: Eleva, failing: stripe – Eleva, failing: stripe. We are looking into it.",
  "Find somebody", "! notify/oncall:open" }
local paused = { "Respond › Pause the jobs", "~ schedule/jobs:pause" }
local ends = {
  "Respond › Tell people: monitoring", "! notify/page:update", "Eleva works again. We are watching",
  "Respond › Tell people: resolved", "Respond › End the incident at notify/oncall",
  "! notify/oncall:resolve", "! notify/page:resolve", "All of Eleva works again.",
  "Open the post-mortem", "! process/ci:run", "\"program\":\"post-mortem\"" }
local resumed = { "Respond › Resume the jobs", "~ schedule/jobs:resume" }

-- What a plan that hands over to one runbook shows and assumes besides.
local function by(way, parameters, shows, more)
  return { runbook = "incident-response", parameters = with("mitigation=" .. way .. parameters),
    shows = shows, asks = more.asks, unanswered = joined(read, more.unanswered or {}),
    assumes = joined(looked, told, to_its_end, more.assumes or {}) }
end

local caught_up = "\"A job has missed its time: it is caught up\""

return {
  { runbook = "incident-response",
    prepare = function(stage)
      stage:steer("site", "state", { answers = stage.answers_while "stripe" })
    end,
    shows = joined(begins, paused),
    asks = { "Respond: How is it mitigated? (role incident-commander)" },
    assumes = joined(looked, told, { "Respond › item 2", "Respond › item 4",
      "Respond: ensure does not fail with \"qstash itself answers by then\"" }),
    unanswered = joined(read, { "Respond › item 2", "Respond › item 4" }),
    not_planned = { "Respond: not known before the run: the answer to \"How is it mitigated?\"" } },
  by("rollback", "", joined(begins, paused, { "run_runbook \"rollback\"",
    "~ deploy/app:rollback  (back to beefed0)" }, { ends[1] }, resumed,
    { "Respond › Tell people: resolved", "\"program\":\"post-mortem\"",
      "0 to create, 3 to change, 0 to delete, 15 that cannot be undone" }),
    { assumes = { "Respond › rollback › Roll back: " .. well, "Respond › rollback: " .. delivers,
      caught_up }, unanswered = { "Respond › rollback › Roll back: check of http/site" } }),
  by("deploy", " version=abcdef1", joined(begins, paused, {
    "run_runbook \"deploy\" {\"ask_first\":false,\"version\":\"abcdef1\"}",
    "~ deploy/app:release {\"version\":\"abcdef1\"}  (c0ffee1 → abcdef1)" }, { ends[1] }, resumed,
    { "\"program\":\"post-mortem\"" }),
    { assumes = { "\"The preview has no address.\"", "Respond › deploy: " .. delivers,
      "Respond › deploy › Promote to production: " .. well, caught_up },
      unanswered = { "Respond › deploy › Promote to production: check of http/site" } }),
  by("config-restore", " pause_jobs=false", joined(begins, {
    "run_runbook \"config-restore\" {\"ask_first\":false,\"ref\":\"main\"}",
    "~ schedule/jobs:upsert", "~ deploy/app:set_env", "~ deploy/app:redeploy" }, ends),
    { assumes = { "Respond › config-restore › Put it back: " .. well,
      "Respond › config-restore: " .. delivers } }),
  by("scheduled-jobs", " jobs=keep-alive", joined(begins, {
    "run_runbook \"scheduled-jobs\"", "= schedule/jobs:resume {\"jobs\":[\"keep-alive\"]}" }, ends),
    { assumes = { "Respond › scheduled-jobs: " .. delivers } }),
  by("by-hand", "", joined(begins, paused, { ends[1] }, resumed, { "\"program\":\"post-mortem\"" }),
    { asks = { "Respond: Mend it (role incident-commander)" }, assumes = { caught_up } }),
  { runbook = "health", parameters = with "tell=true",
    shows = { "! notify/team:send", "\"title\":\"Not well\"" },
    assumes = joined(stripe_fails, { "database itself: it took longer than 500ms",
      "qstash itself: it took longer than 2s", delivers }),
    unanswered = read, fails = { "Not well: …." } },
  { runbook = "escalate", parameters = with "service=stripe",
    shows = { "! notify/oncall:open", "\"summary\":\"stripe fails (critical)\"" },
    assumes = { "stripe answers well by then", "notify/oncall delivers what it is given",
      "wait_until: Somebody takes it: on call, round 1" },
    unanswered = { "The check of GET /api/health/stripe" } },
}
