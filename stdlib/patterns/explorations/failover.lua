-- A failover under every fault: never two that take writes, never a promotion without a fence.
return explore {
  runbook = "failover",
  parameters = function(w) return { outage_began = w:now() } end,
  answers = { ["Fence the old primary by hand"] = "switched it off" },
  world = function()
    local w = world "test"
    w.database.main:execute { sql = "create table orders (id integer primary key)" }
    w.database.standby:replicate { from = "database/main", behind = "5s" }
    w:advance("1m")
    w:prepared()
    return w
  end,
  -- What a person says to have fenced is fenced in the world only where a program did it.
  without = { ["never two primaries that both take writes"] = true },
  always = {
    ["the standby takes writes only when the old primary is fenced, or a person was asked"] =
      function(w)
        return not w.database.standby.writable or not w.database.main.writable
          or #w.questions > 0
      end,
  },
  finally = {
    ["a done run has a standby that takes writes"] = function(w, run)
      return run.outcome ~= "done" or w.database.standby.writable
    end,
  },
}
