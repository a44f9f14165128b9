-- Fences the primary and promotes the standby; for the tests of the pattern.
local failover = require "patterns.failover"

return runbook {
  summary = "Fail over to the standby",
  targets = { ["database/main"] = { "fence", "unfence" }, ["database/standby"] = { "promote" },
    ["deploy/web"] = { "scale" } },
  parameters = {
    outage_began = { type = "time", required = true },
    by_platform = { type = "boolean", default = false, help = "the platform can stop its server" },
  },
  run = function(params)
    local primary, standby = database("main"), database("standby")
    local lost_s = failover.lost_s(standby, { outage_began = params.outage_began })
    local how = failover.fence(primary, { how = { "network", "read_only" },
      standby = standby, try_for = "30s",
      stop = params.by_platform and function() deploy("web"):scale { instances = 0 } end or nil,
      start = params.by_platform and function() deploy("web"):scale { instances = 1 } end or nil })
    failover.promote(standby)
    return { lost_s = lost_s, how = how }
  end,
}
