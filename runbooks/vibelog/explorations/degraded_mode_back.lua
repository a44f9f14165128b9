-- Switching features on again under every fault: to what they were, and no banner stays.
local vibelog_world = require "vibelog_world"

return explore {
  runbook = "degraded-mode",
  parameters = { state = "off" },
  world = function()
    local w = vibelog_world.open(world "production")
    w.deploy.web:set_env { values = { FEATURE_ADVANCED_EDITING = "true" } }
    w:run("degraded-mode", { state = "on", features = { "advanced_editing" } },
      { answers = { ["Switch features off?"] = "approve" } })
    w:prepared()
    return w
  end,
  finally = {
    ["a done run has the feature on and no banner"] = function(w, run)
      if run.outcome ~= "done" then return true end
      return w.cache.redis:get { key = "banner:degraded" } == nil and w.deploy.web:get_env({
        names = { "FEATURE_ADVANCED_EDITING" } }).FEATURE_ADVANCED_EDITING.value == "true"
    end,
  },
}
