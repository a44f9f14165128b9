-- Changing the provider of AI under every fault: a done run has the one that it says.
local vibelog_world = require "vibelog_world"

return explore {
  runbook = "provider-failure",
  world = function()
    local w = vibelog_world.open(world "production")
    w.http.openai:answer { path = "/v1/models", status = 503 }
    vibelog_world.health(w.http.site, { "openai" })
    w:prepared()
    return w
  end,
  always = {
    ["the application serves"] = function(w) return w.deploy.web.instances_healthy > 0 end,
  },
  finally = {
    ["the flag is the provider that a done run names"] = function(w, run)
      if run.outcome ~= "done" then return true end
      return w.deploy.web:get_env({ names = { "AI_PROVIDER" } }).AI_PROVIDER.value
        == run.value.provider
    end,
    ["a run that is not done has called somebody"] = function(w, run)
      return run.outcome == "done" or run.outcome == "waits"
        or w:times "notify/oncall:open" > 0
    end,
  },
}
