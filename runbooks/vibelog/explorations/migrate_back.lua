-- Reverting under every fault: never without a backup. In staging, where one approval is enough:
-- that two are needed in production is tried by tests, since an exploration has one answer.
local vibelog_world = require "vibelog_world"

return explore {
  runbook = "migrate",
  parameters = { direction = "revert", reason = "it locks the table" },
  who = "cto",
  answers = { ["Revert migrations?"] = { decision = "approve", by = "tech-lead" } },
  world = function() return vibelog_world.open(vibelog_world.migrated(world, "staging")) end,
  without = { ["no change is repeated without leave"] = true },
  always = {
    ["nothing is reverted before there is a backup"] = function(w)
      return w:times "database/main:revert_migrations" == 0
        or #w.database.main:list_backups {} > 0
    end,
  },
  finally = {
    ["a done run has reverted"] = function(w, run)
      return run.outcome ~= "done" or w:times "database/main:revert_migrations" > 0
    end,
  },
}
