-- Moves two names to another place and back to a long TTL; for the tests of the pattern.
local dns_move = require "patterns.dns_move"

return runbook {
  summary = "Move two names",
  targets = { ["dns/site"] = { "set_ttl", "batch" } },
  parameters = { wait = { type = "boolean", default = true } },
  run = function(params)
    local site = dns("site")
    local names = { { name = "app", type = "CNAME" }, { name = "www", type = "CNAME" } }
    local waited_s = dns_move.lower_ttl(site, names, { ttl = "1m", wait = params.wait })
    dns_move.move(site, {
      { name = "app", type = "CNAME", value = "new.test.example." },
      { name = "www", type = "CNAME", value = "new.test.example." },
    }, { ttl = "1m" })
    dns_move.watch(site, { app = "new.test.example", www = "new.test.example" },
      { within = "2h" })
    dns_move.raise_ttl(site, names, { ttl = "1h" })
    return { waited_s = waited_s }
  end,
}
