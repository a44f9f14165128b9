-- Backups under every fault: what is called one can be read, and no copy is spoiled.
local vera_world = require "vera_world"

return explore {
  runbook = "backup",
  parameters = { kind = "full" },
  world = function()
    local w = vera_world.back_up(vera_world.open(world "production"), 1)
    w.storage.photos:put { key = "photos/13", body = "picture 13" }
    w:prepared()
    return w
  end,
  always = {
    ["copies stay good"] = function(w)
      return w.storage.copies.objects["photos/1"].body == "picture 1"
    end,
  },
  finally = {
    ["a done run has left a dump that can be read, and a copy of every photo"] = function(w, run)
      if run.outcome ~= "done" then return true end
      local newest = w.database.primary:list_backups {}[1]
      return w.storage.copies.objects["photos/13"] ~= nil
        and pcall(function() w.database.primary:verify_backup { backup = newest.id } end)
    end,
    ["the dump of the night before is still there"] = function(w)
      return #w.database.primary:list_backups {} >= 1
    end,
  },
}
