-- What lasts is told when it begins and when it is over, and not each time somebody looks.
--
-- Chats keep no incidents, so that it was told is kept in a cache. One that does not answer makes
-- it told at each look: better too often than never.
local M = {}

local function is_told(redis, key)
  local asked, found = pcall(function()
    return redis:get { key = key, timeout = "3s" }
  end)
  return asked and found ~= nil
end

---Tells of `problem` (a text; nil where nothing is wrong) by `begin(problem)`, which gives a
---notice, unless it was told before; and by `over()` that one that was told is over. While it lasts
---it is told again after `again` = 1 d. Options: key (required), problem, begin, over, again.
---@param redis cache.Target Where the mark under `key` is kept.
function M.tell(redis, given)
  local told = is_told(redis, given.key)
  if given.problem and not told then
    local notice = given.begin(given.problem)
    if not (notice and notice.delivered) then return end
    try(function()
      redis:set { key = given.key, value = "told", expires_in = given.again or "1d" }
    end)
  elseif told and not given.problem then
    given.over()
    try(function() redis:delete { keys = { given.key } } end)
  end
end

return M
