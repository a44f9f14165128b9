-- Copying uploads under every fault: no upload is lost, and silence means that all is well.
local vibelog_world = require "vibelog_world"

return explore {
  runbook = "fresh-copies",
  world = function()
    local w = vibelog_world.open(world "production")
    w.storage.uploads:put { key = "u1/one.webm", body = "one" }
    w:prepared()
    return w
  end,
  always = {
    ["uploads stay"] = function(w) return w.storage.uploads.objects["u1/one.webm"] ~= nil end,
  },
  finally = {
    ["it lies elsewhere, or somebody is called"] = function(w, run)
      return w.storage["uploads-copies"].objects["u1/one.webm"] ~= nil
        or w:times "notify/oncall:open" > 0
    end,
    ["a run that fails has called somebody"] = function(w, run)
      return run.outcome ~= "failed" or w:times "notify/oncall:open" > 0
    end,
  },
}
