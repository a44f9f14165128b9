-- A rolling release into what serves: a new task definition, stable, proved, or taken back.
local blue_green = require "patterns.blue_green"
local health = require "patterns.health"
local release = require "patterns.release"
local station = require "station"

local known = { staging = true, production = true }

return runbook {
  summary = "Release an image's tag where it serves, and take it back where it is not healthy",
  targets = {
    ["deploy/slots"] = { "release" },
    ["http/site"] = {},
    ["notify/team"] = { "send" },
  },
  parameters = {
    version = { type = "string", required = true, pattern = "^[%w][%w._-]*$",
      help = "the image's tag" },
    ask_first = { type = "boolean", default = true, help = "ask before it is released" },
    within = { type = "duration", default = "20m", help = "how long until it is stable" },
  },
  locks = { "deploy/app" },
  on_failure = "stop",
  refuse = function(params)
    if not known[run.environment] then
      return ("deploy releases to staging and production, not to %s."):format(run.environment)
    end
    return station.problem_of_tag(params.version)
  end,

  run = function(params)
    local app, page = deploy("slots"), http("site")
    ensure(app:artifact { version = params.version }, ("There is no image %s in ECR. Push it, then "
      .. "start again."):format(params.version))
    local slot = blue_green.slots(app)
    local today = app:status({ slot = slot }).version or "nothing"
    -- A push starts it at any hour, and while it waits nothing else gets its locks.
    approve("Release it?", { role = "release-manager", within = "1h", otherwise = "fail",
      when = function() return params.ask_first end,
      detail = ("%s goes from %s to %s."):format(run.environment, today, params.version) })

    release.go(app, { version = params.version, slot = slot, within = params.within,
      message = "perilune " .. run.id, check = function()
        health.wait(station.endpoints(page), { within = "5m", every = "5s" })
        station.functions(page)
      end })
    notify("team"):send { title = "Released", text = ("%s serves in %s; it was %s."):format(
      params.version, run.environment, today) }
    return { version = params.version, before = today, slot = slot }
  end,

  -- Also where taking it back failed: then what did not prove itself still serves.
  ended = function(params, result)
    if result.outcome == "done" then return end
    notify("team"):send { severity = "critical", title = "Not released",
      text = ("%s is not proved in %s, where %s: %s"):format(params.version, run.environment,
        station.serving(deploy("slots")), tostring(result.reason)) }
  end,
}
