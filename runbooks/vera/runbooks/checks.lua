-- Are API, site, payment webhook and database there, and errors and answers within their limits?
-- Cron asks; what is down for more than five minutes is told at once, and once.
local assume = require "patterns.assume"
local told_once = require "told_once"
local vera = require "vera"
local watch = require "patterns.watch"

-- Each is asked every so many minutes. None of the questions changes anything: what Stripe sends is
-- signed, so what is not signed must be refused.
local function checks(params)
  return {
    { name = "API", every_min = 5, ask = function()
      http("api"):check { path = "/health", json = { status = "ok" } }
    end },
    { name = "Site", every_min = 5, ask = function() http("site"):check { path = "/" } end },
    { name = "Database", every_min = 10, ask = function()
      database("primary"):query { sql = "select 1" }
    end },
    { name = "Payment webhook", every_min = 60, ask = function()
      http("api"):probe { method = "POST", path = params.webhook_path, json = {}, expect = 400 }
    end },
  }
end

-- Cron comes every five minutes: who is asked less often is asked at the beginning of its time.
local function is_due(check, params)
  return params.all or assume.holds(function()
    return tonumber(date("%M", run.started_at)) % check.every_min < 5
  end, "%s is asked every %d minutes.", check.name, check.every_min)
end

-- What is wrong with it for all of that time; false where it answers well once. A wrong answer is
-- no reason to stop looking, as an error would be that is not safe to try again.
local function stays_down(check, params)
  local problem
  local up = try(wait_until, check.name .. " answers", { within = params.down_for,
    every = "20s" }, function()
    local well, failure = pcall(check.ask)
    problem = not well and failure.message or nil
    return well
  end)
  return not up and (problem or "It does not answer.")
end

-- What passes its limit, by name; or that nobody measures.
local function passed_limits(datadog)
  local read, found = pcall(function()
    local problems = {}
    for _, limit in ipairs(vera.limits) do
      problems[limit.name] = watch.problems(datadog, { limit })[1]
    end
    return problems
  end)
  return read and found or { measured = "Datadog does not answer: " .. found.message }
end

local function tell(name, problem, given)
  local team = notify("team")
  told_once.tell(cache("redis"), { key = "perilune:vera:" .. name, problem = problem,
    begin = function(text)
      return team:send { severity = given.severity, title = given.title, text = text }
    end,
    over = function()
      team:send { title = "It is over", text = given.title .. ": no longer." }
    end })
end

return runbook {
  summary = "Ask API, site, database and payment webhook; tell what is down or passes its limit",
  targets = {
    ["http/api"] = {},
    ["http/site"] = {},
    ["database/primary"] = {},
    ["metrics/datadog"] = {},
    ["cache/redis"] = { "set", "delete" },
    ["notify/team"] = { "send" },
  },
  parameters = {
    all = { type = "boolean", default = false, help = "ask everything now, whatever is due" },
    down_for = { type = "duration", default = "5m",
      help = "what is down for longer is told; asked every 20 s meanwhile" },
    webhook_path = { type = "string", default = "/webhooks/stripe", pattern = "^/",
      help = "where Stripe's messages go; also under `probes:` of http/api" },
  },
  -- A look takes as long as something stays down: the next one would only tell it twice.
  locks = { "checks" },
  on_failure = "stop",

  run = function(params)
    local due, down = {}, {}
    for _, check in ipairs(checks(params)) do
      if is_due(check, params) then due[#due + 1] = check end
    end
    local found = each(due, { at_once = 4 }, function(check) return stays_down(check, params) end)
    for place, check in ipairs(due) do
      if found[place] then down[#down + 1] = check.name end
      tell(check.name, found[place] or nil, { severity = "critical",
        title = check.name .. " is down" })
    end
    local passed = passed_limits(metrics("datadog"))
    tell("errors", passed.errors, { severity = "error", title = "More than 5 errors a minute" })
    tell("p95", passed.p95, { severity = "warning", title = "Answers are slow" })
    tell("measured", passed.measured, { severity = "warning", title = "Nobody measures" })
    return { asked = #due, down = down, passed = passed }
  end,
}
