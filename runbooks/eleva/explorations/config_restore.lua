-- Putting the configuration back under every fault: it is as Git says, or as it was.
local care_world = require "care_world"

return explore {
  runbook = "config-restore",
  answers = { ["Put the configuration back?"] = "approve" },
  world = function()
    local w = care_world.open(world "production")
    w.deploy.app:set_env { values = { BOOKING_WINDOW_DAYS = "6" } }
    w.schedule.jobs:put { job = "keep-alive", cron = "0 0 * * *" }
    w:prepared()
    return w
  end,
  finally = {
    ["a done run is as Git says"] = function(w, run)
      if run.outcome ~= "done" then return true end
      local value = w.deploy.app:get_env { names = { "BOOKING_WINDOW_DAYS" } }.BOOKING_WINDOW_DAYS
      return value.value == "60" and w.schedule.jobs.jobs["keep-alive"].cron == "*/5 * * * *"
    end,
    ["what serves is the same version"] = function(w) return w.deploy.app.version == "bbbbbbb" end,
  },
}
