-- The three alerts: errors call the one on call, connections and memory warn the team. By cron.
local told_once = require "told_once"
local watch = require "patterns.watch"

-- A night without requests has no share of errors, and a closed application no heap: neither is a
-- fault. A database that nobody counts the connections of is one.
local alerts = {
  { name = "errors", over = "5m", above = 5, empty = "passes",
    severity = "critical", summary = "More than 5 % of CleanStation's answers are errors" },
  { name = "connections", over = "5m", above = 80, empty = "fails",
    severity = "warning", summary = "The database's connections run out" },
  { name = "heap", over = "5m", above = 90, empty = "passes",
    severity = "warning", summary = "CleanStation's memory runs out" },
}
local blind = { name = "numbers", severity = "error",
  summary = "Prometheus gives no numbers, so no alert can fire" }

-- PagerDuty keeps what is open and whom it called; of Slack each message stands for itself.
local function tell(alert, problem)
  local key, team = "alert-" .. alert.name, notify("team")
  told_once.tell(cache("redis"), { key = "perilune:" .. key, problem = problem,
    begin = function(text)
      if alert.severity == "critical" then
        return notify("oncall"):open { key = key, summary = alert.summary, severity = "critical",
          detail = text }
      end
      return team:send { severity = alert.severity, title = alert.summary, text = text }
    end,
    over = function()
      if alert.severity == "critical" then
        return notify("oncall"):resolve { key = key, text = "It is over." }
      end
      return team:send { title = "It is over", text = alert.summary .. ": no longer." }
    end })
end

return runbook {
  summary = "Read the three alerts' numbers; tell whom each concerns, once, and when it is over",
  targets = {
    ["metrics/app"] = {},
    ["cache/redis"] = { "set", "delete" },
    ["notify/oncall"] = { "open", "resolve" },
    ["notify/team"] = { "send" },
  },
  -- Two that look at once would tell twice.
  locks = { "alerts" },
  on_failure = "stop",

  run = function()
    local numbers, firing = metrics("app"), {}
    local read, found = pcall(function()
      local problems = {}
      for place, alert in ipairs(alerts) do
        problems[place] = watch.problems(numbers, { { name = alert.name, over = alert.over,
          above = alert.above, empty = alert.empty } })[1] or false
      end
      return problems
    end)
    tell(blind, not read and found.message or nil)
    if not read then return { firing = { blind.name } } end
    for place, alert in ipairs(alerts) do
      local problem = found[place] or nil
      if problem then firing[#firing + 1] = alert.name end
      tell(alert, problem)
    end
    return { firing = firing }
  end,
}
