-- Scales the application by the team's rules, one instance at a time. Cron starts it.
local scaling = require "patterns.scaling"

local rules = {
  up = {
    { name = "cpu", above = 70, lasting = "5m" },
    { name = "memory", above = 80, lasting = "5m" },
    { name = "p95", above = 2, lasting = "5m" },
    { name = "pool", above = 80, lasting = "5m" },
  },
  down = {
    { name = "cpu", below = 30, lasting = "10m" },
    { name = "memory", below = 40, lasting = "10m" },
  },
  least = 1, most = 3,
}

return runbook {
  summary = "Scale the application between 1 and 3 instances by load",
  targets = {
    ["deploy/app"] = { "scale" },
    ["metrics/app"] = {},
    ["cache/redis"] = { "set" },
    ["notify/team"] = { "send" },
  },
  locks = { "deploy/app" },
  on_failure = "stop",

  run = function()
    local app, team = deploy("app"), notify("team")
    -- A recovery has closed it, or left it for good; only a person opens it again.
    if app:status().instances == 0 then
      log("It is closed; nothing is scaled.")
      return { before = 0, instances = 0, why = "it is closed" }
    end
    local holding, unknown = scaling.look(metrics("app"), rules)
    for _, name in ipairs(unknown) do
      log(("%s has no samples: its rule is left out."):format(name))
    end
    local done = scaling.apply(app, { rules = rules, holding = holding, marker = cache("redis"),
      marker_key = "perilune:app:scaled", cool_down = "5m", within = "5m" })
    log(("%d instances: %s."):format(done.instances, done.why))
    if done.instances ~= done.before then
      team:send { title = "Scaled", text = ("From %d to %d instances: %s."):format(done.before,
        done.instances, done.why) }
    end
    return done
  end,
}
