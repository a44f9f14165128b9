-- The new version in the free slot, proved there, migrations, then the traffic in one move.
--
-- The slot that served stays as it was until the new one has held for the time that connections
-- drain in; only then is it updated too.
local blue_green = require "patterns.blue_green"
local health = require "patterns.health"
local release = require "patterns.release"
local snapshots = require "snapshots"
local station = require "station"
local watch = require "patterns.watch"

-- Users are well off: the page answers, and few requests fail.
local function is_well(page, numbers)
  local problem = health.problem(health.look(station.endpoints(page)))
  local limits = { { name = "errors", over = "5m", above = 5, empty = "passes" } }
  local passed = watch.problems(numbers, limits)
  if problem or #passed > 0 then log("Not well: " .. (problem or table.concat(passed, "; "))) end
  return problem == nil and #passed == 0
end

local function migrate(sql, pending, folder)
  if #pending == 0 then return {} end
  return step("Migrate the database", { undo = false, timeout = "1h" }, function()
    return sql:migrate { folder = folder }.applied
  end)
end

-- Which migrations were applied, for who is told how it ended: they stay, whatever becomes of it.
local applied = {}

return runbook {
  summary = "Release beside what serves, migrate, move the traffic, and bring it back on failure",
  targets = {
    ["deploy/slots"] = { "release", "scale", "shift_traffic" },
    ["database/snapshots"] = { "snapshot" },
    ["database/primary-sql"] = { "migrate" },
    ["http/blue"] = {},
    ["http/green"] = {},
    ["http/site"] = {},
    ["metrics/app"] = {},
    ["notify/team"] = { "send" },
  },
  parameters = {
    version = { type = "string", required = true, pattern = "^[%w][%w._-]*$",
      help = "the image's tag" },
    folder = { type = "string", default = "migrations", help = "where NNN_name.sql are" },
    major = { type = "boolean", default = false, help = "keep a snapshot of the database first" },
    ask_first = { type = "boolean", default = true, help = "ask before anything is released" },
    drain = { type = "duration", default = "300s", help = "how long both are watched" },
    update_old = { type = "boolean", default = true,
      help = "release to the other slot too, once the new one has held" },
  },
  locks = { "deploy/app", "database/cleanstation" },
  on_failure = "undo",
  refuse = function(params) return station.problem_of_tag(params.version) end,

  run = function(params)
    local app, sql, page = deploy("slots"), database("primary-sql"), http("site")
    local numbers, team = metrics("app"), notify("team")
    ensure(app:artifact { version = params.version }, ("There is no image %s in ECR. Push it, then "
      .. "start again."):format(params.version))
    local live, free = blue_green.slots(app)
    local now_serving = app:status { slot = live }
    local pending = sql:pending_migrations { folder = params.folder }
    -- A push starts it at any hour, and while it waits nothing else gets its locks.
    approve("Release it?", { role = "release-manager", within = "1h", otherwise = "fail",
      when = function() return params.ask_first end,
      detail = ("%s: %s goes from %s to %s by way of %s, with %d migrations."):format(
        run.environment, live, now_serving.version or "nothing", params.version, free, #pending) })
    local snapshot = {}
    if params.major then
      snapshot = snapshots.take(database("snapshots"),
        ("before-%s-%s"):format(params.version, date("%Y%m%d-%H%M")))
    end

    step("Give the free slot as many tasks", function()
      app:scale { slot = free, instances = now_serving.instances }
    end)
    blue_green.prepare(app, { slot = free, version = params.version, within = "20m",
      check = function()
        health.wait(station.endpoints(http(free)), { within = "5m" })
        station.functions(http(free))
      end })
    applied = migrate(sql, pending, params.folder)
    -- What serves must be well with the new tables too, or there would be no way back.
    step("See both versions well with the database", { retries = 2 }, function()
      health.ensure(station.endpoints(page))
      health.ensure(station.endpoints(http(free)))
    end)
    blue_green.switch(app, { to = free, watch = params.drain,
      healthy = function() return is_well(page, numbers) end })
    -- Until the other slot has it too, any failure leads users back to that one.
    local updated
    if params.update_old then
      updated = release.go(app, { slot = live, version = params.version, within = "20m",
        name = "Update the slot that served before" }).previous_release_id
    end
    keep(params.version .. " serves")
    team:send { title = "Released", text = ("%s serves from %s; %s before. Migrations: %d."):format(
      params.version, free, now_serving.version or "nothing", #pending) }
    return { version = params.version, before = now_serving.version, slot = free,
      applied = applied, snapshot = snapshot.id, way_back = updated }
  end,

  ended = function(params, result)
    if result.outcome == "done" then return end
    notify("team"):send { severity = "critical", title = "Not released everywhere",
      text = ("%s of %s; %s. Migrations that stay: %s. %s"):format(result.outcome, params.version,
        station.serving(deploy("slots")), #applied > 0 and table.concat(applied, ", ") or "none",
        tostring(result.reason)) }
  end,
}
