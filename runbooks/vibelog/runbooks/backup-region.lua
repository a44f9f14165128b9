-- The backup region gets what has served for a while: version and open variables. Cron starts it.
--
-- Nothing else releases there. Secrets are the breach's business: nobody can read them from Vercel.
local assume = require "patterns.assume"

local function settled(app, after)
  local since = app.since_at
  return app.state == "serving" and since ~= nil and assume.holds(function()
    return now() - since >= after
  end, "What serves has not served for long enough.")
end

-- The variables of the one that are no secrets and that the other has not, or has otherwise.
local function different(from, to)
  local values = {}
  for name, variable in pairs(from) do
    local there = to[name]
    if variable.value ~= nil and not (there and there.value == variable.value) then
      values[name] = variable.value
    end
  end
  return values
end

return runbook {
  summary = "Give the backup region the version that serves, and its variables",
  targets = {
    ["deploy/web"] = {},
    ["deploy/web-backup"] = { "release", "set_env" },
    ["notify/team"] = { "send" },
  },
  parameters = {
    after = { type = "duration", default = "45m",
      help = "what has served for so long is good: a release is watched for half an hour" },
  },
  locks = { "deploy/web-backup" },
  on_failure = "stop",

  run = function(params)
    local app, backup = deploy("web"), deploy("web-backup")
    local serves, waits = app:status(), backup:status()
    if waits.instances > 0 then return { changed = false, why = "it runs" } end
    if not settled(serves, params.after) then return { changed = false, why = "not settled" } end
    local values = different(app:get_env {}, backup:get_env {})
    if next(values) == nil and waits.version == serves.version then return { changed = false } end

    step("Give it the variables", { when = function() return next(values) ~= nil end,
      on_failure = "undo" }, function() backup:set_env { values = values } end)
    step("Give it the version", { on_failure = "undo" }, function()
      backup:release { version = serves.version }
    end)
    return { changed = true, version = serves.version, before = waits.version }
  end,

  ended = function(_, result)
    if result.outcome == "done" then return end
    notify("team"):send { severity = "critical", title = "The backup region was left behind",
      text = tostring(result.reason) }
  end,
}
