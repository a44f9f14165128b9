-- us-east-1 is gone: its standby in us-west-2 takes over, the application there, then the name.
--
-- The old primary is fenced before the standby is promoted, and users are led to us-west-2 only
-- when its data and its functions are proved.
local alarm = require "alarm"
local dns_move = require "patterns.dns_move"
local failover = require "patterns.failover"
local health = require "patterns.health"
local incident = require "patterns.incident"
local restore = require "patterns.restore"
local snapshots = require "snapshots"
local station = require "station"

-- The version is released while no task runs, so that no other one ever meets the new primary.
local function start_west(app, version, instances, within, check)
  return step("Start the application in us-west-2", { on_failure = "undo" }, function()
    local release = app:release { version = version }
    app:scale { instances = instances }
    app:wait_serving { release_id = release.release_id, within = within }
    app:wait_healthy { instances = instances, within = within }
    check()
    return release.version
  end)
end

return runbook {
  summary = "Serve from us-west-2: standby promoted, application started and proved, name moved",
  objectives = { rto = "4h", rpo = "1h" },
  targets = {
    ["deploy/app"] = { "scale" },
    ["deploy/app-west"] = { "scale", "release" },
    ["database/primary"] = { "fence", "unfence" },
    ["database/standby"] = { "promote", "restore" },
    ["database/standby-sql"] = {},
    ["cache/redis-west"] = {},
    ["storage/files-west"] = {},
    ["dns/torvan"] = { "batch" },
    ["http/site"] = {},
    ["http/site-west"] = {},
    ["notify/oncall"] = { "open", "update", "resolve" },
    ["notify/team"] = { "open", "update", "resolve" },
  },
  parameters = {
    outage_began = { type = "time", required = true, help = "when us-east-1 was last well" },
    record = { type = "string", required = true, pattern = "^[%w.-]+$",
      help = "the name that users know, in the zone of dns/torvan" },
    version = { type = "string", pattern = "^[%w][%w._-]*$",
      help = "the image's tag to serve; otherwise the one that us-west-2 has at rest" },
    source = { type = "string", enum = { "replica", "snapshot" }, default = "replica",
      help = "the standby's data as they are, or its newest snapshot from before the outage" },
    instances = { type = "integer", default = 3, min = 1, help = "how many tasks serve" },
    least_orders = { type = "integer", default = 1, min = 0,
      help = "data with fewer orders are no good" },
    fence_within = { type = "duration", default = "2m",
      help = "how long each way to fence the old primary may take" },
    watch_for = { type = "duration", default = "15m", help = "how long it must stay healthy" },
  },
  locks = { "deploy/app", "database/cleanstation", "dns/torvan" },
  refuse = function(params) return station.problem_of_tag(params.version) end,

  run = function(params)
    local app, west, zone = deploy("app"), deploy("app-west"), dns("torvan")
    local primary, standby, sql = database("primary"), database("standby"), database("standby-sql")
    local page, direct = http("site"), http("site-west")

    local report = alarm.begin_incident("regional-outage",
      "us-east-1 is out; deciding whether CleanStation moves to us-west-2")
    local version = params.version or west:status().version
    ensure(version, "us-west-2 has no version at rest: name one with version=TAG.")
    ensure(west:artifact { version = version }, ("us-west-2 has no image %s. Name one that was "
      .. "replicated there with version=TAG."):format(version))
    local chosen = params.source == "snapshot" and step("Choose the snapshot", function()
      return ensure(snapshots.newest(standby, { before = params.outage_began }), "The standby has "
        .. "no complete snapshot of that time. Use source=replica.")
    end) or nil
    local lost_s
    if chosen then lost_s = params.outage_began - chosen.at
    else lost_s = failover.lost_s(standby, { outage_began = params.outage_began }) end
    alarm.decide(report, "Fail over to us-west-2?", { role = "incident-commander",
      detail = station.loss(lost_s, "1h") })
    incident.tell(report, { state = "identified",
      text = "Failing over. " .. station.loss(lost_s, "1h") })

    incident.note(report, "The old application is off: " .. failover.stop_old(app, {
      name = "Stop the application in us-east-1", slots = station.slots(app), by = "by ECS",
      ask = "Make sure the application in us-east-1 is off", role = "incident-commander",
      standby = standby,
      detail = "Say how you know that no task of it runs, or that none reaches its database." }))
    incident.note(report, "The old primary is fenced: " .. failover.fence(primary,
      { how = { "network", "stop", "disconnect" }, try_for = params.fence_within,
        standby = standby, role = "incident-commander" }))
    step("Keep the application in us-west-2 off", function() west:scale { instances = 0 } end)
    failover.promote(standby, { within = "30m" })
    if chosen then restore.put_back(standby, { backup = chosen.id }) end
    local rows = restore.verify(sql, { counts = station.least(params.least_orders),
      queries = station.truths })

    step("Ask cache and files of us-west-2", { retries = 3 }, function()
      ensure(cache("redis-west"):status().reachable, "The cache of us-west-2 does not answer.")
      storage("files-west"):list { limit = 1 }
    end)
    local serving = start_west(west, version, params.instances, "20m", function()
      health.wait(station.endpoints(direct), { within = "5m" })
      station.functions(direct)
    end)

    -- From here on users write to the new primary: a failure no longer takes it away from them.
    keep("proved in us-west-2")
    local host = west:endpoint()
    dns_move.move(zone, { { name = params.record, type = "CNAME", value = host .. "." } },
      { ttl = "1m", name = "Lead the name to us-west-2" })
    dns_move.watch(zone, { [params.record] = host }, { within = "15m" })
    health.wait(station.endpoints(page), { within = "15m", every = "5s",
      name = "the public name is healthy" })
    station.functions(page)
    incident.tell(report, { state = "monitoring" })
    health.stay(station.endpoints(page), { during = params.watch_for, every = "10s" })
    incident.finish(report, { text = ("Served from us-west-2, version %s. %s"):format(serving,
      station.loss(lost_s, "1h")) })
    return { rows = rows, version = serving, lost_s = lost_s, timeline = report.timeline,
      post_mortem = incident.post_mortem(report, { rto = "4h",
        outage_began = params.outage_began }) }
  end,
}
