-- Failing over under every fault: never two that take writes, never a promotion without a fence.
local vera_world = require "vera_world"

return explore {
  runbook = "database-down",
  parameters = { watch_for = "10s" },
  answers = { ["Promote the replica?"] = "approve",
    ["Fence the old primary by hand"] = "switched off at railway.com" },
  world = function()
    local w = vera_world.open(world "production")
    w.database.primary:fail()
    return vera_world.without_others(w)
  end,
  always = {
    ["the replica takes writes only when the old primary's server is off or a person saw to it"] =
      function(w)
        return not w.database.replica.writable or w.deploy["primary-server"].instances_healthy == 0
          or #w.questions > 1
      end,
  },
  finally = {
    ["a done run has one that takes writes, and the API leads there"] = function(w, run)
      if run.outcome ~= "done" then return true end
      return #vera_world.writers(w) == 1 and w.database.replica.writable
        and vera_world.variable(w, "DATABASE_URL") ~= nil
    end,
  },
}
