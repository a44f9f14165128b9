-- The data are damaged: users away, back to just before the damage, proved, then users in again.
--
-- RDS restores into a new instance that takes the old one's name; the damaged one is kept.
local alarm = require "alarm"
local backup = require "patterns.backup"
local health = require "patterns.health"
local incident = require "patterns.incident"
local maintenance = require "patterns.maintenance"
local point_in_time = require "patterns.point_in_time"
local restore = require "patterns.restore"
local snapshots = require "snapshots"
local station = require "station"

-- The newest complete automated or manual snapshot; where `before` is given, of those that show a
-- moment before it.
local function snapshot_before(primary, before)
  local found = ensure(snapshots.newest(primary, { before = before }), "No complete snapshot shows "
    .. "a moment before the damage. Ask for the copies that are kept elsewhere.")
  return { backup = found.id, shows_at = found.at }
end

-- What is restored: { at or backup, shows_at }. Just before the damage where the log still goes
-- back so far, else the newest snapshot that has none of it.
local function choose(primary, params)
  if params.backup then
    local found = ensure(backup.find(primary, { id = params.backup }),
      "There is no complete backup %s.", params.backup)
    return { backup = found.id, shows_at = found.at }
  end
  if not params.bad_at then return snapshot_before(primary) end
  local window = primary:restore_window()
  local at = params.bad_at - params.margin
  if window and at >= window.from_at then
    at = point_in_time.moment(params.bad_at, { margin = params.margin, window = window })
    return { at = at, shows_at = at }
  end
  log("The log no longer goes back so far; a snapshot from before the damage is taken.")
  return snapshot_before(primary, at)
end

return runbook {
  summary = "Put the data back to just before the damage, prove them, and let users in again",
  objectives = { rto = "4h", rpo = "1h" },
  targets = {
    ["deploy/app"] = { "scale" },
    ["database/primary"] = { "restore" },
    ["database/primary-sql"] = {},
    ["database/standby"] = {},
    ["cache/redis"] = { "delete_matching" },
    ["http/site"] = {},
    ["notify/oncall"] = { "open", "update", "resolve" },
    ["notify/team"] = { "open", "update", "resolve" },
  },
  parameters = {
    bad_at = { type = "time", help = "when the damage was done; otherwise the newest snapshot" },
    backup = { type = "string", help = "this snapshot instead" },
    margin = { type = "duration", default = "1m", help = "how long before the damage" },
    least_orders = { type = "integer", default = 1, min = 0,
      help = "restored data with fewer orders are no good" },
    integrity = { type = "string", enum = { "full", "quick" }, default = "full",
      help = "full compares indexes with tables, and needs the extension amcheck" },
    cached = { type = "string", default = "cache:*", help = "the cache's keys that come from it" },
    watch_for = { type = "duration", default = "10m", help = "how long it must stay healthy" },
  },
  locks = { "deploy/app", "database/cleanstation" },
  refuse = function(params)
    if params.bad_at and params.backup then return "Give bad_at or backup, not both." end
  end,

  run = function(params)
    local app, primary, sql = deploy("app"), database("primary"), database("primary-sql")
    local page = http("site")

    ensure(function() return not params.bad_at or params.bad_at <= now() end,
      "bad_at has not come yet.")
    local report = alarm.begin_incident("database-corruption",
      "CleanStation's data are damaged; deciding what is put back")
    local chosen = step("Choose what to restore", function() return choose(primary, params) end)
    local loss = point_in_time.loss(chosen.shows_at, { rpo = "1h" })
    alarm.decide(report, "Restore the database?", { role = "incident-commander", detail = loss })
    incident.tell(report, { state = "identified", text = "Restoring the data of "
      .. date("%Y-%m-%d %H:%M UTC", chosen.shows_at) .. "." })

    local closed = maintenance.close(app, { how = "scale", slots = station.slots(app),
      within = "15m" })
    incident.note(report, "No task serves users")
    -- What is kept of the damaged data is for finding out what did it.
    restore.put_back(primary, { backup = chosen.backup, at = chosen.at, keep_previous = "30d",
      ready_within = "30m" })
    step("Wait until SQL is taken", function() sql:wait_ready { within = "15m" } end)
    local rows = restore.verify(sql, { counts = station.least(params.least_orders),
      queries = station.truths, integrity = params.integrity })
    incident.note(report, ("%d orders, %d checks and %d tasks are there"):format(rows.orders,
      rows.qc_checks, rows.assembly_tasks))
    step("Forget what was cached of the damaged data", { undo = false }, function()
      cache("redis"):delete_matching { pattern = params.cached, delete_at_most = 10000000 }
    end)

    manual("Lead readers to the restored data", { role = "incident-commander", evidence = "text",
      detail = "The application also reads database/readonly_url, and that read replica still "
        .. "follows the instance with the damaged data. Make it anew from the restored one under "
        .. "its name, or put the restored one's address into database/readonly_url; say which." })
    maintenance.open(closed)
    -- Users write again: a failure from here on must not close them out.
    keep("proved and open")
    health.wait(station.endpoints(page), { within = "10m", every = "5s" })
    station.functions(page)
    incident.tell(report, { state = "monitoring" })
    health.stay(station.endpoints(page), { during = params.watch_for, every = "10s" })
    -- Until that is done an outage of the region would lose everything since the restore.
    local standby = manual("Make a new standby in us-west-2", { role = "incident-commander",
      evidence = "text", detail = "The standby still follows the instance with the damaged data. "
        .. "Delete it, make a read replica of the restored one under its name, and say when it "
        .. "replicates.",
      verify = function()
        local told, lag = pcall(function() return database("standby"):lag() end)
        return told and lag.connected
      end })
    incident.finish(report, { text = ("Restored and healthy. Everything written after %s is lost.")
      :format(date("%Y-%m-%d %H:%M UTC", chosen.shows_at)) })
    return { rows = rows, shows_at = chosen.shows_at, standby = standby,
      timeline = report.timeline, post_mortem = incident.post_mortem(report, { rto = "4h",
        outage_began = params.bad_at }) }
  end,
}
