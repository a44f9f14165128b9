-- The API hangs: its process lives and answers nobody.
local drills = require "drills"

return drill {
  summary = "The API hangs: it is started anew and watched",
  runbook = "api-down", environment = "drill",
  prepare = drills.open,
  disaster = function(on)
    on.process("clients"):run { program = "wedge", arguments = { "-sS", "-m", "2",
      ("http://%s:%s/wedge"):format(on.service("api").address, on.service("api").port) } }
  end,
  parameters = function() return { watch_for = "3s" } end,
  answers = { ["Go back to the release before?"] = drills.says("approve") },
  probe = drills.probe,
  simulated = drills.simulated(),
  guard = { outage = "90s" },
  check = function(on)
    drills.ensure_serves(on, "bbbbbbb")
    drills.ensure_told(on, "api-down")
    drills.ensure_redis(on)
  end,
}
