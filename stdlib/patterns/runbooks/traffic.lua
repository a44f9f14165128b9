-- Blue-green and canary over the same two slots; for the tests of the patterns.
local blue_green = require "patterns.blue_green"
local canary = require "patterns.canary"
local watch = require "patterns.watch"

return runbook {
  summary = "Move the traffic from one slot to the other",
  targets = { ["deploy/app"] = { "release", "shift_traffic" }, ["metrics/main"] = {},
    ["http/app"] = {} },
  parameters = {
    how = { type = "string", enum = { "blue-green", "canary" }, required = true },
    version = { type = "string", default = "2" },
    shares = { type = "string", default = "10,50,100" },
  },
  on_failure = "stop",
  run = function(params)
    local app, numbers, page = deploy("app"), metrics("main"), http("app")
    local limits = { { name = "errors", over = "1m", above = 5 } }
    local function healthy() return #watch.problems(numbers, limits) == 0 end
    local live, free = blue_green.slots(app)
    blue_green.prepare(app, { slot = free, version = params.version, within = "5m",
      check = function() page:check { path = "/health" } end })
    if params.how == "blue-green" then
      blue_green.switch(app, { to = free, healthy = healthy })
    else
      local shares = {}
      for share in params.shares:gmatch("[^,]+") do
        shares[#shares + 1] = tonumber(share) or share
      end
      canary.shift(app, { old = live, new = free, shares = shares, each_for = "2m",
        check = healthy })
    end
    return { live = live, free = free }
  end,
}
