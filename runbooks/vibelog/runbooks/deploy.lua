-- A commit becomes what serves: checklist, staging, migrations, production, half an hour's watch.
-- What does not prove itself is taken back.
local checklist = require "patterns.checklist"
local env_schema = require "env_schema"
local migration = require "migration"
local release = require "patterns.release"
local vibelog = require "vibelog"
local watch = require "patterns.watch"

local limits = {
  { name = "error-rate", above = 5, over = "5m", empty = "passes" },
  { name = "p95", above = 5, over = "10m", empty = "passes" },
}
local quotas = { { name = "openai-quota", above = 80, empty = "passes" },
  { name = "resend-quota", above = 80, empty = "passes" } }

-- What waited to be migrated, and what served before production was touched (nil: it was not):
-- for the last words of a run that fails.
local pending, served_before = {}, nil

local function none(problems)
  ensure(#problems == 0, table.concat(problems, "; "))
  return true
end

-- Everything is looked at before anything is changed.
local function before(app, ci, params)
  local numbers = metrics("app")
  local variables = app:get_env {}
  local points = {
    { name = "All tests have passed", check = function()
      ci:run { program = "checks", environment = { CHECK_COMMIT = params.version },
        timeout = "45m" }
    end },
    { name = "Variables fit their schema", check = function()
      return none(env_schema.problems(variables))
    end },
    { name = "Flags are those of " .. params.flags, check = function()
      return none(env_schema.flag_problems(variables, params.flags))
    end },
    { name = "Third parties have room left", check = function()
      return none(watch.problems(numbers, quotas))
    end },
    { name = "Nothing is wrong now", check = function()
      return none(watch.problems(numbers, limits))
    end },
  }
  if params.ask_first then
    points[#points + 1] = { name = "Alerts fit what is new", evidence = "text",
      role = "release-manager", ask = "Say which alerts were changed for this release, or none.",
      within = params.decide_within }
  end
  local result = checklist.go(points)
  log(checklist.show(result))
  checklist.ensure(result)
end

local function record(version, state)
  local recorded, failure = try(function()
    metrics("releases"):record_deployment { version = version, state = state }
  end)
  if not recorded then log("Sentry was not told: " .. failure.message) end
end

-- Tests in a browser change nothing, so a release that is taken back leaves them as they are.
local function try_in_browser(ci, url)
  step("Try it in a browser", { undo = false }, function()
    ci:run { program = "browser-smoke", timeout = "20m", environment = { SMOKE_URL = url } }
  end)
end

local function to_staging(ci, params)
  local staging = database("staging")
  if #staging:pending_migrations { folder = params.folder } > 0 then
    step("Migrate staging", { undo = false }, function()
      staging:migrate { folder = params.folder }
    end)
  end
  release.go(deploy("staging"), { version = params.version, within = params.build_within,
    name = "Release to staging", promote = true, check = function()
      vibelog.wait_healthy(http("staging"), "2m", { "openai" })
      vibelog.smoke(http("staging"), { "openai" })
      try_in_browser(ci, params.staging_url)
    end })
end

local function to_production(app, ci, params)
  return release.go(app, { version = params.version, within = params.build_within,
    name = "Release to production", promote = true, check = function()
      local page = http("site")
      vibelog.wait_healthy(page, "2m", { "openai" })
      vibelog.smoke(page, { "openai" })
      try_in_browser(ci, params.site_url)
      watch.stay(metrics("app"), limits, { during = params.watch_for, every = "30s",
        name = "errors stay rare and answers quick" })
    end })
end

-- After a failure nobody should have to find out what serves and what was migrated.
local function state_of(params)
  local app_asked, found = pcall(function() return deploy("web"):status() end)
  local serves = app_asked and found.version or nil
  local db_asked, left = pcall(function()
    return #database("main"):pending_migrations { folder = params.folder }
  end)
  local migrated = {}
  for place = 1, #pending - (db_asked and left or #pending) do
    migrated[place] = pending[place].id
  end
  return serves, (serves or "Nobody knows what") .. " serves." .. (#migrated > 0
    and " Migrated, and not taken back: " .. table.concat(migrated, ", ") .. "." or "")
end

return runbook {
  summary = "Release a commit: staging, migrations, production, watched for half an hour",
  targets = {
    ["process/ci"] = { "run" },
    ["deploy/staging"] = { "release", "promote" },
    ["deploy/web"] = { "release", "promote" },
    ["database/staging"] = { "migrate" },
    ["database/main"] = { "backup", "migrate" },
    ["storage/backups"] = { "put" },
    ["http/staging"] = {},
    ["http/site"] = {},
    ["metrics/app"] = {},
    ["metrics/releases"] = { "record_deployment" },
    ["notify/oncall"] = { "open", "resolve" },
    ["notify/status"] = { "send" },
    ["notify/team"] = { "send" },
  },
  parameters = {
    version = { type = "string", required = true, pattern = "^%x+$", min = 7, max = 40,
      help = "the commit to release" },
    folder = { type = "string", default = "migrations", help = "where migrations are" },
    flags = { type = "string", enum = { "development", "staging", "production" },
      default = "production", help = "the flags that the application must have" },
    site_url = { type = "string", default = "https://vibelog.io", help = "for a browser" },
    staging_url = { type = "string", default = "https://staging.vibelog.io",
      help = "the same for staging" },
    ask_first = { type = "boolean", default = true, help = "ask before production" },
    decide_within = { type = "duration", default = "30m",
      help = "a release that nobody decides on for so long is given up: recoveries wait for it" },
    build_within = { type = "duration", default = "15m", help = "how long a build may take" },
    watch_for = { type = "duration", default = "30m", help = "how long errors are watched" },
  },
  locks = { "deploy/web", "deploy/staging", "database/main" },
  on_failure = "stop",

  run = function(params)
    local app, ci = deploy("web"), process("ci")
    before(app, ci, params)
    to_staging(ci, params)
    keep("proved in staging")

    local today = app:status().version or "nothing"
    pending = database("main"):pending_migrations { folder = params.folder }
    approve("Release it?", { role = "release-manager",
      within = params.decide_within, otherwise = "fail",
      when = function() return params.ask_first end,
      detail = ("%s goes from %s to %s, with %d migrations before it."):format(run.environment,
        today, params.version, #pending) })
    -- The version that serves meets the new shape first, so a migration must fit both.
    if #pending > 0 then
      migration.apply(params, true)
      keep("migrated")
    end

    record(params.version, "started")
    served_before = today
    local released, failure = try(to_production, app, ci, params)
    record(params.version, released and "succeeded" or "failed")
    if not released then error(failure, 0) end
    vibelog.over(notify("oncall"), "deploy", params.version .. " serves, and has proved itself.")
    notify("status"):send { title = "VibeLog was updated",
      text = "A new version of VibeLog serves. Nothing was interrupted." }
    notify("team"):send { title = "Released",
      text = ("%s serves; it was %s."):format(params.version, today) }
    return { version = params.version, before = today, migrated = #pending }
  end,

  -- Also where nothing could be taken back: then the one on call must know what serves.
  ended = function(params, result)
    if result.outcome == "done" then return end
    local serves, state = state_of(params)
    local text = ("%s: %s\n%s"):format(params.version, tostring(result.reason), state)
    notify("team"):send { severity = "critical", title = "Not released", text = text }
    local stayed = serves == params.version and serves ~= served_before
    if served_before and (stayed or not serves) then
      notify("oncall"):open { key = "deploy", severity = "critical", detail = text,
        summary = "A release that has not proved itself was not taken back" }
    end
  end,
}
