-- The data is damaged: users away, back to just before the damage, proved, and users in again.
--
-- Supabase goes back in place. Our own dumps (source=dump) are for the day on which it cannot.
local backup = require "patterns.backup"
local incident = require "patterns.incident"
local maintenance = require "patterns.maintenance"
local point_in_time = require "patterns.point_in_time"
local restore = require "patterns.restore"
local vibelog = require "vibelog"

-- What would be restored: { backup or at, shows_at }.
local function choose(params)
  if params.source == "dump" then
    local good = backup.newest_good(database("main"), { before = params.bad_at,
      counts = vibelog.least(params.least_vibelogs) })
    return { backup = good.id, shows_at = good.at }
  end
  local window = ensure(database("platform"):restore_window(),
    "Supabase keeps no history to go back in. Take a dump (source=dump).")
  local at = point_in_time.moment(params.bad_at, { window = window, margin = params.margin })
  return { at = at, shows_at = at }
end

-- Both places write to the one database. The backup region is closed only where it runs; where
-- nobody can say whether it does, a person sees to it.
local function close_all()
  local backup = deploy("web-backup")
  local closed = {}
  closed.web = maintenance.close(deploy("web"), { how = "mode",
    message = "VibeLog is being repaired. Your recordings are kept on your device." })
  local asked, found = try(function() return backup:status() end)
  if not asked then
    manual("See that nobody uses the backup region", { role = "on-call", evidence = "text",
      detail = "It cannot be asked whether it runs: " .. found.message })
  elseif found.instances > 0 then
    closed.backup = maintenance.close(backup, { how = "scale" })
  end
  return closed
end

local function open_all(closed)
  maintenance.open(closed.backup)
  maintenance.open(closed.web)
end

-- Users are away while this is decided, so it must not be forgotten; whoever refuses lets them in.
local function decide(report, closed, loss)
  local decided, failure = try(incident.during, report, { every = "15m", audience = "team",
    state = "investigating", text = function()
      return "Users are kept away, and nobody has decided yet whether we go back."
    end }, function()
    approve("Go back?", { role = "incident-commander",
      detail = loss .. " Users are kept away now; if you refuse, they are let in again." })
  end)
  if decided then return end
  open_all(closed)
  incident.tell(report, { state = "investigating",
    text = "VibeLog is open again. Nothing was taken back." })
  error(failure, 0)
end

return runbook {
  summary = "Go back to just before the damage, prove the data, and let users in again",
  objectives = { rto = "4h", rpo = "15m" },
  targets = {
    ["database/main"] = { "restore" },
    ["database/platform"] = { "restore" },
    ["deploy/web"] = { "set_maintenance" },
    ["deploy/web-backup"] = { "scale" },
    ["http/site"] = {},
    ["notify/oncall"] = { "open", "update", "resolve" },
    ["notify/team"] = { "open", "update", "resolve" },
    ["notify/status"] = { "open", "update", "resolve", "set_component" },
  },
  parameters = {
    bad_at = { type = "time", required = true, help = "when the damage was done" },
    margin = { type = "duration", default = "1m", help = "how long before it to go back to" },
    source = { type = "string", enum = { "platform", "dump" }, default = "platform",
      help = "Supabase's history, or our dumps" },
    least_vibelogs = { type = "integer", default = 1, min = 0,
      help = "restored data with fewer vibelogs is no good" },
    watch_for = { type = "duration", default = "10m", help = "how long it must stay healthy" },
  },
  locks = { "database/main", "deploy/web" },

  run = function(params)
    ensure(function() return params.bad_at <= now() end,
      "The damage was done in the future; look at bad_at.")
    local db, page = database("main"), http("site")
    local report = incident.begin { key = "database-corruption", severity = "critical",
      summary = "VibeLog's data is damaged",
      channels = { { at = notify("oncall") }, { at = notify("team") },
        { at = notify("status"), audience = "customers", components = { "database" } } },
      templates = { ["customers.investigating"] = "We have found a fault in our data and look "
        .. "into it. Please do not delete recordings from your device." } }

    -- First of all: while users write, there is more to lose with every minute.
    local closed = close_all()
    local chosen = step("Choose what to go back to", function() return choose(params) end)
    local loss = point_in_time.loss(chosen.shows_at, { rpo = "15m" })
    decide(report, closed, loss)
    incident.tell(report, { state = "identified", text = "We are going back to before the damage. "
      .. loss })

    restore.put_back(params.source == "dump" and db or database("platform"),
      { backup = chosen.backup, at = chosen.at })
    step("Wait until it takes connections", function() db:wait_ready { within = "10m" } end)
    local rows = restore.verify(db, { counts = vibelog.least(params.least_vibelogs),
      queries = vibelog.truths })
    log(("%d vibelogs of %d users are there."):format(rows.vibelogs, rows.users))

    open_all(closed)
    vibelog.wait_healthy(page, "5m")
    incident.tell(report, { state = "monitoring" })
    vibelog.stay_healthy(page, params.watch_for)
    incident.finish(report, { text = "VibeLog is repaired and open again. " .. loss })
    return { rows = rows, shows_at = chosen.shows_at, timeline = report.timeline }
  end,
}
