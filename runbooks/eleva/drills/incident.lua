-- A release that signs its payments wrongly: an incident from its alarm to its post-mortem.
local care_drill = require "care_drill"
local drilling = require "drilling"

return drill {
  summary = "A bad release breaks payments: found, told, rolled back, proved, written down",
  runbook = "incident-response", environment = "drill",
  prepare = care_drill.open,
  disaster = function(on) on.deploy("app"):release { version = "bbbbbbb" } end,
  -- Until the bad release serves, nothing is wrong.
  notice = "5s",
  parameters = function() return { key = "payments", watch_for = "5s", well_within = "30s" } end,
  answers = { ["How is it mitigated?"] = { answer = "rollback", after = "1s", by = "on-call" } },
  probe = { url = "http://{services.app.host}:{services.drill.port}/api/healthcheck" },
  simulated = care_drill.simulated,
  guard = { outage = "90s" },
  check = function(on)
    local app = on.service("app")
    local page = drilling.client(on, "curl", { "-sS",
      ("http://%s:%s/api/healthcheck?services=true"):format(app.host, app.port) })
    ensure(page:find('"status": "healthy"', 1, true) == 2, "The site is not well: " .. page)
    ensure(page:find('"version": "aaaaaaa"', 1, true) ~= nil, "The version before must serve.")
    local sessions = on.service("sessions")
    ensure(drilling.client(on, "redis-cli", { "-h", sessions.host, "-p", sessions.port, "ping" })
      == "PONG\n", "Redis must answer.")
    local written = drilling.state_of(on, "github").runs
    ensure(#written == 1 and written[1].inputs.INCIDENT == "payments", "One post-mortem must be "
      .. "opened, of payments, but %d runs of workflows are there.", #written)
    ensure(written[1].inputs.DOCUMENT:find("Mitigated: rollback", 1, true) ~= nil,
      "The timeline lacks the mitigation.")
    local incidents = drilling.state_of(on, "watch").incidents
    ensure(#incidents == 1 and incidents[1].attributes.status == "Resolved",
      "Better Stack must know one incident, which is over.")
    local reports = drilling.state_of(on, "page").reports
    ensure(#reports == 1 and reports[1].attributes.aggregate_state == "operational",
      "The status page must have one report, which says that all is well again.")
    for _, job in ipairs(drilling.state_of(on, "qstash").schedules) do
      ensure(not job.isPaused, "The job %s must run again.", job.scheduleId)
    end
    ensure(next(drilling.state_of(on, "novu").events) ~= nil, "The team must have been told.")
    care_drill.ensure_described(on, "watch", "page", "qstash", "novu", "github")
  end,
}
