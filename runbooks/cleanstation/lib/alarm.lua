-- Who is told when something is wrong: a module of its own, since whoever requires it needs both.
local incident = require "patterns.incident"

local M = {}

---Begins an incident: PagerDuty wakes the one on call, Slack tells the team.
function M.begin_incident(key, summary)
  return incident.begin { key = key, summary = summary, severity = "critical", channels = {
    { at = notify("oncall"), audience = "oncall" }, { at = notify("team"), audience = "team" } } }
end

---Asks whether to go on. Where the answer is no, the incident ends with the reason, so that nobody
---is kept awake by it; then the refusal is raised as it was.
function M.decide(report, question, given)
  local agreed, failure = try(approve, question, given)
  if agreed then return end
  incident.finish(report, { text = "Nothing was done: " .. failure.message })
  error(failure, 0)
end

return M
