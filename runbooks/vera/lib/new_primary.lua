-- Going back to a release from before a failover, without going back to the fenced primary.
local M = {}

---Where the vault has today's url since a failover; nothing before the first one.
M.name = "database-url"

---Leads the API to today's primary where it went back to a release (`before`) from before the
---failover: going back brings the release's variables back, and they name the fenced one.
function M.keep(api, before)
  local vault = secrets("vault")
  local noted = vault:describe { name = M.name }
  if not noted or noted.changed_at and noted.changed_at < before.created_at then return end
  step("Lead the release before to today's primary", { retries = 2, undo = false }, function()
    api:set_env { apply = "now", values = { DATABASE_URL = vault:read { name = M.name } } }
    api:wait_healthy { within = "3m" }
  end)
end

return M
