-- What Vera is: its tables, its endpoints, its smoke tests and limits, and whom we tell what.
local health = require "patterns.health"
local incident = require "patterns.incident"
local smoke = require "patterns.smoke"

local M = {}

---The tables whose rows a restore is judged by.
M.tables = { "users", "photos" }

---What must be true of restored data.
M.truths = {
  ["every photo has its user"] =
    "select count(*) = 0 from photos where user_id not in (select id from users)",
}

---Two days of every dump, then one a day for thirty days.
M.retention = { last = 8, daily = 30 }

---How far back a moment can be restored.
M.days_of_moments = 7

---What is too much: more than 5 errors a minute, 95 of 100 answers slower than a second.
M.limits = {
  { name = "errors", above = 5, over = "5m", empty = "passes" },
  { name = "p95", above = 1, over = "5m", empty = "passes" },
}

---UptimeRobot's monitors: API and site every 5 min, the payment webhook hourly, the database
---every 10 min.
M.monitors = { "api", "site", "stripe-webhook", "database" }

---At least so many users; photos may be none.
function M.least(users)
  return { users = { min = users }, photos = { min = 0 } }
end

---The API must say of itself that it is well.
function M.api(api)
  return { { name = "api", at = api, path = "/health", json = { status = "ok" },
    target = "1s", alert = "5s" } }
end

---API and site.
function M.both(api, site)
  return { M.api(api)[1], { name = "site", at = site, path = "/", target = "1s", alert = "5s" } }
end

---Asks database, Redis and photos themselves: the endpoint's own word is not enough.
function M.ask_parts(parts)
  step("Ask database, Redis and photos themselves", { retries = 3 }, function()
    parts.db:query { sql = "select 1" }
    ensure(parts.redis:status().reachable, "Redis does not answer.")
    parts.photos:list { limit = 1 }
  end)
end

---The smoke tests of the API: none of them changes anything.
function M.smoke(api)
  return smoke.run {
    { name = "health says ok", test = function()
      api:check { path = "/health", json = { status = "ok" } }
    end },
    { name = "a wrong password is refused", test = function()
      api:probe { method = "POST", path = "/auth/login", expect = 401,
        json = { email = "smoke-test@vera.app", password = "not the password" } }
    end },
    { name = "photos are shown to nobody who is not signed in", test = function()
      api:check { path = "/photos", expect = 401 }
    end },
  }
end

---Waits for the API, then watches that it stays well.
function M.watch(api, during)
  health.stay(M.api(api), { during = during, every = "5s" })
end

---What the API's DATABASE_URL becomes in a recovery. It is asked for before anything is changed: an
---API that is led nowhere would go on with the database that is gone.
function M.address(vault, service)
  local name = service .. "-database-url"
  return ensure(vault:read { name = name }, ("secrets/vault has no %s, so the API could "
    .. "not be led to that database. Put it there: README, \"Before you need it\"."):format(name))
end

---Tells the team; who cannot be told is no reason for a run to fail.
function M.tell(team, message)
  local told, failure = try(function() team:send(message) end)
  if not told then log("The team was not told: " .. failure.message) end
end

---For `ended`: nobody watches a run that an alarm started, so the team hears that it did nothing.
function M.tell_failed(team, name, result)
  if result.outcome ~= "failed" then return end
  M.tell(team, { severity = "critical", title = name .. " did nothing",
    text = tostring(result.reason) })
end

---Begins an incident in Slack, where every message shows its severity.
function M.begin_incident(team, key, summary)
  return incident.begin { key = key, summary = summary, severity = "critical",
    channels = { { at = team, audience = "team" } } }
end

return M
