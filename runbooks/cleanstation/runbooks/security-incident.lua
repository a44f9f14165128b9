-- Somebody is in: users and network away, evidence kept, every credential replaced, users back.
local alarm = require "alarm"
local evidence = require "evidence"
local health = require "patterns.health"
local incident = require "patterns.incident"
local maintenance = require "patterns.maintenance"
local new_credentials = require "new_credentials"
local options = require "patterns.options"
local station = require "station"

-- By its security groups where RDS can be told, else a person says how nobody gets in.
local function close_database(primary)
  return step("Close the database to the network", { undo = function() primary:unfence {} end },
    function()
      local problems = {}
      for _, how in ipairs { "network", "disconnect" } do
        local closed, failure = try(function() primary:fence { how = how } end)
        if closed then return how end
        problems[#problems + 1] = ("%s: %s"):format(how, failure.message)
      end
      manual("Close the database by hand", { role = "incident-commander", evidence = "text",
        detail = table.concat(problems, "\n") .. "\nTake its security groups away, and say so." })
      return "by hand"
    end)
end

local address = "^[%w.-]+:%d+/[%w_-]+$"

return runbook {
  summary = "Isolate CleanStation, keep the evidence, replace every credential, let users in again",
  objectives = { rto = "4h", rpo = "1h" },
  targets = {
    ["deploy/app"] = { "scale" },
    ["deploy/app-west"] = { "scale" },
    ["database/primary"] = { "fence", "unfence" },
    ["database/snapshots"] = { "snapshot" },
    ["database/primary-sql"] = { "set_password", "end_sessions", "execute" },
    ["cache/redis"] = { "flush_sessions" },
    ["cache/redis-west"] = {},
    ["storage/access-logs"] = {},
    ["storage/audit-trail"] = {},
    ["storage/evidence"] = { "set_versioning", "sync", "put" },
    ["secrets/parameters"] = { "put" },
    ["secrets/parameters-west"] = { "put" },
    ["secrets/managed"] = { "rotate" },
    ["secrets/maker"] = { "generate" },
    ["process/keys"] = {},
    ["http/site"] = {},
    ["notify/oncall"] = { "open", "update", "resolve" },
    ["notify/team"] = { "open", "update", "resolve" },
  },
  parameters = {
    found_at = { type = "time", required = true, help = "when somebody found it" },
    since = { type = "time", help = "from when on logs are kept; otherwise 30 days before" },
    access_logs = { type = "list", default = {},
      help = "folders of the load balancer's logs that have more by date; none: all of it" },
    audit_trail = { type = "list", default = {}, help = "the same of CloudTrail's" },
    database = { type = "string", required = true, pattern = address,
      help = "host:port/name of the database, for database/url" },
    reader = { type = "string", required = true, pattern = address,
      help = "the same of the read replica, for database/readonly_url" },
    database_west = { type = "string", required = true, pattern = address,
      help = "the same of the standby, for both in us-west-2" },
    roles = { type = "list", default = { "cleanstation_owner", "rdsadmin" },
      help = "who may sign in to the database besides the application's users" },
    certificate = { type = "boolean", default = true, help = "whether it has a certificate" },
    watch = { type = "boolean", default = true,
      help = "false in a drill that executes security-watch itself afterwards" },
  },
  locks = { "deploy/app", "database/cleanstation", "secrets/cleanstation" },

  run = function(params)
    local app, west, page = deploy("app"), deploy("app-west"), http("site")
    local primary, sql, maker = database("primary"), database("primary-sql"), secrets("maker")
    local stores = { east = secrets("parameters"), west = secrets("parameters-west") }

    local report = alarm.begin_incident("security-incident",
      "Somebody may be in CleanStation; deciding whether it is isolated")
    alarm.decide(report, "Isolate CleanStation?", { role = "incident-commander",
      detail = "Nobody can work with it until every credential is replaced." })
    local closed = maintenance.close(app, { how = "scale", slots = station.slots(app),
      within = "15m" })
    step("Keep the application in us-west-2 off", function() west:scale { instances = 0 } end)
    local how = close_database(primary)
    incident.tell(report, { state = "identified", text = "Isolated: no task runs, and the "
      .. "database is closed (" .. how .. "). Evidence is being kept." })

    local kept = evidence.collect { db = database("snapshots"), store = storage("evidence"),
      logs = {
        ["access logs"] = { at = storage("access-logs"), folders = params.access_logs },
        ["audit trail"] = { at = storage("audit-trail"), folders = params.audit_trail },
      },
      since = params.since or params.found_at - duration("30d"), found_at = params.found_at,
      folder = "incidents/" .. run.id, snapshot = "evidence-" .. run.id }
    incident.note(report, ("Evidence: %s, snapshot %s"):format(kept.listed, kept.snapshot))

    new_credentials.replace_made(stores, maker, params.found_at)
    -- No task runs: whoever comes in now has a password that is about to end.
    step("Let the application's network in again", { undo = function()
      if how ~= "by hand" then primary:fence { how = how } end
    end }, function()
      primary:unfence {}
      sql:wait_ready { within = "15m" }
    end)
    local strangers = new_credentials.shut_out(sql, params.roles)
    new_credentials.replace_users(stores, maker, sql, params)
    -- Behind what signs in with it: the owner's password is among these.
    local managed = new_credentials.rotate_managed(secrets("managed"), params.found_at)
    new_credentials.adopt_owner(sql)
    new_credentials.ask_people(stores, maker, process("keys"), params.found_at)
    manual("Replace the certificate", { role = "incident-commander", evidence = "text",
      when = function() return params.certificate end,
      detail = "Have a new certificate with a new key issued, put it into both load balancers, and "
        .. "have the old one revoked.",
      verify = function() return page:certificate().starts_at >= params.found_at end })
    ensure(function()
      local left = new_credentials.left_over(stores, params.found_at)
      if #left > 0 then
        options.fail("not_replaced", "These are as they were: " .. table.concat(left, ", ")
          .. ". Replace them, then retry.")
      end
      return true
    end, "Credentials are as they were.")
    step("Sign everybody out", { undo = false }, function() cache("redis"):flush_sessions {} end)

    -- Tasks read their parameters when they start, so those that start now have the new ones.
    keep("isolated, kept and replaced")
    maintenance.open(closed)
    health.wait(station.endpoints(page), { within = "10m", every = "5s" })
    station.functions(page)
    incident.tell(report, { state = "monitoring", text = "Users are back, with new credentials." })
    -- A run of its own: it takes days, and the locks of this one are those of every recovery.
    -- The incident is not over before it watches: only then are those told who must be.
    local watch = manual("Start security-watch", { role = "incident-commander", evidence = "text",
      when = function() return params.watch end,
      detail = ("It asks who must be told, and watches for a day:\nperilune run security-watch "
        .. "-e %s found_at=%s evidence=%s\nGive its run's id."):format(run.environment,
        date("%Y-%m-%dT%H:%M:%SZ", params.found_at), kept.listed),
      verify = function()
        return storage("evidence"):head { key = evidence.watch_key(params.found_at) } ~= nil
      end })
    local over = "Every credential was replaced, and users are back."
    if params.watch then over = over .. " Who is told, and what is watched: " .. watch end
    incident.finish(report, { text = over })
    return { evidence = kept, managed = managed, strangers = strangers, watch = watch,
      timeline = report.timeline, post_mortem = incident.post_mortem(report, { rto = "4h",
        outage_began = params.found_at }) }
  end,
}
