-- Putting the zone right under every fault.
local clinic_world = require "clinic_world"

return explore {
  runbook = "provision-dns",
  answers = { ["Move the names?"] = "approve" },
  world = function()
    local w = clinic_world.point(clinic_world.open(world "production"))
    w.dns.clinic:put { name = "api", type = "CNAME", value = "elsewhere.example." }
    w.dns.clinic:delete { name = "www", type = "CNAME" }
    return w
  end,
  finally = {
    ["a done run leaves no drift"] = function(w, run)
      if run.outcome ~= "done" then return true end
      local set = w.dns.clinic:get { name = "api", type = "CNAME" }
      return set.values[1] == w.deploy.app:endpoint()
        and w.dns.clinic:get { name = "www", type = "CNAME" } ~= nil
    end,
  },
}
