-- Going back to an earlier deployment: found, proved while it serves, and told. Of two runbooks.
local release = require "patterns.release"
local vibelog = require "vibelog"

local M = {}

-- The deployment to go back to: a named one, or the one before.
local function find(app, wanted)
  if not wanted then
    return ensure(app:previous_release {}, "There is no deployment to go back to.")
  end
  for _, one in ipairs(app:releases { limit = 100 }) do
    if one.release_id == wanted or one.version == wanted then
      ensure(one.state ~= "serving", "%s is what serves now.", wanted)
      ensure(one.can_roll_back, "%s is %s: nobody can go back to it.", wanted, one.state)
      return one
    end
  end
  ensure(false, "There is no deployment %s among the newest 100.", wanted)
end

---Goes back, waits until it serves, proves it, and tells customers and team the reason.
---`params` has deployment (an id or a version; nil: the one before), reason and within.
---@return table { from, to, release_id }
function M.go(params)
  local app, page = deploy("web"), http("site")
  local bad = app:status().version
  local wanted = step("Find the deployment", function() return find(app, params.deployment) end)
  local back = release.back(app, { release_id = wanted.release_id, within = params.within,
    check = function()
      -- Which provider of AI is down has nothing to do with what serves.
      vibelog.wait_healthy(page, params.within, { "openai" })
      vibelog.smoke(page, { "openai" })
    end })

  try(function()
    metrics("releases"):record_deployment { version = tostring(bad), state = "rolled_back" }
  end)
  notify("status"):send { severity = "warning", title = "An update was taken back",
    text = "We went back to an earlier version of VibeLog: " .. params.reason }
  notify("team"):send { severity = "warning", title = "Rolled back",
    text = ("From %s to %s: %s"):format(tostring(bad), wanted.version, params.reason) }
  return { from = bad, to = back.version, release_id = wanted.release_id }
end

return M
