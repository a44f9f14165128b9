-- Back to the release before, API and site side by side; the database only where it must be.
local data = require "data"
local new_primary = require "new_primary"
local point_in_time = require "patterns.point_in_time"
local health = require "patterns.health"
local release = require "patterns.release"
local vera = require "vera"

return runbook {
  summary = "Roll API and site back, and the database only if it must be; verified",
  objectives = { rto = "5m" },
  targets = {
    ["deploy/api"] = { "rollback", "scale", "set_env" },
    ["deploy/web"] = { "rollback" },
    ["deploy/staging"] = { "scale" },
    ["database/primary"] = { "restore" },
    ["database/staging"] = { "clone", "restore", "execute" },
    ["secrets/vault"] = {},
    ["cache/redis"] = {},
    ["storage/photos"] = {},
    ["http/api"] = {},
    ["http/site"] = {},
    ["notify/team"] = { "send" },
  },
  parameters = {
    reason = { type = "string", required = true, help = "why; everybody is told" },
    backup = { type = "string", help = "the database too: this backup, tried on staging first" },
    least_users = { type = "integer", default = 1, min = 0,
      help = "restored data with fewer users is no good" },
    ask_first = { type = "boolean", default = true,
      help = "ask also where the database stays as it is" },
    watch_for = { type = "duration", default = "1m", help = "how long it must stay well" },
  },
  locks = { "deploy/api", "database/vera", "database/staging" },

  run = function(params)
    local api, web, page, team = deploy("api"), deploy("web"), http("api"), notify("team")
    local bad = { api = api:status().version, web = web:status().version }
    local before = api:previous_release()
    ensure(before and web:previous_release(),
      "There is no release before to go back to.")

    -- Before the code: a person may still say no, and nothing has changed.
    local chosen = params.backup and data.choose(params.backup, params.least_users)
    local tried = chosen and data.try_on_staging(chosen, params.least_users)
    local of_data = chosen and point_in_time.loss(chosen.shows_at, { rpo = "1d" })
      .. (" On staging it has %d users and %d photos."):format(tried.users, tried.photos)
    approve("Roll back?", { role = "incident-commander",
      when = function() return params.ask_first or chosen ~= nil end,
      detail = ("API %s and site %s go back. The database %s"):format(tostring(bad.api),
        tostring(bad.web), of_data and "too: " .. of_data or "stays as it is.") })

    local back = parallel {
      ["API"] = function()
        local found = release.back(api, { within = "4m" })
        new_primary.keep(api, before)
        return found
      end,
      ["Site"] = function() return release.back(web, { within = "4m" }) end,
    }
    local rows = chosen and data.put_back(chosen, params.least_users)
    health.wait(vera.both(page, http("site")), { within = "100s", every = "2s" })
    vera.ask_parts { db = database("primary"), redis = cache("redis"), photos = storage("photos") }
    vera.smoke(page)
    vera.watch(page, params.watch_for)

    vera.tell(team, { severity = "warning", title = "Rolled back",
      text = ("API %s to %s, site %s to %s, the database %s: %s"):format(tostring(bad.api),
        back["API"].version, tostring(bad.web), back["Site"].version,
        chosen and "to " .. chosen.backup or "as it was", params.reason) })
    return { from = bad, to = { api = back["API"].version, web = back["Site"].version },
      rows = rows }
  end,
}
