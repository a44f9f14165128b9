-- The quarter's three drills, one after another, where nobody is harmed; and what an auditor asks.
--
-- It executes the runbooks themselves, so people practise them. The disasters that are caused for
-- real, and measured from outside, are `perilune drill`: their reports are asked for at the end.
local checklist = require "patterns.checklist"
local station = require "station"

-- On one machine, and in an account of its own.
local where = { drill = true, ["drill-aws"] = true }
local rto_s, rpo_s = duration("4h"), duration("1h")
-- People stand by until the end, so a drill watches for a shorter time than an incident does.
local watch_s = duration("1m")

-- In this order: the last one leaves the drill's first region behind.
local function planned(params)
  return {
    { name = "Security incident", runbook = "security-incident", when = params.security,
      go = function()
        local found_at = params.found_at or now()
        local done = run_runbook("security-incident", { found_at = found_at, certificate = false,
          watch = false })
        return run_runbook("security-watch", { found_at = found_at, watch_for = watch_s,
          evidence = done.evidence.listed })
      end },
    { name = "Backup restoration", runbook = "database-corruption", when = params.restoration,
      go = function()
        return run_runbook("database-corruption", { backup = params.backup, margin = 60,
          least_orders = params.least_orders, cached = "cache:*",
          integrity = "full", watch_for = watch_s })
      end, lost_s = function(value) return math.max(0, now() - value.shows_at) end },
    { name = "Failover", runbook = "regional-outage", when = params.failover,
      go = function()
        return run_runbook("regional-outage", { outage_began = now(), source = "replica",
          instances = params.instances, least_orders = params.least_orders,
          fence_within = duration("1m"), watch_for = watch_s })
      end, lost_s = function(value) return value.lost_s end },
  }
end

-- One drill as a row: { name, runbook, began_at, took_s, lost_s?, outcome, problem? }.
local function execute(drill)
  local row = { name = drill.name, runbook = drill.runbook, began_at = now() }
  local ended, value = try(drill.go)
  row.took_s = now() - row.began_at
  if not ended then
    row.outcome, row.problem = "failed", value.message
    return row
  end
  row.lost_s = drill.lost_s and drill.lost_s(value) or nil
  row.outcome = "met"
  if row.took_s > rto_s then row.outcome, row.problem = "missed", "it took longer than 4 h" end
  if row.lost_s and row.lost_s > rpo_s then
    row.outcome, row.problem = "missed", "more than 1 h of writes are lost"
  end
  return row
end

local function show(rows, quarter, people)
  local lines = { "# Drills of " .. quarter, "", ("Run %s, started by %s."):format(run.id,
    tostring(run.started_by)), "", "| drill | runbook | took | of 4 h | lost | outcome |",
    "|---|---|---|---|---|---|" }
  for _, row in ipairs(rows) do
    lines[#lines + 1] = ("| %s | %s | %.0f s | %.1f %% | %s | %s |"):format(row.name, row.runbook,
      row.took_s, row.took_s * 100 / rto_s, row.lost_s and ("%.0f s"):format(row.lost_s) or "–",
      row.problem and row.outcome .. ": " .. row.problem or row.outcome)
  end
  lines[#lines + 1] = "\n## What people say\n"
  lines[#lines + 1] = people
  return table.concat(lines, "\n") .. "\n"
end

return runbook {
  summary = "Execute the three drills' runbooks on the drill environment, and keep the evidence",
  objectives = { rto = "12h", rpo = "1h" },
  targets = {
    ["deploy/app"] = { "scale" },
    ["deploy/app-west"] = { "scale", "release" },
    ["database/primary"] = { "restore", "fence", "unfence" },
    ["database/primary-sql"] = { "set_password", "end_sessions", "execute" },
    ["database/snapshots"] = { "snapshot" },
    ["database/standby"] = { "promote", "restore" },
    ["database/standby-sql"] = {},
    ["dns/torvan"] = { "batch" },
    ["cache/redis"] = { "delete_matching", "flush_sessions" },
    ["cache/redis-west"] = {},
    ["storage/files-west"] = {},
    ["storage/access-logs"] = {},
    ["storage/audit-trail"] = {},
    ["storage/evidence"] = { "set_versioning", "sync", "put" },
    ["secrets/parameters"] = { "put" },
    ["secrets/parameters-west"] = { "put" },
    ["secrets/managed"] = { "rotate" },
    ["secrets/maker"] = { "generate" },
    ["process/keys"] = {},
    ["http/site"] = {},
    ["http/site-west"] = {},
    ["metrics/app"] = {},
    ["notify/oncall"] = { "open", "update", "resolve" },
    ["notify/team"] = { "open", "update", "resolve", "send" },
    ["notify/stakeholders"] = { "send" },
  },
  parameters = {
    found_at = { type = "time", help = "when the drill's intruder is found; otherwise at its "
      .. "beginning. What was replaced since then counts" },
    backup = { type = "string", help = "the backup to restore; otherwise the newest snapshot" },
    least_orders = { type = "integer", default = 1, min = 0, help = "fewer are no good" },
    instances = { type = "integer", default = 3, min = 1, help = "how many tasks serve there" },
    security = { type = "boolean", default = true, help = "drill the security incident" },
    restoration = { type = "boolean", default = true, help = "drill the restoration of a backup" },
    failover = { type = "boolean", default = true, help = "drill the move to us-west-2" },
  },
  locks = { "drill/cleanstation" },
  on_failure = "stop",

  run = function(params)
    ensure(where[run.environment], ("The drills are for drill and drill-aws, not for %s, whose "
      .. "users they would put out of service."):format(run.environment))
    local store, rows = storage("evidence"), {}
    local quarter = ("%s-Q%d"):format(date("%Y"), math.ceil(tonumber(date("%m")) / 3))
    approve("Begin the quarter's drills?", { role = "incident-commander",
      detail = quarter .. ": who takes part should be at the screen now." })

    for _, drill in ipairs(planned(params)) do
      if drill.when then rows[#rows + 1] = execute(drill) end
    end

    -- A failed drill is a result as well: what follows is done all the same.
    local points = checklist.go {
      { name = "Attach the measured drills", evidence = "url", role = "incident-commander",
        ask = "Execute `perilune drill` for regional-outage, database-corruption and "
          .. "security-incident, see `perilune drills` say ready, and give the reports' address." },
      { name = "Write down what went well, what did not, and who changes it", evidence = "text",
        role = "quality-manager", ask = "For the management review (ISO 13485, 5.6)." },
      { name = "Log the results in the incident management system", evidence = "url",
        role = "quality-manager", ask = "Give the entry's address." },
    }
    local page = show(rows, quarter, checklist.show(points))
    local key = ("drills/%s/%s"):format(quarter, run.id)
    step("Keep the evidence", { undo = false }, function()
      store:put { key = key .. ".md", content_type = "text/markdown", body = page }
      store:put { key = key .. ".json", content_type = "application/json",
        body = json.encode { quarter = quarter, run = run.id, drills = rows,
          points = points.rows, orders_at_least = station.least(params.least_orders) } }
    end)
    local failed = {}
    for _, row in ipairs(rows) do
      if row.outcome ~= "met" then
        failed[#failed + 1] = ("%s %s: %s"):format(row.name, row.outcome, row.problem)
      end
    end
    notify("team"):send { title = "Drills of " .. quarter, text = page,
      severity = #failed > 0 and "warning" or "info" }
    ensure(#failed == 0, table.concat(failed, "\n"))
    return { quarter = quarter, drills = rows, evidence = key .. ".md" }
  end,
}
