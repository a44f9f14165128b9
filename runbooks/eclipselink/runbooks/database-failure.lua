-- The database is lost or damaged: the newest backup, a chosen one, or a moment; then proof.
--
-- Supabase restores in place. Our own dumps (source=dump) are for the day on which it cannot.
local assume = require "patterns.assume"
local backup = require "patterns.backup"
local clinic = require "clinic"
local health = require "patterns.health"
local incident = require "patterns.incident"
local maintenance = require "patterns.maintenance"
local point_in_time = require "patterns.point_in_time"
local restore = require "patterns.restore"

-- Shows a log's newest lines that have one of the words; a log that is silent stops nothing.
local function show_log(name, words, read)
  local told, found = try(read)
  if not told then return log(("%s cannot be read: %s"):format(name, found.message)) end
  local bad = {}
  local is_silent = assume.holds(function()
    for _, line in ipairs(found.lines) do
      for _, word in ipairs(words) do
        if line.text:find(word, 1, true) then
          bad[#bad + 1] = line.text
          break
        end
      end
    end
    return #bad == 0
  end, "%s speaks of the failure.", name)
  if is_silent then return end
  for place = math.max(1, #bad - 19), #bad do log(("%s: %s"):format(name, bad[place])) end
end

-- What is known of the failure: neither a dead database nor a silent log stops its recovery.
local function look(db, platform, app)
  local asked, status = try(function() return db:status() end)
  log(asked and ("The database answers; writable: %s."):format(tostring(status.writable))
    or "The database does not answer: " .. status.message)
  local told, project = try(function() return platform:status() end)
  log(told and ("Supabase shows it as %s."):format(project.reachable and "well" or "not well")
    or "Supabase does not say: " .. project.message)
  local since = now() - duration("15m")
  -- Supabase keeps it, and has it while the database is down.
  show_log("The database's log", { "ERROR", "FATAL", "PANIC" }, function()
    return platform:logs { since = since }
  end)
  show_log("The application's log", { "database" }, function()
    return app:logs { since = since, contains = "database" }
  end)
end

-- What the newest dump had, in words: Supabase's backups tell nobody how many rows they have.
local function hint_of(db, store)
  local told, text = try(function()
    local newest = backup.find(db, { kind = "dump" })
    local note = newest and backup.note(store, newest.key or newest.id)
    return note and ("The dump of %s has %d."):format(date("%Y-%m-%d %H:%M UTC", newest.at),
      note.rows.handoffs.min)
  end)
  return told and text or "No dump tells how many there were."
end

-- What would be restored: { backup or at, shows_at, note }.
local function choose(db, platform, store, params)
  if params.bad_at and params.source == "platform" then
    local at = point_in_time.moment(params.bad_at, { margin = params.margin,
      window = platform:restore_window() })
    return { at = at, shows_at = at }
  end
  if params.source == "dump" then
    local good = backup.newest_good(db, { before = params.bad_at,
      counts = clinic.least(params.least_handoffs or 1) })
    return { backup = good.id, shows_at = good.at,
      note = backup.note(store, good.key or good.id) }
  end
  local found = ensure(backup.find(platform, { id = params.backup }),
    "Supabase has no such backup. Try source=dump.")
  return { backup = found.id, shows_at = found.at }
end

return runbook {
  summary = "Restore the database, prove its data, and resume the application",
  objectives = { rto = "4h", rpo = "24h" },
  targets = {
    ["database/clinic"] = { "restore" },
    ["database/platform"] = { "restore" },
    ["deploy/app"] = { "scale" },
    ["http/app"] = {},
    ["cache/redis"] = {},
    ["storage/audio"] = {},
    ["storage/backups"] = {},
    ["notify/team"] = { "open", "update", "resolve" },
  },
  parameters = {
    source = { type = "string", enum = { "platform", "dump" }, default = "platform",
      help = "Supabase's own backups, or our dumps" },
    backup = { type = "string", help = "this backup of Supabase's instead of the newest" },
    bad_at = { type = "time", help = "when the damage was done: back to just before it" },
    margin = { type = "duration", default = "1m", help = "how long before the damage" },
    least_handoffs = { type = "integer", min = 0,
      help = "restored data with fewer hand-offs is no good; a dump's note counts them too" },
    watch_for = { type = "duration", default = "10m", help = "how long it must stay healthy" },
  },
  -- The application too: nobody else may start it while it is closed.
  locks = { "database/clinic", "deploy/app" },
  refuse = function(params)
    if params.backup and (params.bad_at or params.source == "dump") then
      return "Give a backup of Supabase's, or a moment, or source=dump: one of them."
    end
  end,

  run = function(params)
    local db, platform, app = database("clinic"), database("platform"), deploy("app")
    local page, store = http("app"), storage("backups")
    local parts = { page = page, db = db, redis = cache("redis"), audio = storage("audio") }

    look(db, platform, app)
    local report = clinic.begin_incident(notify("team"), "database-failure",
      "The database has failed; it is being restored")

    local chosen = step("Choose what to restore", function()
      return choose(db, platform, store, params)
    end)
    local counts = clinic.counts(chosen.note, params.least_handoffs, function()
      return hint_of(db, store)
    end)
    local loss = point_in_time.loss(chosen.shows_at, { rpo = "24h" })
    approve("Restore the database?", { role = "incident-commander", detail = loss })
    incident.tell(report, { state = "identified", text = "Restoring. " .. loss })

    -- Railway has no maintenance mode: no instance runs while the data is not proved.
    local closed = maintenance.close(app, { how = "scale" })
    restore.put_back(params.source == "dump" and db or platform,
      { backup = chosen.backup, at = chosen.at })
    step("Wait until it takes connections", function() db:wait_ready { within = "10m" } end)
    local rows = restore.verify(db, { counts = counts,
      queries = clinic.truths })
    log(("%d hand-offs and %d reports are back."):format(rows.handoffs, rows.sbar_reports))

    maintenance.open(closed)
    clinic.wait_healthy(parts, "5m")
    incident.tell(report, { state = "monitoring" })
    health.stay(clinic.endpoints(page), { during = params.watch_for, every = "10s" })
    incident.finish(report, { text = "Restored and healthy. " .. loss })
    return { rows = rows, shows_at = chosen.shows_at, timeline = report.timeline }
  end,
}
