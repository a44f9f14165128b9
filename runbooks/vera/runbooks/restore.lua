-- Data to a file, or from a file, a backup or a moment: on staging first, then in production.
local data = require "data"
local incident = require "patterns.incident"
local point_in_time = require "patterns.point_in_time"
local sources = require "sources"
local vera = require "vera"

return runbook {
  summary = "Dump to a file, or restore from a file, a backup or a moment, tried on staging",
  objectives = { rto = "1h", rpo = "1d" },
  targets = {
    ["database/primary"] = { "backup", "restore" },
    ["database/staging"] = { "clone", "restore", "execute" },
    ["database/recovery"] = { "restore", "backup" },
    ["storage/backups"] = { "put" },
    ["storage/files"] = { "put" },
    ["deploy/api"] = { "scale" },
    ["deploy/staging"] = { "scale" },
    ["http/api"] = {},
    ["cache/redis"] = {},
    ["storage/photos"] = {},
    ["notify/team"] = { "open", "update", "resolve" },
  },
  parameters = {
    to = { type = "string", enum = { "production", "staging", "file" }, default = "production",
      help = "where to: staging only tries it, file dumps production" },
    file = { type = "string", help = "the file's name in storage/files" },
    backup = { type = "string", help = "this backup; without any the newest good one" },
    at = { type = "time", help = "this moment, of the last 7 days" },
    least_users = { type = "integer", default = 1, min = 0,
      help = "restored data with fewer users is no good" },
    watch_for = { type = "duration", default = "5m", help = "how long the API must stay well" },
  },
  -- While the API is closed nobody may open it: not scale, not api-down, not a release.
  locks = { "database/vera", "database/staging", "deploy/api" },
  refuse = function(params)
    local ways = (params.file and 1 or 0) + (params.backup and 1 or 0) + (params.at and 1 or 0)
    if params.to == "file" and (not params.file or ways > 1) then
      return "A dump to a file needs file, and no backup or at."
    end
    if ways > 1 then return "Give a file, a backup or a moment: one of them." end
  end,

  run = function(params)
    local primary, page = database("primary"), http("api")
    local parts = { db = primary, redis = cache("redis"), photos = storage("photos") }
    if params.to == "file" then return sources.to_file(params.file) end
    ensure(not params.at or params.at <= now(), "That moment has not been yet.")
    ensure(not params.at or now() - params.at <= duration("1d") * vera.days_of_moments,
      "A moment is kept for 7 days. Take a backup instead: perilune run restore backup=ID.")

    local chosen = params.file and sources.file(params.file)
      or params.at and sources.moment(params.at, params.least_users)
      or data.choose(params.backup, params.least_users)
    local tried = data.try_on_staging(chosen, params.least_users)
    if params.to == "staging" then return { rows = tried, shows_at = chosen.shows_at } end

    local report = vera.begin_incident(notify("team"), "restore",
      "The database is being restored")
    local loss = point_in_time.loss(chosen.shows_at, { rpo = "1d" })
    approve("Restore production?", { role = "incident-commander", detail = loss
      .. (" On staging it has %d users and %d photos."):format(tried.users, tried.photos) })
    local rows = data.put_back(chosen, params.least_users)
    page:wait_ok { path = "/health", json = { status = "ok" }, within = "5m" }
    vera.ask_parts(parts)
    incident.tell(report, { state = "monitoring" })
    vera.watch(page, params.watch_for)
    incident.finish(report, { text = "Restored and well. " .. loss })
    return { rows = rows, shows_at = chosen.shows_at, timeline = report.timeline }
  end,
}
