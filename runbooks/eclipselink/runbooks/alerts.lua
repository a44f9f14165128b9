-- What the team is alerted of, by what Logtail has counted and by asking the database itself. Each
-- alert is told when it begins, once an hour while it lasts, and when it is over.
local clinic = require "clinic"
local watch = require "patterns.watch"

local limits = {
  { name = "errors-per-minute", over = "1m", above = clinic.errors_a_minute, severity = "warning" },
  { name = "report-failures-per-hour", over = "1h", above = 5, severity = "warning" },
  { name = "database-failures", over = "5m", above = 0, severity = "critical" },
}

-- What is wrong by one limit; a number that is not known is wrong too, as nobody watches meanwhile.
local function problem_of(logs, limit)
  local read, reading = try(function()
    return logs:read { name = limit.name, over = limit.over }
  end)
  if not read then return ("%s is not known: %s"):format(limit.name, reading.message) end
  return watch.judge(reading, { name = limit.name, above = limit.above })
end

local function ask_database(db)
  local answered, failure = try(function() db:query { sql = "select 1" } end)
  return not answered and "The database does not answer: " .. failure.message or nil
end

-- Redis remembers what was told. Where it is silent, an alert is told again rather than not at all.
local function tell(team, redis, alert)
  local key = "perilune:alert:" .. alert.name
  local asked, marker = try(function() return redis:get { key = key } end)
  local is_told = asked and marker ~= nil
  if alert.problem and not is_told then
    team:send { severity = alert.severity, title = "Alert: " .. alert.name, text = alert.problem }
    try(function() redis:set { key = key, value = "told", expires_in = "1h" } end)
  elseif is_told and not alert.problem then
    team:send { title = "Over: " .. alert.name, text = "It is within its limit again." }
    redis:delete { keys = { key } }
  end
end

return runbook {
  summary = "Alert the team of errors, failed reports and a database that does not answer",
  targets = {
    ["metrics/logs"] = {},
    ["database/clinic"] = {},
    ["cache/redis"] = { "set", "delete" },
    ["notify/team"] = { "send" },
  },
  locks = { "alerts/clinic" },
  on_failure = "stop",

  run = function()
    local logs, redis, team = metrics("logs"), cache("redis"), notify("team")
    local alerts = { { name = "database", severity = "critical",
      problem = ask_database(database("clinic")) } }
    for _, limit in ipairs(limits) do
      alerts[#alerts + 1] = { name = limit.name, severity = limit.severity,
        problem = problem_of(logs, limit) }
    end
    local firing = {}
    for _, alert in ipairs(alerts) do
      if alert.problem then
        firing[#firing + 1] = alert.name
        log(alert.problem)
      end
      tell(team, redis, alert)
    end
    return { firing = firing }
  end,
}
