-- What must be there when it is needed: a snapshot, the automated ones, and copies of the files.
local snapshots = require "snapshots"

-- Files move to cheaper storage, and are never removed by a rule.
local rules = {
  { prefix = "", after = "30d", action = "move", class = "STANDARD_IA" },
  { prefix = "", after = "90d", action = "move", class = "GLACIER" },
}

-- The automated backups are RDS's own: what was made by hand, also by this run, is none of them.
local function check_newest(primary)
  local newest = ensure(snapshots.newest(primary, { automated = true }),
    "There is no complete automated snapshot.")
  local age_s = now() - newest.at
  ensure(function() return age_s <= duration("26h") end,
    "The newest automated snapshot is %.0f h old.", age_s / 3600)
end

local function check_window(window, window_min)
  ensure(window, "Nobody can go back to a moment: there are no automated backups.")
  local age_s, reach_s = now() - window.to_at, now() - window.from_at
  ensure(function() return age_s <= duration("1h") end,
    "The newest moment that can be restored is %.0f min ago; the objective is 60 min.", age_s / 60)
  ensure(function() return reach_s >= window_min end, "Nobody can go back further than %.1f days; "
    .. "it must be %.0f. Set the retention of the automated backups to 30 days.", reach_s / 86400,
    window_min / 86400)
end

local function keep_files(files, copies)
  step("Keep what is replaced or removed", { undo = false }, function()
    files:set_versioning { state = "on" }
    copies:set_versioning { state = "on" }
  end)
  step("Copy files to us-west-2", { undo = false }, function()
    files:set_replication { to = copies, state = "on" }
  end)
  step("Move old files to cheaper storage", { undo = false }, function()
    files:set_lifecycle { rules = rules }
  end)
end

return runbook {
  summary = "Snapshot, automated backups checked, files versioned, copied and moved by age",
  objectives = { rpo = "1h" },
  targets = {
    ["database/primary"] = {},
    ["database/snapshots"] = { "snapshot", "prune_backups" },
    ["database/standby"] = {},
    ["storage/files"] = { "set_versioning", "set_replication", "set_lifecycle" },
    ["storage/files-west"] = { "set_versioning" },
    ["notify/team"] = { "send" },
  },
  parameters = {
    reason = { type = "string", default = "manual", pattern = "^[%w][%w-]*$",
      help = "what it is before, such as release-1-5; a part of its name" },
    snapshot = { type = "boolean", default = true, help = "make a manual one, kept for 90 days" },
    window_min = { type = "duration", default = "29d",
      help = "how far back one must be able to go; less for an instance that is younger" },
    delete_at_most = { type = "integer", default = 10, min = 0,
      help = "more old snapshots than this are never removed at once" },
  },
  locks = { "database/cleanstation" },
  on_failure = "stop",

  run = function(params)
    local own, files, copies = database("snapshots"), storage("files"), storage("files-west")
    local problems, taken = {}, {}
    -- The parts have nothing to do with each other: where one fails, the others are done all the
    -- same, and all failures are told together.
    local function part(work)
      local done, failure = try(work)
      if not done then problems[#problems + 1] = failure.message end
    end

    part(function()
      if not params.snapshot then return end
      taken = snapshots.take(own, ("%s-%s"):format(params.reason, date("%Y%m%d-%H%M%S")))
    end)
    part(function() snapshots.thin_out(own, params.delete_at_most) end)
    local window
    part(function() check_newest(database("primary")) end)
    part(function()
      window = database("primary"):restore_window()
      check_window(window, params.window_min)
    end)
    part(function() keep_files(files, copies) end)
    part(function()
      local waiting = files:replication_status {}
      ensure(function() return waiting.failed == 0 end,
        "%d files could not be copied to us-west-2.", waiting.failed)
    end)
    part(function()
      local lag = database("standby"):lag()
      ensure(lag.connected, "The standby in us-west-2 does not replicate.")
      ensure(function()
        return lag.idle or lag.replayed_at and now() - lag.replayed_at < duration("1h")
      end, "The standby in us-west-2 is more than an hour behind.")
    end)
    ensure(#problems == 0, table.concat(problems, "\n"))
    local made = "No manual snapshot"
    if params.snapshot then made = "Snapshot " .. taken.id end
    notify("team"):send { title = "Backup", text = ("%s; back to any moment since %s."):format(made,
      date("%Y-%m-%d %H:%M UTC", window.from_at)) }
    return { snapshot = taken.id, from_at = window.from_at, to_at = window.to_at }
  end,

  ended = function(_, result)
    if result.outcome == "done" then return end
    notify("team"):send { severity = "critical", title = "Backup is not as it should be",
      text = tostring(result.reason) }
  end,
}
