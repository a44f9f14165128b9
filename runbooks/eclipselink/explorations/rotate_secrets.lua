-- Rotating under every fault: the application always has a value that is valid.
local clinic_world = require "clinic_world"

return explore {
  runbook = "rotate-secrets",
  answers = { ["Rotate them?"] = "approve" },
  world = function()
    local w = clinic_world.fill_vault(clinic_world.open(world "production"))
    for _, name in ipairs { "jwt/secret", "jwt/refresh" } do
      w.secrets.vault:make_older { name = name, by_s = 91 * 86400 }
    end
    for _, name in ipairs { "database/app-a", "database/app-b" } do
      w.secrets.vault:make_older { name = name, by_s = 366 * 86400 }
    end
    return w
  end,
  always = {
    ["the vault's current value is one that the application was given"] = function(w)
      local current = w.secrets.vault.secrets["jwt/secret"].version
      if current == "1" then return true end
      for _, name in ipairs(w.deploy.app.env) do
        if name == "JWT_SECRET" then return true end
      end
      return false
    end,
    ["the old value stays beside the new one"] = function(w)
      local has = {}
      for _, name in ipairs(w.deploy.app.env) do has[name] = true end
      return not has.JWT_SECRET or has.JWT_SECRET_PREVIOUS
    end,
    ["the old password goes only once the application has the new one"] = function(w)
      for _, change in ipairs(w.changes) do
        if change[1] == "database/clinic:set_password" and change[2].user == "eclipselink_a" then
          for _, name in ipairs(w.deploy.app.env) do
            if name == "DATABASE_URL" then return true end
          end
          return false
        end
      end
      return true
    end,
  },
  finally = {
    ["a done run has rotated all that was due"] = function(_, run)
      return run.outcome ~= "done" or #run.value.rotated == 3
    end,
  },
}
