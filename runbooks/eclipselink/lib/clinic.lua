-- What EclipseLink is: its tables, its endpoints, its smoke tests, and whom we tell what.
local health = require "patterns.health"
local incident = require "patterns.incident"
local smoke = require "patterns.smoke"

local M = {}

---The clinical tables whose rows a restore is judged by.
M.tables = { "handoffs", "sbar_reports" }

---What must be true of restored data.
M.truths = {
  ["every report has its hand-off"] =
    "select count(*) = 0 from sbar_reports where handoff_id not in (select id from handoffs)",
}

---Seven years: clinical records are kept that long (HIPAA).
M.months_kept = 84

---Seven days, five weeks, and so many months.
function M.retention(months) return { daily = 7, weekly = 5, monthly = months } end

---At least so many rows of each clinical table.
function M.least(handoffs)
  return { handoffs = { min = handoffs }, sbar_reports = { min = 0 } }
end

---More than so many errors a minute are too many.
M.errors_a_minute = 10

---What restored data must have: what the backup's note counted (`note`, nil where it has none) and
---at least `least` hand-offs. Where nobody knows either, the one who restores is asked, and told
---what the function `hint` gives.
function M.counts(note, least, hint)
  local rows = note and note.rows
  if not rows then
    return M.least(least or ask("How many hand-offs must be there at least?", {
      evidence = "number", role = "incident-commander", detail = hint() }))
  end
  local counts = { handoffs = { min = rows.handoffs.min, max = rows.handoffs.max },
    sbar_reports = rows.sbar_reports }
  counts.handoffs.min = math.max(counts.handoffs.min, least or 0)
  return counts
end

---The endpoint that must say of itself that it is healthy.
function M.endpoints(page)
  return { { name = "app", at = page, path = "/api/health", json = { status = "healthy" },
    target = "1s", alert = "5s" } }
end

-- Database, Redis and storage themselves: the endpoint's own word is not enough.
local part_tests = {
  { name = "the database answers", test = function(parts) parts.db:query { sql = "select 1" } end },
  { name = "Redis answers", test = function(parts)
    ensure(parts.redis:status().reachable, "Redis does not answer.")
  end },
  { name = "the storage lists the audio", test = function(parts)
    parts.audio:list { limit = 1 }
  end },
}

---Waits for the endpoint, then asks each part behind it.
function M.wait_healthy(parts, within)
  health.wait(M.endpoints(parts.page), { within = within, every = "2s" })
  step("Ask database, Redis and storage themselves", { retries = 3 }, function()
    for _, one in ipairs(part_tests) do one.test(parts) end
  end)
end

---The smoke tests: none of them changes anything. With `parts` each of these is asked too.
function M.smoke(page, parts)
  local tests = {
    { name = "health says healthy", test = function()
      page:check { path = "/api/health", json = { status = "healthy" } }
    end },
    { name = "a wrong password is refused", test = function()
      page:probe { method = "POST", path = "/api/v1/auth/login", expect = 401,
        json = { email = "smoke-test@eclipselink.ai", password = "not the password" } }
    end },
    { name = "the API's documentation is there", test = function()
      page:check { path = "/api/docs" }
    end },
  }
  for _, one in ipairs(parts and part_tests or {}) do
    tests[#tests + 1] = { name = one.name, test = function() one.test(parts) end }
  end
  return smoke.run(tests)
end

---Begins an incident: one channel in Slack, whose colour says the severity.
function M.begin_incident(team, key, summary)
  return incident.begin { key = key, summary = summary, severity = "critical",
    channels = { { at = team, audience = "team" } } }
end

---The six records of the zone, with the application at `app`. `params`: audio_host, root, proxied.
function M.records(app, staging, params)
  local records = {
    { name = "app", type = "CNAME", value = app .. "." },
    { name = "api", type = "CNAME", value = app .. "." },
    { name = "audio", type = "CNAME", value = params.audio_host .. "." },
    { name = "staging", type = "CNAME", value = staging .. "." },
    -- Never reached: Cloudflare redirects the root before it would ask for this address.
    { name = "@", type = "A", value = "192.0.2.1" },
    { name = "www", type = "CNAME", value = params.root .. "." },
  }
  for _, record in ipairs(records) do record.proxied = params.proxied or nil end
  return records
end

return M
