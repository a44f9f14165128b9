-- A canary: a growing share of the traffic, each share watched before the next.
local options = require "patterns.options"
local way_back = require "patterns.way_back"

local M = {}

local shape = {
  old = { "text", required = true }, new = { "text", required = true },
  shares = { "list", default = { 5, 25, 50, 100 } }, each_for = { "duration", default = "5m" },
  every = { "duration", default = "30s" }, check = { "function", required = true },
  name = { "text", default = "Shift the traffic share by share" },
}

local function read_shares(shares)
  local before = 0
  for _, share in ipairs(shares) do
    if type(share) ~= "number" or share % 1 ~= 0 or share <= before or share > 100 then
      error("The option shares of canary.shift must be growing whole percents up to 100, such as "
        .. "{ 5, 25, 50, 100 }.", 3)
    end
    before = share
  end
  if before ~= 100 then
    error("The option shares of canary.shift must end with 100.", 3)
  end
  return shares
end

---Shifts the traffic from `old` to `new` (slots or release ids) in `shares` of percent. During each
---share, `check()` must be true for `each_for`, asked every 30 s.
---
---The first time it is not, all the traffic goes back to where it was before the call, and
---`did_not_hold` is raised. Options: old, new, check (required); shares = { 5, 25, 50, 100 },
---each_for = 5 m, every = 30 s, name (of the step).
function M.shift(app, given)
  options.target(app, "deploy", "canary.shift")
  local read = options.read(given, shape, "canary.shift")
  local shares = read_shares(read.shares)
  local before = app:traffic {}
  way_back.step(read.name, { back_name = "Bring the traffic back",
    back = function() app:shift_traffic { weights = before } end }, function()
    for _, share in ipairs(shares) do
      local weights = { [read.new] = share }
      if share < 100 then weights[read.old] = 100 - share end
      app:shift_traffic { weights = weights }
      hold(("the canary is well at %d %%"):format(share),
        { during = read.each_for, every = read.every }, read.check)
    end
  end)
end

return M
