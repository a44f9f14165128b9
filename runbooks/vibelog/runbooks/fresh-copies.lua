-- What must be minutes old whatever else goes on: uploads copied elsewhere, and Supabase's history.
--
-- `backup` copies uploads as well; but its restore test takes hours, and they must not wait for it.
local uploads = require "uploads"
local vibelog = require "vibelog"

return runbook {
  summary = "Copy new uploads elsewhere, and see that Supabase can go back to minutes ago",
  objectives = { rpo = { uploads = vibelog.rpo.uploads, database = vibelog.rpo.database } },
  targets = {
    ["database/platform"] = {},
    ["storage/uploads"] = {},
    ["storage/uploads-copies"] = { "sync" },
    ["notify/oncall"] = { "open", "resolve" },
  },
  locks = { "storage/uploads-copies" },
  on_failure = "stop",

  run = function()
    local problems = {}
    local went, copied = try(uploads.copy)
    if not went then problems[1] = "uploads: " .. copied.message end

    local seen, failure = try(function()
      local window = ensure(database("platform"):restore_window(),
        "Supabase keeps no history to go back in.")
      ensure(function() return now() - window.to_at <= duration(vibelog.rpo.database) end,
        "Supabase's history ends at %s: what was written since would be lost.",
        date("%Y-%m-%d %H:%M UTC", window.to_at))
    end)
    if not seen then problems[#problems + 1] = "database: " .. failure.message end
    ensure(#problems == 0, table.concat(problems, "\n"))
    vibelog.over(notify("oncall"), "fresh-copies", "Uploads are copied, and the history is there.")
    return { uploads = copied }
  end,

  ended = function(_, result)
    if result.outcome == "done" then return end
    notify("oncall"):open { key = "fresh-copies", severity = "error",
      summary = "VibeLog would lose more than it may", detail = tostring(result.reason) }
  end,
}
