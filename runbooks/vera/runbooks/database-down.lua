-- The primary database is lost: fenced for sure, its replica promoted, the API led there.
local failover = require "patterns.failover"
local incident = require "patterns.incident"
local new_primary = require "new_primary"
local vera = require "vera"

-- Its platform stops the server that cannot be told to fence itself, and says when none runs.
local function stop_server(server)
  ensure(server:status().release_id, "Its platform shows nothing that runs there.")
  server:stop {}
end

-- Nobody fails over from a primary that serves. A false alarm ends the run: who waits here would
-- hold the locks that a rollback needs.
local function ensure_down(primary)
  step("See that the primary is down", { on_failure = "stop" }, function()
    local up = try(function() primary:wait_writable { within = "10s" } end)
    ensure(not up, "The primary takes writes: there is nothing to fail over from. Where it is to "
      .. "be left all the same, say so with even_if_up=true.")
  end)
end

-- Without the alarm's time the run's own start is the latest that the primary can have written.
local function tell_loss(lost_s, outage_began)
  if not lost_s then return "Nobody can tell how much is lost; the objective is 60 s." end
  return ("Up to %.0f s of writes are lost; the objective is 60 s.%s"):format(lost_s, outage_began
    and "" or " Nobody said when the outage began (outage_began), so it is counted to this run's "
    .. "start: a primary that died earlier took no writes since.")
end

return runbook {
  summary = "Fail over to the database's replica",
  objectives = { rto = "5m", rpo = "1m" },
  targets = {
    ["database/primary"] = { "fence", "unfence" },
    ["database/replica"] = { "promote" },
    ["deploy/primary-server"] = { "stop", "start" },
    ["deploy/api"] = { "set_env" },
    ["secrets/vault"] = { "put" },
    ["http/api"] = {},
    ["cache/redis"] = {},
    ["storage/photos"] = {},
    ["notify/team"] = { "open", "update", "resolve", "send" },
  },
  parameters = {
    outage_began = { type = "time", help = "when the first alarm fired; without it the "
      .. "loss is counted to the run's start, and more often asked about" },
    ask_first = { type = "boolean", default = true,
      help = "ask also where no more is lost than the objective allows" },
    even_if_up = { type = "boolean", default = false, help = "leave a primary that takes writes" },
    watch_for = { type = "duration", default = "1m", help = "how long it must stay well" },
  },
  locks = { "database/vera", "deploy/api" },

  run = function(params)
    local primary, replica, api = database("primary"), database("replica"), deploy("api")
    local server, page = deploy("primary-server"), http("api")
    local parts = { db = replica, redis = cache("redis"), photos = storage("photos") }

    local address = vera.address(secrets("vault"), "replica")
    if not params.even_if_up then ensure_down(primary) end
    local report = vera.begin_incident(notify("team"), "database-down",
      "The database is down; its replica takes over")
    local lost_s = failover.lost_s(replica, {
      outage_began = params.outage_began or run.started_at })
    local loss = tell_loss(lost_s, params.outage_began)
    approve("Promote the replica?", { role = "incident-commander",
      when = function()
        return params.ask_first or not lost_s or lost_s > duration("1m")
      end,
      detail = loss })

    local how = failover.fence(primary, { how = { "disconnect", "read_only" }, standby = replica,
      try_for = "20s", role = "incident-commander", stop = function() stop_server(server) end,
      start = function() server:start {} end })
    incident.note(report, "The old primary is fenced: " .. how)
    failover.promote(replica, { within = "2m" })

    -- Users now write to the replica: neither a failure nor an undo leads them away from it.
    keep("the replica is the primary")
    step("Lead the API to the new primary", { retries = 2, undo = false }, function()
      api:set_env { apply = "now", values = { DATABASE_URL = address } }
      api:wait_healthy { within = "3m" }
    end)
    page:wait_ok { path = "/health", json = { status = "ok" }, every = "1s", within = "2m" }
    vera.ask_parts(parts)
    vera.smoke(page)
    step("Note its url for releases that are gone back to", { undo = false }, function()
      secrets("vault"):put { name = new_primary.name,
        value = secrets("vault"):read { name = "replica-database-url" } }
    end)
    incident.tell(report, { state = "monitoring" })
    vera.watch(page, params.watch_for)
    incident.finish(report, { text = ("The replica is the primary. %s The old one was fenced %s: "
      .. "never start it again, and make a new replica."):format(loss, how) })
    return { fenced = how, lost_s = lost_s, timeline = report.timeline }
  end,

  ended = function(_, result) vera.tell_failed(notify("team"), "database-down", result) end,
}
