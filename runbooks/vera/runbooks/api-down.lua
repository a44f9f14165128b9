-- The API is down: its instances are started anew and watched; else the release before.
local health = require "patterns.health"
local incident = require "patterns.incident"
local new_primary = require "new_primary"
local release = require "patterns.release"
local vera = require "vera"

-- Starting it anew mends nothing while what it needs is down: that has a runbook of its own.
local function look(parts)
  local asked, problem = try(function() parts.db:query { sql = "select 1" } end)
  ensure(asked, "The API's database does not answer: start database-down instead. %s",
    problem and problem.message or "")
  local told, status = try(function() return parts.redis:status() end)
  if not (told and status.reachable) then log("Redis does not answer either.") end
end

-- An API that a recovery has closed is not down. Railway may count one that crashed as stopped too,
-- so a person can say that it is to serve.
local function ensure_open(instances, even_if_closed)
  ensure(instances > 0 or even_if_closed, "The API is to have no instance: a recovery has closed "
    .. "it, or it crashed for good. Where perilune status shows nobody at work and it was not left "
    .. "for another region, start it all the same: even_if_closed=true.")
end

return runbook {
  summary = "Start the API anew and watch it; where that is not enough, go back a release",
  objectives = { rto = "1m" },  -- It keeps nothing, so there is nothing to lose.
  targets = {
    ["deploy/api"] = { "redeploy", "rollback", "scale", "set_env" },
    ["http/api"] = {},
    ["database/primary"] = {},
    ["secrets/vault"] = {},
    ["cache/redis"] = {},
    ["storage/photos"] = {},
    ["notify/team"] = { "open", "update", "resolve", "send" },
  },
  parameters = {
    serves_within = { type = "duration", default = "45s",
      help = "how long it may take to serve again" },
    watch_for = { type = "duration", default = "5m", help = "how long it must stay well" },
    even_if_closed = { type = "boolean", default = false,
      help = "start an API that is to have no instance" },
    ask_first = { type = "boolean", default = true, help = "ask before going back a release" },
  },
  locks = { "deploy/api" },

  run = function(params)
    local api, page, team = deploy("api"), http("api"), notify("team")
    local parts = { db = database("primary"), redis = cache("redis"),
      photos = storage("photos") }
    -- Who waits here would hold the lock that the recovery of the database needs.
    local instances = step("See that what the API needs is there", { on_failure = "stop" },
      function()
        local found = api:status().instances
        ensure_open(found, params.even_if_closed)
        look(parts)
        return found
      end)
    local report = vera.begin_incident(team, "api-down", "The API is down; it is started anew")

    -- Read before: once it is started anew, the release before is the same version.
    local before = api:previous_release()
    local function serves()
      health.wait(vera.api(page), { within = params.serves_within, every = "1s",
        name = "the API serves again" })
    end
    local how = "started anew"
    local went, failure = try(step, "Start the API anew", { undo = false }, function()
      if instances > 0 then api:redeploy {} else api:scale { instances = 1 } end
      serves()
    end)
    if not went then
      incident.note(report, "Starting it anew was not enough: " .. failure.message)
      ensure(before, "There is no release before to go back to.")
      approve("Go back to the release before?", { role = "incident-commander",
        when = function() return params.ask_first end,
        detail = "It does not serve although it was started anew: " .. failure.message })
      release.back(api, { release_id = before.release_id, within = "2m" })
      new_primary.keep(api, before)
      serves()
      how = "rolled back"
    end

    vera.ask_parts(parts)
    incident.tell(report, { state = "monitoring", text = "The API serves again; it is watched." })
    vera.watch(page, params.watch_for)
    incident.finish(report, { text = ("The API was %s and stayed well."):format(how) })
    return { how = how, timeline = report.timeline }
  end,

  ended = function(_, result) vera.tell_failed(notify("team"), "api-down", result) end,
}
