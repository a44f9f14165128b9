-- A service fails: whoever must know is told, by how much depends on it, until somebody takes it.
local care = require "care"
local care_escalation = require "care_escalation"
local care_health = require "care_health"
local health = require "patterns.health"

-- Asks until the service has failed often enough in a row: true and why; false as soon as it
-- answers well.
local function see_it_fail(name, site, wanted, seen, every)
  local problem = "reported by who started this"
  for count = seen + 1, wanted do
    local report = health.look { care_health.endpoint_of(name, site) }
    if report.healthy then return false end
    problem = health.problem(report)
    log(("Failure %d of %d: %s"):format(count, wanted, problem))
    if count < wanted then sleep(every) end
  end
  return true, problem
end

return runbook {
  summary = "Tell who must know of a failed service, until somebody acknowledges",
  targets = {
    ["http/site"] = {},
    ["notify/oncall"] = { "open", "update", "acknowledge", "resolve" },
    ["notify/lead"] = { "open", "update", "acknowledge", "resolve" },
    ["notify/team"] = { "send" },
  },
  parameters = {
    service = { type = "string", enum = care.service_names, required = true,
      help = "what fails" },
    failures_seen = { type = "integer", default = 0, min = 0,
      help = "how often in a row it was seen to fail already" },
    every = { type = "duration", default = "1m", help = "how long between two looks at it" },
    rounds = { type = "integer", default = 2, min = 1, help = "how often everybody is tried" },
  },
  on_failure = "stop",

  run = function(params)
    local service = care.services[params.service]
    local priority = care.priorities[service.priority]
    local fails, problem = see_it_fail(params.service, http("site"), priority.failures,
      params.failures_seen, params.every)
    if not fails then return { state = "well", told = {} } end

    local summary = ("%s fails (%s)"):format(params.service, service.priority)
    local taken = care_escalation.until_taken({
      { name = "on call", at = notify("oncall") },
      { name = "lead", at = notify("lead") },
    }, { key = params.service .. "-fails", summary = summary, severity = priority.severity,
      detail = problem, wait = priority.wait, rounds = params.rounds })
    if not taken then
      care.tell(notify("team"), { severity = "critical", title = "Nobody has taken it",
        text = summary })
    end
    ensure(taken, "Nobody has taken \"%s\" after %d rounds. Its incidents stay open.", summary,
      params.rounds)
    log(("%s: %s after %.0f s."):format(taken.level, taken.state, taken.after_s))
    return taken
  end,
}
