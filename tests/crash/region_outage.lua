-- The runbook of the design page, word for word: the tests check and execute it.
-- luacheck: ignore 113
return runbook {
  summary    = "Serve the site from the standby region",
  objectives = { rto = "30m", rpo = "15m" },
  targets    = {                           -- what it may touch, and which changes it may make there
    ["database/primary"] = { "fence" },
    ["database/standby"] = { "promote" },
    ["deploy/web-dr"]    = { "scale" },
    ["dns/site"]         = { "upsert" },
    ["notify/oncall"]    = { "open", "resolve" },
  },
  parameters = {
    outage_began = { type = "time", required = true, help = "when the first alarm fired" },
  },
  locks      = { "traffic/site" },
  on_failure = "ask",                              -- "ask" | "undo" | "stop"

  run = function(params)
    local primary, standby = database("primary"), database("standby")
    local site, web, oncall = dns("site"), deploy("web-dr"), notify("oncall")

    step("Tell the one on call", function()
      oncall:open { key = "region-outage", severity = "critical",
        summary = "Failing over to the standby region" }
    end)

    local found = parallel {
      ["Scale the standby web tier"] = function()
        web:scale { instances = 6 }
        web:wait_healthy { within = "10m" }
      end,
      ["How far is the standby"] = function() return standby:lag() end,
    }

    -- With its primary gone a standby's lag only grows: what may be lost is what was written
    -- between its last transaction and the outage.
    local lost_s = math.max(0, params.outage_began - found["How far is the standby"].replayed_at)
    approve("Promote the standby?", {
      role = "incident-commander", within = "5m", otherwise = "wait",
      detail = ("At most %d s of writes are lost; the objective is %d s."):format(lost_s,
        duration("15m")) })

    step("Fence the old primary", { timeout = "2m" }, function()
      local fenced, err = try(function() primary:fence { how = "network" } end)
      if not fenced then
        manual("Fence the old primary by hand", { detail = err.message, evidence = "text" })
      end
    end)

    step("Promote the standby", { timeout = "10m" }, function()
      standby:promote {}
      standby:wait_writable { within = "5m" }
    end)

    step("Point the site at the standby", function()
      site:upsert { name = "app", type = "CNAME", value = web:endpoint(), ttl = "1m" }
    end)

    wait_until("resolvers answer with the standby", { within = "5m", every = "5s" }, function()
      return site:resolves { name = "app", to = web:endpoint() }
    end)

    oncall:resolve { key = "region-outage", text = "Served from the standby region" }
  end,
}
