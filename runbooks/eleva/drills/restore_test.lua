-- The monthly restore test, where the last one has left its branch and people go on booking.
local care_drill = require "care_drill"
local drilling = require "drilling"

return drill {
  summary = "A branch of a past moment is made, proved against production, and removed again",
  runbook = "restore-test", environment = "drill",
  prepare = care_drill.open,
  disaster = function(on)
    on.database("restore-test"):clone { from = on.database("platform"), at = now() - 1 }
    care_drill.book(on.database("care"))
    care_drill.book(on.database("care"))
  end,
  parameters = function()
    -- A moment is a whole second: the last booking lies before it.
    sleep("1100ms")
    return { at = date("%Y-%m-%dT%H:%M:%SZ"), kept_for = "1s", least_rows = care_drill.rows + 2 }
  end,
  probe = { url = "http://{services.app.host}:{services.drill.port}/api/healthcheck" },
  simulated = care_drill.simulated_with {
    ["database/restore-test"] = "a double of Neon, whose branch is a real PostgreSQL server, "
      .. "brought to the moment from a base backup and archived WAL",
  },
  guard = { outage = "60s" },
  check = function(on)
    local branches = drilling.state_of(on, "neon").branches
    ensure(#branches == 1, "The branch must be gone, but there are %d.", #branches)
    local neon, primary = on.service("neon"), on.service("primary")
    local copy = on.process("clients"):inspect { program = "psql", arguments = { "-XAtc",
      "select 1", "-h", neon.address, "-p", ("%d"):format(neon.port + 1) } }
    ensure(copy.exit_code == 2 and copy.errors:find("Connection refused", 1, true),
      "Nobody may answer where the branch was, but psql ended with %d: %s", copy.exit_code,
      copy.errors)
    local rows = drilling.client(on, "psql", { "-XAtc", "select count(*) from payment_transfers",
      "-h", primary.address })
    ensure(rows:find("^42%s*$") ~= nil, "Production must have its 42 rows: " .. rows)
    care_drill.ensure_described(on, "neon", "novu")
  end,
}
