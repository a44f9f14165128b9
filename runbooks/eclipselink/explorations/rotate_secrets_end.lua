-- Ending the overlap of a rotation under every fault.
local clinic_world = require "clinic_world"

return explore {
  runbook = "rotate-secrets",
  answers = { ["Rotate them?"] = "approve" },
  world = function()
    local w = clinic_world.fill_vault(clinic_world.open(world "production"))
    w.secrets.vault:make_older { name = "jwt/secret", by_s = 91 * 86400 }
    local run = w:run("rotate-secrets", nil, { answers = { ["Rotate them?"] = "approve" } })
    if run.outcome ~= "done" then error("The rotation failed: " .. tostring(run.reason)) end
    w:advance("3h")
    w:prepared()
    return w
  end,
  always = {
    ["the application has its secret"] = function(w)
      for _, name in ipairs(w.deploy.app.env) do
        if name == "JWT_SECRET" then return true end
      end
      return false
    end,
  },
  finally = {
    ["a done run has made the application forget the old one"] = function(w, run)
      return run.outcome ~= "done" or #w.deploy.app.env == 1
    end,
  },
}
