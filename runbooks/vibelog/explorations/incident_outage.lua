-- A P0 under every fault: everybody who was told that it began is told that it is over.
local vibelog_world = require "vibelog_world"

return explore {
  runbook = "incident",
  parameters = { class = "P0", service = "VibeLog" },
  answers = { ["Who takes it now?"] = "kim", ["What is the cause?"] = "the disk is full",
    ["What has mended it?"] = "a bigger disk" },
  world = function()
    local w = vibelog_world.open(world "production")
    w.notify.oncall:acknowledges_after { after = "2m", by = "sam" }
    w:prepared()
    return w
  end,
  finally = {
    ["no incident of a done run is open anywhere"] = function(w, run)
      if run.outcome ~= "done" then return true end
      for _, name in ipairs { "oncall", "team", "leadership", "status", "customers" } do
        for _, one in ipairs(w.notify[name].open) do
          if not one.acknowledged_by then return false end
        end
      end
      return true
    end,
  },
}
