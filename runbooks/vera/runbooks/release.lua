-- A tag becomes what serves: API and site side by side, the migration, the proof; or all goes back.
local backup = require "patterns.backup"
local health = require "patterns.health"
local release = require "patterns.release"
local vera = require "vera"
local watch = require "patterns.watch"

-- Silence is no limit passed (nobody asks at night), but whoever measures must be heard of.
local function ensure_measured(datadog)
  ensure(not datadog:read { name = "p95", over = "1h" }.empty, "Datadog has no p95 of the last "
    .. "hour: nobody would see errors rise. Look at its agent first.")
end

-- What a push has put out before anybody agreed: the platforms' own triggers are to be off.
local function out_already(commit)
  local places = {}
  for _, name in ipairs { "api", "web" } do
    if deploy(name):status().version == commit then places[#places + 1] = name end
  end
  if #places == 0 then return "" end
  return (" It serves already at %s: released before, or by a push (then take the platform's own "
    .. "trigger away)."):format(table.concat(places, " and "))
end

-- Staging serves this very commit, and its smoke tests pass now, not some time ago.
local function ensure_staged(commit)
  step("See that staging was tested with it", function()
    local staged = deploy("staging"):status().version
    ensure(staged == commit, "Staging serves %s, not %s: let it be tested there first.",
      tostring(staged), commit)
    vera.smoke(http("staging"))
  end)
end

-- A release that is to go back within five minutes has no migration without a way back.
local function pending_with_way_back(db, folder)
  local pending = db:pending_migrations { folder = folder }
  local ids = {}
  for place, one in ipairs(pending) do
    ids[place] = one.id
    ensure(one.revertible, "The migration %s has no way back: give it a .down.sql.", one.id)
  end
  return ids
end

local function migrate(db, folder, ids)
  step("Migrate", { undo = function(done)
    -- Where its answer was lost, what is no longer pending was applied.
    local count = done and #done.applied or #ids - #db:pending_migrations { folder = folder }
    if count > 0 then db:revert_migrations { folder = folder, count = count } end
  end }, function() return db:migrate { folder = folder } end)
end

-- API and site, the migration, and the proof of all three: as one, so that it goes back as one.
local function release_all(db, ids, params)
  local api, web, page = deploy("api"), deploy("web"), http("api")
  step("Release it all", { on_failure = "undo" }, function()
    parallel {
      ["API"] = function()
        release.go(api, { version = params.commit, within = params.build_within,
          name = "Release the API" })
      end,
      ["Site"] = function()
        release.go(web, { version = params.commit, within = params.build_within,
          name = "Release the site", promote = true })
      end,
    }
    if #ids > 0 then migrate(db, params.folder, ids) end
    health.wait(vera.both(page, http("site")), { within = "100s", every = "2s" })
    vera.ask_parts { db = db, redis = cache("redis"), photos = storage("photos") }
    vera.smoke(page)
    watch.stay(metrics("datadog"), vera.limits, { during = params.watch_for, every = "15s",
      name = "no errors and no slow answers" })
  end)
end

-- What fails here is told, and no reason to take a good release back.
local function publish(tag)
  local missing = {}
  for _, program in ipairs { "changelog", "release-notes" } do
    local done, failure = try(step, "Publish: " .. program, function()
      process("ci"):run { program = program, environment = { RELEASE_TAG = tag } }
    end)
    if not done then missing[#missing + 1] = ("%s (%s)"):format(program, failure.message) end
  end
  return missing
end

return runbook {
  summary = "Release a tag: API and site, migration, proof; what is not proved goes back",
  objectives = { undo = "5m" },
  targets = {
    ["deploy/api"] = { "release" },
    ["deploy/web"] = { "release", "promote" },
    ["deploy/staging"] = {},
    ["database/primary"] = { "backup", "migrate", "revert_migrations" },
    ["storage/backups"] = { "put" },
    ["storage/photos"] = {},
    ["cache/redis"] = {},
    ["http/api"] = {},
    ["http/site"] = {},
    ["http/staging"] = {},
    ["metrics/datadog"] = {},
    ["metrics/sentry"] = { "record_deployment" },
    ["process/ci"] = { "run" },
    ["notify/team"] = { "send" },
  },
  parameters = {
    tag = { type = "string", pattern = "^v%d+%.%d+%.%d+$",
      help = "such as v1.0.1; without staged_first it may be missing" },
    commit = { type = "string", required = true, pattern = "^%x+$", min = 7, max = 40,
      help = "the commit that the tag names" },
    staged_first = { type = "boolean", default = true,
      help = "only what staging serves already; false in staging itself" },
    folder = { type = "string", default = "migrations", help = "where NNN_name.sql are" },
    build_within = { type = "duration", default = "15m", help = "how long building may take" },
    watch_for = { type = "duration", default = "2m", help = "how long errors are watched" },
    ask_first = { type = "boolean", default = true, help = "ask before production" },
  },
  locks = { "deploy/api", "database/vera" },
  on_failure = "stop",
  refuse = function(params)
    if params.staged_first and not params.tag then
      return "What was staged first is released by its tag: give tag, such as v1.0.1."
    end
  end,

  run = function(params)
    local db, team, sentry = database("primary"), notify("team"), metrics("sentry")
    local name = params.tag or params.commit
    step("Run tests, lint, types and the security scan", { timeout = "30m" }, function()
      process("ci"):run { program = "checks", environment = { CHECK_COMMIT = params.commit },
        timeout = "30m" }
    end)
    if params.staged_first then
      ensure_staged(params.commit)
      ensure_measured(metrics("datadog"))
    end
    local ids = pending_with_way_back(db, params.folder)
    local today = deploy("api"):status().version or "nothing"
    local out = out_already(params.commit)
    -- No longer than that: who waits here holds the locks that a recovery needs.
    approve("Release it?", { role = "release-manager", within = "30m", otherwise = "fail",
      when = function() return params.ask_first end,
      detail = ("%s (%s) in place of %s; migrations: %s.%s"):format(name, params.commit, today,
        #ids > 0 and table.concat(ids, ", ") or "none", out) })
    if #ids > 0 then
      backup.take(db, { to = storage("backups"), tables = vera.tables,
        key = date("db/before_migration_%Y%m%d_%H%M%S") })
    end

    try(function() sentry:record_deployment { version = name, state = "started" } end)
    local released, failure = try(release_all, db, ids, params)
    if not released then
      try(function() sentry:record_deployment { version = name, state = "rolled_back" } end)
      vera.tell(team, { severity = "critical", title = "Release taken back",
        text = ("%s did not prove itself, so %s serves again: %s Find out why before the next."):
          format(name, today, failure.message) })
      error(failure, 0)
    end
    keep("the release serves")

    try(function() sentry:record_deployment { version = name, state = "succeeded" } end)
    local missing = params.tag and publish(params.tag) or {}
    vera.tell(team, { severity = #missing > 0 and "warning" or "info", title = "Released",
      text = ("%s serves; it was %s.%s%s"):format(name, today, out, #missing > 0
        and " Not published: " .. table.concat(missing, "; ") or "") })
    return { tag = params.tag, before = today, migrated = ids, unpublished = #missing }
  end,

  -- A way back that fails ends the run before it can tell anybody.
  ended = function(params, result)
    if result.outcome == "done" then return end
    for _, left in ipairs(result.left or {}) do
      if left.step:find("Release it all", 1, true) == 1 then
        return vera.tell(notify("team"), { severity = "critical", title = "The way back failed",
          text = ("%s may serve, in part or whole: %s was not taken back. perilune status last")
            :format(params.tag or params.commit, left.what) })
      end
    end
  end,
}
