-- Replacing every secret under every fault: no session outlives it, nothing else in Redis is lost.
local known = require "vibelog_secrets"
local vibelog_world = require "vibelog_world"

return explore {
  runbook = "security-breach",
  parameters = function(w) return { since = w:now() - 3600 } end,
  answers = { ["Replace every secret?"] = "approve", ["Revoke the old keys"] = "all seven",
    ["Replace what the runbooks sign in with"] = "done" },
  world = function()
    local w = vibelog_world.breached(vibelog_world.open(world "production"))
    for _, one in ipairs(known.issued) do
      w.secrets.vault:put { name = one.name, value = "new key of " .. one.name }
    end
    w:prepared()
    return w
  end,
  always = {
    ["what is no session stays"] = function(w)
      return w.cache.redis:get { key = "queue:one" } ~= nil
    end,
    ["sessions end only after the application has new secrets"] = function(w)
      return w.cache.redis:get { key = "sess:one" } ~= nil
        or w:times "deploy/web:set_env" > 0
    end,
  },
  finally = {
    ["a done run has ended every session and both passwords"] = function(w, run)
      if run.outcome ~= "done" then return true end
      return w.cache.redis:get { key = "sess:one" } == nil
        and w:times "database/main:set_password" >= 2
    end,
  },
}
