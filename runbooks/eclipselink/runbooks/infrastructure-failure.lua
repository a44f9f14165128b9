-- Railway or Supabase is gone: everything from the backup project, then the names lead there.
--
-- Its database is restored before the application there runs, and the names move last: users
-- never reach something that is not proved.
local backup = require "patterns.backup"
local clinic = require "clinic"
local known = require "clinic_secrets"
local dns_move = require "patterns.dns_move"
local failover = require "patterns.failover"
local health = require "patterns.health"
local incident = require "patterns.incident"
local point_in_time = require "patterns.point_in_time"
local release = require "patterns.release"
local restore = require "patterns.restore"

-- Until the backup project is proved, an undo gives the old application its instances back; then
-- never again, or both would take what users write. Returns how it was stopped.
local function leave(app, within, is_proved)
  local asked, before = try(function() return app:status() end)
  return failover.stop_old(app, { by = "by Railway", try_for = within,
    detail = "Stop the service at railway.com, or revoke its database password at Supabase, and "
      .. "say which you did.",
    undo = function()
      if is_proved() then return log("The old application stays off: the new one has users.") end
      app:scale { instances = math.max(1, asked and before.instances or 1) }
    end })
end

return runbook {
  summary = "Serve from the backup project, with the newest dump, and move DNS there",
  objectives = { rto = "4h", rpo = "24h" },
  targets = {
    ["deploy/app"] = { "scale" },
    ["deploy/app-backup"] = { "scale", "set_env", "release" },
    ["deploy/staging"] = {},
    ["database/clinic-backup"] = { "restore" },
    ["dns/clinic"] = { "set_ttl", "batch" },
    ["http/app"] = {},
    ["http/app-backup"] = {},
    ["cache/redis"] = {},
    ["storage/audio"] = {},
    ["storage/backups"] = {},
    ["secrets/vault"] = {},
    ["notify/team"] = { "open", "update", "resolve", "send" },
  },
  parameters = {
    version = { type = "string", required = true, pattern = "^%x+$", min = 7, max = 40,
      help = "the commit to serve from the backup project" },
    least_handoffs = { type = "integer", min = 0,
      help = "a dump with fewer hand-offs is no good; its note counts them too" },
    database_secret = { type = "string", required = true,
      help = "the name of the secret with the backup database's URL" },
    audio_host = { type = "string", required = true, help = "where the audio files are" },
    root = { type = "string", required = true, help = "what www leads to" },
    proxied = { type = "boolean", default = true,
      help = "Cloudflare's proxy stands in front; other providers have none" },
    stop_within = { type = "duration", default = "1m",
      help = "how long Railway may take to answer before a person is asked" },
    watch_for = { type = "duration", default = "15m", help = "how long it must stay healthy" },
  },
  locks = { "deploy/app", "database/clinic", "dns/clinic" },

  run = function(params)
    local app, standby, zone = deploy("app"), deploy("app-backup"), dns("clinic")
    local db, page, direct = database("clinic-backup"), http("app"), http("app-backup")
    local parts = { page = direct, db = db, redis = cache("redis"), audio = storage("audio") }
    -- Where names will lead is known before anything is changed: people see it before they approve.
    local records = clinic.records(standby:endpoint(), deploy("staging"):endpoint(), params)

    local report = clinic.begin_incident(notify("team"), "infrastructure-failure",
      "The infrastructure has failed; we move to the backup project")
    local good = step("Find the newest good dump", function()
      return backup.newest_good(db, { counts = clinic.least(params.least_handoffs or 1) })
    end)
    local counts = clinic.counts(backup.note(storage("backups"), good.key or good.id),
      params.least_handoffs, function() return ("The dump %s has no note."):format(good.id) end)
    approve("Move to the backup project?", { role = "incident-commander",
      detail = point_in_time.loss(good.at, { rpo = "24h" }) })
    local proved = false
    local stopped = leave(app, params.stop_within, function() return proved end)
    incident.note(report, "The old application is off: " .. stopped)

    step("Keep the backup application off", function() standby:scale { instances = 0 } end)
    restore.put_back(db, { backup = good.id })
    local rows = restore.verify(db, { counts = counts, queries = clinic.truths })
    incident.tell(report, { state = "identified",
      text = ("%d hand-offs are restored; the application is being released."):format(
        rows.handoffs) })

    -- The release before begins for a moment, on its own variables: nobody is led to it yet.
    step("Point the backup application at the restored database", function()
      local values = known.everywhere(secrets("vault"))
      values[known.database_variable] = secret(params.database_secret)
      standby:set_env { values = values }
      standby:scale { instances = 1 }
    end)
    release.go(standby, { version = params.version, within = "20m",
      name = "Release to the backup project", check = function()
        clinic.wait_healthy(parts, "100s")
        clinic.smoke(direct)
      end })

    -- From here on users write to the new database: a failure no longer takes it away from them.
    keep("proved in the backup project")
    proved = true
    dns_move.move(zone, records, { ttl = "5m", name = "Move the six names" })
    -- Proxied names resolve to Cloudflare, so the service itself says where they lead.
    health.wait(clinic.endpoints(page), { within = "15m", every = "5s",
      name = "the public name is healthy" })
    clinic.smoke(page)
    incident.tell(report, { state = "monitoring" })
    health.stay(clinic.endpoints(page), { during = params.watch_for, every = "10s" })
    incident.finish(report, { text = "Served from the backup project, with the data of "
      .. date("%Y-%m-%d %H:%M UTC", good.at) })
    return { rows = rows, dump = good.id, stopped = stopped, timeline = report.timeline,
      post_mortem = incident.post_mortem(report, { rto = "4h" }) }
  end,

  ended = function(_, result)
    if result.outcome == "done" then return end
    notify("team"):send { severity = "critical", title = "The move was not finished",
      text = ("It is %s, and the incident is still open. See what serves; what was stopped by hand "
        .. "is started by hand. %s"):format(result.outcome, tostring(result.reason)) }
  end,
}
