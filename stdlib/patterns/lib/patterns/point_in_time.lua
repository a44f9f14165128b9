-- Point-in-time recovery around a bad moment: just before it, and never past what is kept.
local options = require "patterns.options"

local M = {}

local shape = { margin = { "duration", default = "1m" }, window = { "table" } }

---The moment to go back to: `margin` before `bad_at` (Unix seconds), inside the window.
---
---Raises `outside_window` where the provider keeps nothing so old. Options: margin = 1 m, window
---({ from_at, to_at }, as restore_window gives it; without it nothing is checked).
---@return number at
function M.moment(bad_at, given)
  local read = options.read(given, shape, "point_in_time.moment")
  if type(bad_at) ~= "number" then
    error("point_in_time.moment needs the bad moment in Unix seconds.", 2)
  end
  local at = bad_at - read.margin
  local window = read.window
  if window and at < window.from_at then
    options.fail("outside_window", ("%s is before %s, the oldest moment that can be restored. Take "
      .. "an older backup instead."):format(date("%Y-%m-%d %H:%M:%S UTC", at),
      date("%Y-%m-%d %H:%M:%S UTC", window.from_at)), "never")
  end
  if window and at > window.to_at then at = window.to_at end
  return at
end

---What a recovery to `at` loses, in words: for the person who approves it, and for the report.
function M.loss(at, given)
  local read = options.read(given, { rpo = { "duration" } }, "point_in_time.loss")
  local lost_s = math.max(0, now() - at)
  local text = ("Everything written after %s is lost (%d min)"):format(
    date("%Y-%m-%d %H:%M:%S UTC", at), math.ceil(lost_s / 60))
  if not read.rpo then return text .. ".", lost_s end
  return ("%s; the objective is %d min."):format(text, math.floor(read.rpo / 60)), lost_s
end

return M
