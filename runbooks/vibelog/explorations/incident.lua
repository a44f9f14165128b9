-- Leading an incident under every fault: it is ended everywhere, and its story is kept.
local vibelog_world = require "vibelog_world"

return explore {
  runbook = "incident",
  parameters = { class = "P1", service = "Recording" },
  answers = { ["Who takes it?"] = "sam", ["What is the cause?"] = "the disk is full",
    ["What has mended it?"] = "a bigger disk" },
  world = function() return vibelog_world.open(world "production") end,
  finally = {
    ["a done run leaves no banner, and a post-mortem"] = function(w, run)
      if run.outcome ~= "done" then return true end
      return w.cache.redis:get { key = "banner:incident-" .. run.id } == nil
        and w.storage.backups.objects[run.value.post_mortem] ~= nil
    end,
  },
}
