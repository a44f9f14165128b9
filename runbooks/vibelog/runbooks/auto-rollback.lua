-- Errors: back at once. Slowness: staging goes back first, then production. Cron starts it.
local going_back = require "going_back"
local release = require "patterns.release"
local vibelog = require "vibelog"
local watch = require "patterns.watch"

local errors = { { name = "error-rate", above = 5, over = "5m", empty = "passes" } }
local slowness = { { name = "p95", above = 5, over = "10m", empty = "passes" } }
local marker = "perilune:rolled-back"

-- What speaks against the release: errors and slowness, each a list of texts. The release serves
-- its own numbers, so the worst one has none: while it is young, silence is errors.
local function look(app, young)
  local read, failing, slow = pcall(function()
    return watch.problems(metrics("app"), errors), watch.problems(metrics("app"), slowness)
  end)
  if read then return failing, slow end
  local since = app:status().since_at
  if not since or now() - since > young then error(failing, 0) end
  local problems = vibelog.failed_checks(http("site"), { "openai" })
  if #problems == 0 then error(failing, 0) end
  return { "a new release gives no numbers, and three checks failed: "
    .. table.concat(problems, ", ") }, {}
end

-- The version before in staging: one that is broken by itself is no way out for production.
local function try_in_staging(version)
  release.go(deploy("staging"), { version = version, within = "15m",
    name = "Go back in staging", promote = true, check = function()
      vibelog.wait_healthy(http("staging"), "2m", { "openai" })
      vibelog.smoke(http("staging"), { "openai" })
    end })
end

return runbook {
  summary = "Go back by itself where errors or slowness pass their limits",
  objectives = { rto = "30m" },
  targets = {
    ["deploy/web"] = { "rollback" },
    ["deploy/staging"] = { "release", "promote" },
    ["http/site"] = {},
    ["http/staging"] = {},
    ["metrics/app"] = {},
    ["metrics/releases"] = { "record_deployment" },
    ["cache/redis"] = { "set" },
    ["notify/oncall"] = { "open", "resolve" },
    ["notify/status"] = { "send" },
    ["notify/team"] = { "send" },
  },
  parameters = {
    cool_down = { type = "duration", default = "30m",
      help = "after going back, nothing is judged for so long" },
    young = { type = "duration", default = "2h",
      help = "a release that serves no longer than this is bad where it answers nothing" },
  },
  locks = { "deploy/web", "deploy/staging" },
  on_failure = "stop",

  run = function(params)
    local app, redis, numbers = deploy("web"), cache("redis"), metrics("app")
    local found = redis:get { key = marker }
    local last = found and json.decode(found.value)
    -- What is measured just after a rollback is what was bad before: it must not go back twice.
    if last and now() - last.at < params.cool_down then return { action = "cooling down" } end
    local failing, slow = look(app, params.young)
    if #failing == 0 and #slow == 0 then
      vibelog.over(notify("oncall"), "auto-rollback", "Errors are rare, and answers quick.")
      return { action = "none" }
    end
    -- It was not the release, then: one further back would be a guess, and one more each time.
    ensure(not last or last.to ~= app:status().version, "We went back to %s at %s, and still: %s. "
      .. "It was not the release; a person must look.", last and last.to,
      last and date("%H:%M UTC", last.at), table.concat(failing, "; ") .. table.concat(slow, "; "))

    local before = ensure(app:previous_release {}, "There is no deployment to go back to.")
    local reason = table.concat(#failing > 0 and failing or slow, "; ")
    if #failing == 0 then
      try_in_staging(before.version)
      keep("proved in staging")
      -- A slowness that has passed by itself takes no version from anybody.
      if #watch.problems(numbers, slowness) == 0 then return { action = "passed by itself" } end
    end
    -- Without the marker two runs could go back twice, so it comes first and must be kept.
    step("Remember it", { undo = false }, function()
      redis:set { key = marker, expires_in = "24h",
        value = json.encode { at = now(), to = before.version } }
    end)
    local back = going_back.go { deployment = before.release_id, reason = reason, within = "5m" }
    vibelog.over(notify("oncall"), "auto-rollback", "Went back to " .. back.to)
    return { action = #failing > 0 and "at once" or "staged", from = back.from, to = back.to,
      reason = reason }
  end,

  ended = function(_, result)
    if result.outcome == "done" then return end
    notify("oncall"):open { key = "auto-rollback", severity = "critical",
      summary = "Going back by itself has failed", detail = tostring(result.reason) }
  end,
}
