-- The nightly upkeep: the dashboard's view, missing indexes, statistics, and old data of staging.
local indexes = {
  { name = "idx_handoffs_patient_created", of = "handoffs (patient_id, created_at desc)" },
  { name = "idx_handoffs_staff_status",
    of = "handoffs (from_staff_id, status) where status in ('assigned', 'ready')" },
  { name = "idx_voice_recordings_status",
    of = "voice_recordings (status, created_at desc) where status <> 'completed'" },
}
-- Of staging only: production keeps clinical data for seven years. Reports go before hand-offs,
-- and a hand-off stays as long as a younger report is about it.
local cleared = {
  { name = "sbar_reports" },
  { name = "voice_recordings" },
  { name = "handoffs", only = "not exists (select 1 from sbar_reports r "
    .. "where r.handoff_id = handoffs.id)" },
}

local function clear_sql(one, before)
  return ("delete from %s where id in (select id from %s where created_at < '%s'%s "
    .. "limit :batch_rows)"):format(one.name, one.name, before, one.only and " and " .. one.only
    or "")
end

return runbook {
  summary = "Refresh the view, make missing indexes, ANALYZE, clear old staging data",
  targets = {
    ["database/clinic"] = { "refresh_views", "create_index", "analyze" },
    ["database/staging"] = { "execute_batches" },
    ["storage/audio-staging"] = { "set_lifecycle" },
  },
  parameters = {
    view = { type = "string", default = "handoff_stats", help = "the dashboard's view" },
    rows_max = { type = "integer", default = 100000, min = 1,
      help = "more rows of staging than this are never deleted in one night" },
  },
  -- Not the database's: an index may take hours, and a recovery does not wait for it.
  locks = { "maintenance/clinic", "database/staging" },
  on_failure = "stop",

  run = function(params)
    local db, staging = database("clinic"), database("staging")
    local before, deleted = date("%Y-%m-%d", now() - duration("90d")), {}
    -- The parts do not depend on each other: where one fails, the others are done all the same.
    local problems = {}
    local function part(name, timeout, work)
      local done, failure = try(step, name, { timeout = timeout, undo = false }, work)
      if not done then problems[#problems + 1] = ("%s: %s"):format(name, failure.message) end
    end

    part("Refresh the dashboard's view", "30m", function()
      local refreshed, failure = try(function() db:refresh_views { views = { params.view } } end)
      -- PostgreSQL refreshes beside readers only what has a unique index over all of its rows.
      ensure(refreshed, "%s A view that is read meanwhile needs a unique index on the columns "
        .. "that it groups by: create unique index on %s (…).",
        refreshed or failure.message, params.view)
    end)
    part("Make missing indexes", "2h", function()
      for _, index in ipairs(indexes) do
        db:create_index { name = index.name,
          sql = ("create index if not exists %s on %s"):format(index.name, index.of) }
      end
    end)
    part("Update the planner's statistics", "30m", function()
      db:analyze { tables = { "handoffs", "sbar_reports", "voice_recordings" } }
    end)
    for _, one in ipairs(cleared) do
      part("Clear staging's old " .. one.name, "1h", function()
        deleted[one.name] = staging:execute_batches { sql = clear_sql(one, before),
          rows_max = params.rows_max }.rows
      end)
    end
    part("Let staging's old audio go", "5m", function()
      storage("audio-staging"):set_lifecycle { rules = { { prefix = "", after = "90d",
        action = "expire" } } }
    end)
    log("Cleared from staging: " .. json.encode(deleted))
    ensure(#problems == 0, table.concat(problems, "\n"))
    return { deleted = deleted, before = before }
  end,
}
