-- The change of provider-failure, by itself: only this holds deploy/web, not the looking before it.
local providers = require "providers"
local vibelog = require "vibelog"
local way_back = require "patterns.way_back"

return runbook {
  summary = "Use a provider of AI, prove it, and say so",
  targets = {
    ["deploy/web"] = { "set_env" },
    ["http/site"] = {},
    ["http/openai"] = {},
    ["http/anthropic"] = {},
    ["notify/team"] = { "send" },
    ["notify/status"] = { "set_component" },
  },
  parameters = {
    to = { type = "string", enum = providers.names, required = true, help = "which is used" },
  },
  locks = { "deploy/web" },
  on_failure = "stop",

  run = function(params)
    local app, to = deploy("web"), params.to
    local serving = providers.in_use(app)
    if to == serving then return { provider = to, changed = false } end
    ensure(providers.answers(to), "%s does not answer either, so it is no use to change to it.", to)

    -- While OpenAI is down the health endpoint says so, whatever the flag.
    local except = to ~= "openai" and { "openai" } or nil
    way_back.step("Use " .. to, { back_name = "Use " .. serving .. " again",
      back = function() vibelog.apply(app, { AI_PROVIDER = serving }, "6m") end }, function()
      -- Two minutes until cron looks, one to be sure, seven here: ten.
      vibelog.apply(app, { AI_PROVIDER = to }, "6m")
      vibelog.wait_healthy(http("site"), "1m", except)
    end)
    -- What is shown is no reason to take a working provider away again.
    pcall(function()
      notify("status"):set_component { component = "ai",
        state = to == "openai" and "operational" or "degraded" }
    end)
    notify("team"):send { severity = to == "openai" and "info" or "warning", title = "AI provider",
      text = ("%s answers now; it was %s."):format(to, serving) }
    return { provider = to, changed = true }
  end,
}
