-- What Eleva is: its services and who must know of them, its latencies, its jobs, its data.
local M = {}

---What a service's priority means: how often it must fail before anybody is told, and how long that
---one has to take it before the next is called.
M.priorities = {
  critical = { failures = 1, wait = "5m", severity = "critical" },
  high = { failures = 2, wait = "10m", severity = "error" },
  medium = { failures = 3, wait = "30m", severity = "warning" },
}

---How long one level has, by an incident's severity.
function M.wait_of(severity)
  for _, priority in pairs(M.priorities) do
    if priority.severity == severity then return priority.wait end
  end
end

---The target and the limit of alarm of each kind of answer.
M.latencies = {
  api = { target = "200ms", alert = "1s" },
  page = { target = "1s", alert = "3s" },
  database = { target = "100ms", alert = "500ms" },
  redis = { target = "50ms", alert = "200ms" },
  external = { target = "500ms", alert = "2s" },
}

---The combined endpoint: it asks every service, and says of each how it is.
M.combined = "/api/healthcheck?services=true"

---Services by name: priority, kind of latency, the endpoint (of its own, or the combined one), and
---the part of the status page that its failure shows on.
M.services = {
  database = { priority = "critical", kind = "database", path = "/api/health/neon-database",
    part = "app" },
  stripe = { priority = "critical", kind = "external", path = "/api/health/stripe",
    part = "payments" },
  clerk = { priority = "critical", kind = "external", path = "/api/health/clerk",
    part = "sign-in" },
  redis = { priority = "high", kind = "redis", path = "/api/health/upstash-redis", part = "app" },
  qstash = { priority = "high", kind = "external", part = "reminders" },
  novu = { priority = "high", kind = "external", part = "reminders" },
  posthog = { priority = "medium", kind = "external" },
  analytics = { priority = "medium", kind = "external" },
}

---The names above, as parameters list them.
M.service_names = { "database", "stripe", "clerk", "redis", "qstash", "novu", "posthog",
  "analytics" }

---The eight jobs: each begins every `every` from `at` past midnight UTC. One whose lateness helps
---nobody any more is not caught up.
M.jobs = {
  ["process-expert-transfers"] = { every = "2h", cron = "0 */2 * * *", heartbeat = true },
  ["process-pending-payouts"] = { every = "1d", at = "6h", cron = "0 6 * * *", heartbeat = true },
  ["send-payment-reminders"] = { every = "6h", cron = "0 */6 * * *", heartbeat = true },
  ["appointment-reminders"] = { every = "1d", at = "9h", cron = "0 9 * * *", heartbeat = true },
  ["appointment-reminders-1hr"] = { every = "1h", cron = "0 * * * *", heartbeat = true },
  ["cleanup-expired-reservations"] = { every = "15m", cron = "*/15 * * * *" },
  ["cleanup-blocked-dates"] = { every = "1d", at = "3h", cron = "0 3 * * *" },
  ["keep-alive"] = { every = "5m", cron = "*/5 * * * *", catch_up = "never" },
}

---Where a job's schedule sends: a route of the application at `site`.
function M.job_destination(site, name) return ("%s/api/cron/%s"):format(site, name) end

---The tables that a restore is judged by. Nothing is ever deleted from `ledger`, so a restored copy
---of a moment has exactly the rows that production had then.
M.tables = { "appointments", "payment_transfers" }
M.ledger = "payment_transfers"

---What must be true of a copy that shows `at` (Unix seconds).
function M.truths(at)
  local moment = date("%Y-%m-%d %H:%M:%S", at)
  return {
    ["nothing is newer than the moment"] =
      ("select count(*) = 0 from appointments where created_at > '%s'"):format(moment),
    ["every transfer has its appointment"] = "select count(*) = 0 from payment_transfers where "
      .. "appointment_id not in (select id from appointments)",
  }
end

---Tells the team; what cannot be told is no reason to fail what was done.
function M.tell(team, message)
  local told, failure = pcall(function() team:send(message) end)
  if not told then log(("Not told: %s (%s)"):format(message.text, failure.message)) end
end

---How many rows of the ledger there were at a moment. Neon's SQL over HTTP gives a count as a text.
function M.ledger_rows(db, at)
  local rows = db:query { sql = ("select count(*) as n from %s where created_at <= '%s'"):format(
    M.ledger, date("%Y-%m-%d %H:%M:%S", at)) }
  return rows[1].n + 0  -- Not tonumber: a plan does not know it yet, and goes on.
end

return M
