-- The datacenter is gone: database, photos, API from the other region, then the name leads there.
--
-- The site is Vercel's, which has no datacenter of ours; it goes on and finds the API by its name.
local backup = require "patterns.backup"
local dns_move = require "patterns.dns_move"
local failover = require "patterns.failover"
local health = require "patterns.health"
local incident = require "patterns.incident"
local point_in_time = require "patterns.point_in_time"
local release = require "patterns.release"
local restore = require "patterns.restore"
local vera = require "vera"

-- Both are proved before anything runs on them.
local function bring_data(db, copies, good, least)
  return parallel {
    ["Database"] = function()
      restore.put_back(db, { backup = good.id, within = "45m" })
      return restore.verify(db, { counts = vera.least(least), queries = vera.truths })
    end,
    ["Photos"] = function()
      local usage = copies:usage { prefix = "photos/" }
      ensure(usage.objects > 0, "There is no copy of any photo in the other region.")
      return usage
    end,
  }
end

-- A proxied name has the TTL that Cloudflare gives it, and resolves to Cloudflare: where it leads
-- only the API itself can tell then.
local function lead_there(zone, leads_to)
  local record = zone:get { name = "api", type = "CNAME" }
  local proxied = record and record.proxied
  dns_move.move(zone, { { name = "api", type = "CNAME", value = leads_to .. ".",
    proxied = proxied } }, { ttl = proxied and "5m" or "1m", name = "Lead the API's name there" })
  if not proxied then dns_move.watch(zone, { api = leads_to }, { within = "10m" }) end
end

return runbook {
  summary = "Serve the API from the other region, with the newest dump and the photos' copies",
  objectives = { rto = "1h", rpo = "1d" },
  targets = {
    ["deploy/api"] = { "scale" },
    ["deploy/api-elsewhere"] = { "scale", "set_env", "release" },
    ["database/elsewhere"] = { "restore" },
    ["storage/copies"] = {},
    ["secrets/vault"] = {},
    ["dns/site"] = { "batch", "set_ttl" },
    ["http/api"] = {},
    ["http/api-elsewhere"] = {},
    ["cache/redis-elsewhere"] = {},
    ["notify/team"] = { "open", "update", "resolve" },
  },
  parameters = {
    version = { type = "string", required = true, pattern = "^%x+$", min = 7, max = 40,
      help = "the commit to serve from the other region" },
    least_users = { type = "integer", default = 1, min = 0,
      help = "a dump with fewer users is no good" },
    photos_bucket = { type = "string", default = "vera-photos-copies",
      help = "where the photos' copies are" },
    photos_region = { type = "string", default = "eu-central-1", help = "and in which region" },
    watch_for = { type = "duration", default = "10m", help = "how long it must stay well" },
  },
  locks = { "deploy/api", "database/vera", "dns/site" },

  run = function(params)
    local api, elsewhere, zone = deploy("api"), deploy("api-elsewhere"), dns("site")
    local db, page, direct = database("elsewhere"), http("api"), http("api-elsewhere")

    local address = vera.address(secrets("vault"), "elsewhere")
    local report = vera.begin_incident(notify("team"), "datacenter-outage",
      "The datacenter is gone; we move to the other region")
    local good = step("Find the newest good dump", { timeout = "30m" }, function()
      return backup.newest_good(db, { counts = vera.least(params.least_users) })
    end)
    approve("Move to the other region?", { role = "incident-commander",
      detail = "From the newest good dump. " .. point_in_time.loss(good.at, { rpo = "1d" }) })
    local stopped = failover.stop_old(api, { name = "Stop the old API", try_for = "30s",
      by = "by Railway", ask = "Make sure the old API is off", role = "incident-commander",
      detail = "Stop the service at railway.com, or revoke its database password, and say which "
        .. "you did." })
    incident.note(report, "The old API is off: " .. stopped)

    step("Keep the API there off", function() elsewhere:scale { instances = 0 } end)
    local data = bring_data(db, storage("copies"), good, params.least_users)
    incident.tell(report, { state = "identified",
      text = ("%d users and %d photos are there; the API is being released."):format(
        data["Database"].users, data["Photos"].objects) })

    -- Its release before begins for a moment, on its new variables: nobody is led to it yet.
    step("Point the API at the data there", function()
      elsewhere:set_env { values = {
        DATABASE_URL = address,
        S3_BUCKET = params.photos_bucket, AWS_REGION = params.photos_region } }
      elsewhere:scale { instances = 2 }
    end)
    release.go(elsewhere, { version = params.version, within = "15m",
      name = "Release to the other region", check = function()
        health.wait(vera.api(direct), { within = "2m" })
        vera.smoke(direct)
      end })

    -- Users now write to the database there: a failure no longer takes it away from them.
    keep("proved in the other region")
    lead_there(zone, elsewhere:endpoint())
    health.wait(vera.api(page), { within = "10m", every = "2s", name = "the public name is well" })
    vera.smoke(page)
    vera.ask_parts { db = db, redis = cache("redis-elsewhere"), photos = storage("copies") }
    incident.tell(report, { state = "monitoring" })
    vera.watch(page, params.watch_for)
    incident.finish(report, { text = ("Served from the other region, with the data of %s. The old "
      .. "API was stopped %s: keep it off."):format(date("%Y-%m-%d %H:%M UTC", good.at), stopped) })
    return { rows = data["Database"], photos = data["Photos"].objects, dump = good.id,
      stopped = stopped, post_mortem = incident.post_mortem(report, { rto = "1h" }) }
  end,
}
