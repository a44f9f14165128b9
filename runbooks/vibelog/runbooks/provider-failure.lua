-- OpenAI fails: the other provider by a flag, and back again. Cron starts it every two minutes.
local assume = require "patterns.assume"
local providers = require "providers"
local vibelog = require "vibelog"

local answers = providers.answers

-- Three times in a row, so that one lost packet rebuilds nothing.
local function is_down(name)
  for attempt = 1, 3 do
    if answers(name) then return false end
    if attempt < 3 then sleep("10s") end
  end
  return true
end

-- Which provider there should be; nil where it is the one that there is.
local function decide(serving, calm)
  if serving == "openai" then return is_down("openai") and "anthropic" or nil end
  if not answers("openai") then return nil end
  local stayed = try(hold, "OpenAI stays well", { during = calm, every = "30s" }, function()
    return answers("openai")
  end)
  return stayed and "openai" or nil
end

return runbook {
  summary = "Use the other provider of AI while OpenAI fails, and go back",
  objectives = { rto = "10m" },
  targets = {
    ["deploy/web"] = { "set_env" },
    ["http/site"] = {},
    ["http/openai"] = {},
    ["http/anthropic"] = {},
    ["notify/oncall"] = { "open", "resolve" },
    ["notify/team"] = { "send" },
    ["notify/status"] = { "set_component" },
  },
  parameters = {
    to = { type = "string", enum = providers.names,
      help = "this provider, whatever is seen; without it what is seen decides" },
    calm = { type = "duration", default = "5m",
      help = "how long OpenAI must be well before we go back" },
  },
  -- Two that look at once would decide twice. deploy/web is held by the change alone: a rollback
  -- must not wait until OpenAI has been well for a while.
  locks = { "http/openai" },
  on_failure = "stop",

  run = function(params)
    local serving = providers.in_use(deploy("web"))
    local to = params.to or decide(serving, params.calm)
    local result = { provider = serving, changed = false }
    if to and to ~= serving then result = run_runbook("use-provider", { to = to }) end
    if assume.holds(function() return result.changed or answers(serving) end,
      "The provider of AI that is in use does not answer.") then
      vibelog.over(notify("oncall"), "provider-failure", result.provider .. " answers.")
    end
    return result
  end,

  ended = function(_, result)
    if result.outcome == "done" then return end
    notify("oncall"):open { key = "provider-failure", severity = "critical",
      summary = "The AI provider could not be changed", detail = tostring(result.reason) }
  end,
}
