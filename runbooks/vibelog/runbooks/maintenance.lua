-- The weekly upkeep: statistics, indexes, old sessions, and audit logs that go to their archive.
local indexes = { "idx_vibelogs_created_at" }

-- One moment for both statements: with a new one for the deletion, logs that became a year old in
-- between would be deleted and never archived. What is deleted must lie in the archive.
local archive_sql = "insert into audit_logs_archive select a.* from audit_logs a "
  .. "where a.created_at < '%s' and not exists "
  .. "(select 1 from audit_logs_archive b where b.id = a.id) limit :batch_rows"
local delete_sql = "delete from audit_logs where id in (select a.id from audit_logs a "
  .. "join audit_logs_archive b on b.id = a.id where a.created_at < '%s' limit :batch_rows)"
local sessions_sql = "delete from sessions where id in (select id from sessions "
  .. "where expires_at < '%s' limit :batch_rows)"

return runbook {
  summary = "ANALYZE, REINDEX CONCURRENTLY, clear old sessions, archive old audit logs",
  targets = {
    ["database/main"] = { "analyze", "reindex", "execute_batches" },
    ["notify/team"] = { "send" },
  },
  parameters = {
    rows_max = { type = "integer", default = 1000000, min = 1,
      help = "more rows than this are never moved or deleted at once" },
    pause = { type = "duration", default = "100ms", help = "between batches, for the others" },
  },
  locks = { "database/main" },
  on_failure = "stop",

  run = function(params)
    local db = database("main")
    local function before(age) return date("%Y-%m-%d %H:%M:%S+00", now() - duration(age)) end
    local old_sessions, old_logs = before("30d"), before("365d")
    local done, problems = {}, {}
    -- The parts have nothing to do with each other: where one fails, the others are done.
    local function part(name, timeout, work)
      local went, result = try(step, name, { timeout = timeout, undo = false }, work)
      if not went then problems[#problems + 1] = ("%s: %s"):format(name, result.message) end
      return went, result
    end
    local function batches(sql, at)
      return db:execute_batches { sql = sql:format(at), rows_max = params.rows_max,
        pause = params.pause, timeout = "1h" }.rows
    end

    part("Update the planner's statistics", "30m", function() db:analyze {} end)
    part("Rebuild indexes beside the old ones", "2h", function()
      local rebuilt = db:reindex { indexes = indexes, concurrently = "yes" }
      ensure(function()
        return ensure(#(rebuilt.invalid or {}) == 0, "These indexes are invalid now: %s",
          json.encode(rebuilt.invalid))
      end, "Some indexes are invalid now.")
    end)
    -- Whether it was done; its rows are in `done`.
    local function move(key, name, sql, before_at)
      local went, rows = part(name, "1h", function() return batches(sql, before_at) end)
      if went then done[key] = rows end
      return went
    end
    move("sessions", "Clear sessions older than 30 days", sessions_sql, old_sessions)
    if move("archived", "Archive audit logs older than a year", archive_sql, old_logs) then
      move("deleted", "Delete what is archived", delete_sql, old_logs)
    end
    log("Rows: " .. json.encode(done))
    ensure(#problems == 0, table.concat(problems, "\n"))
    return done
  end,

  ended = function(_, result)
    if result.outcome == "done" then return end
    notify("team"):send { severity = "warning", title = "Maintenance has failed",
      text = tostring(result.reason) }
  end,
}
