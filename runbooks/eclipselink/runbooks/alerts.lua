-- What the team is alerted of, by what Logtail has counted and by asking the database itself. Each
-- alert is told when it begins, once an hour while it lasts, and when it is over.
local clinic = require "clinic"
local told_once = require "told_once"
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

local function tell(team, redis, alert)
  told_once.tell(redis, { key = "perilune:alert:" .. alert.name, problem = alert.problem,
    again = "1h",
    begin = function(text)
      return team:send { severity = alert.severity, title = "Alert: " .. alert.name, text = text }
    end,
    over = function()
      team:send { title = "Over: " .. alert.name, text = "It is within its limit again." }
    end })
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
