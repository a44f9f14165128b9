-- Blue-green: the new version beside the old one, proved there, then the traffic in one move.
local options = require "patterns.options"
local release = require "patterns.release"
local way_back = require "patterns.way_back"

local M = {}

---Which slot serves now, and which is free: by the traffic, which must be all in one of the two.
---@return string live, string free
function M.slots(app, given)
  options.target(app, "deploy", "blue_green.slots")
  local read = options.read(given, { one = { "text", default = "blue" },
    other = { "text", default = "green" } }, "blue_green.slots")
  local traffic = app:traffic {}
  if traffic[read.one] == 100 then return read.one, read.other end
  if traffic[read.other] == 100 then return read.other, read.one end
  options.fail("mixed_traffic", ("Neither %s nor %s has all the traffic, so nobody can tell which "
    .. "one is free. Put the traffic into one of them first."):format(read.one, read.other),
    "never")
end

local prepare_shape = { slot = { "text", required = true }, version = { "text", required = true },
  within = { "duration", default = "10m" }, check = { "function" }, env = { "table" } }

---Releases the version into a slot without traffic, waits until it is healthy, and executes
---`check(release)`. Where that fails, the slot's former release is put back. Options: slot, version
---(required), within = 10 m, env, check.
function M.prepare(app, given)
  options.target(app, "deploy", "blue_green.prepare")
  local read = options.read(given, prepare_shape, "blue_green.prepare")
  return release.go(app, { slot = read.slot, version = read.version, env = read.env,
    within = read.within, check = read.check, name = "Prepare the free slot" })
end

local switch_shape = { to = { "text", required = true }, watch = { "duration", default = "5m" },
  every = { "duration", default = "10s" }, healthy = { "function", required = true } }

---Gives a slot all the traffic, and watches for `watch` (the time that old connections drain in)
---that `healthy()` stays true. The first time it is not, the traffic goes back to where it was, and
---`did_not_hold` is raised. Options: to, healthy (required), watch = 5 m, every = 10 s.
function M.switch(app, given)
  options.target(app, "deploy", "blue_green.switch")
  local read = options.read(given, switch_shape, "blue_green.switch")
  local before = app:traffic {}
  way_back.step("Switch the traffic", { back_name = "Bring the traffic back",
    back = function() app:shift_traffic { weights = before } end }, function()
    app:shift_traffic { weights = { [read.to] = 100 } }
    hold("it is healthy while the old one drains", { during = read.watch, every = read.every },
      read.healthy)
  end)
end

return M
