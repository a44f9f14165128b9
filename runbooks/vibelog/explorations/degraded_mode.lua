-- Switching features off under every fault: what users are told is what is so.
local vibelog_world = require "vibelog_world"

return explore {
  runbook = "degraded-mode",
  parameters = { state = "on", features = { "advanced_editing" } },
  answers = { ["Switch features off?"] = "approve" },
  world = function()
    local w = vibelog_world.open(world "production")
    w.deploy.web:set_env { values = { FEATURE_ADVANCED_EDITING = "true" } }
    w:prepared()
    return w
  end,
  always = {
    ["what a feature was is remembered before it is off"] = function(w)
      return w.deploy.web:get_env({ names = { "FEATURE_ADVANCED_EDITING" } })
        .FEATURE_ADVANCED_EDITING.value == "true"
        or w.cache.redis:get { key = "perilune:degraded" } ~= nil
    end,
  },
  finally = {
    ["a done run has the feature off and the banner up"] = function(w, run)
      if run.outcome ~= "done" then return true end
      return w.cache.redis:get { key = "banner:degraded" } ~= nil and w.deploy.web:get_env({
        names = { "FEATURE_ADVANCED_EDITING" } }).FEATURE_ADVANCED_EDITING.value == "false"
    end,
  },
}
