-- Users' uploads, copied to another provider. Of two runbooks.
local M = {}

---Copies what is new since the last time; what users have deleted stays there. Returns how many.
function M.copy()
  return step("Copy new uploads elsewhere", { timeout = "40m", undo = false }, function()
    return storage("uploads-copies"):sync { from = storage("uploads") }
  end).copied
end

return M
