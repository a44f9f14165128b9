-- The weekly upkeep of the database: statistics, indexes, and which queries are slow.
local options = require "patterns.options"
local watch = require "patterns.watch"

return runbook {
  summary = "ANALYZE and REINDEX while users go on; queries slower than a second are reported",
  targets = {
    ["database/primary-sql"] = { "analyze", "reindex" },
    ["metrics/app"] = {},
    ["notify/team"] = { "send" },
  },
  parameters = {
    slower_than = { type = "duration", default = "1s", help = "a slower query is reported" },
  },
  locks = { "database/cleanstation" },
  on_failure = "stop",

  run = function(params)
    local db, problems, rebuilt = database("primary-sql"), {}, { indexes = {}, invalid = {} }
    -- Rebuilding needs connections and time: not while users need them themselves.
    watch.ensure(metrics("app"), { { name = "connections", over = "5m", above = 80,
      empty = "passes" } })

    -- The parts have nothing to do with each other: where one fails, the others are done.
    local function part(name, timeout, work)
      local done, failure = try(step, name, { timeout = timeout, undo = false }, work)
      if not done then problems[#problems + 1] = ("%s: %s"):format(name, failure.message) end
    end
    -- By the slowest call too: one that is fast in the mean may keep somebody waiting for long.
    local slow
    part("Find slow queries", "1m", function()
      local found = {}
      for _, one in ipairs(db:slow_queries { longer_than = "1ms", limit = 1000 }) do
        if one.max_s > params.slower_than then found[#found + 1] = one end
      end
      slow = found
    end)
    part("Update the planner's statistics", "1h", function() db:analyze {} end)
    part("Rebuild the indexes", "4h", function() rebuilt = db:reindex { concurrently = "yes" } end)
    part("See that no index was left out", "1m", function()
      ensure(function()
        if #rebuilt.invalid == 0 then return true end
        options.fail("not_rebuilt", table.concat(rebuilt.invalid, ", ") .. " could not be rebuilt: "
          .. "it is not used. Drop it and make it anew.")
      end, "Indexes could not be rebuilt.")
    end)
    local lines = {}
    for place, one in ipairs(slow or {}) do
      if place > 20 then break end
      lines[place] = ("%.1f s in the mean, %.1f s at most, %d times: %s"):format(one.mean_s,
        one.max_s, one.calls, one.sql)
    end
    if slow then
      notify("team"):send { title = ("%d slow queries"):format(#slow),
        severity = #slow > 0 and "warning" or "info",
        text = #slow > 0 and table.concat(lines, "\n") or "None is slower than the limit." }
    end
    ensure(#problems == 0, table.concat(problems, "\n"))
    return { rebuilt = rebuilt.indexes, slow = #slow }
  end,

  ended = function(_, result)
    if result.outcome == "done" then return end
    notify("team"):send { severity = "warning", title = "The database's upkeep was not done",
      text = tostring(result.reason) }
  end,
}
