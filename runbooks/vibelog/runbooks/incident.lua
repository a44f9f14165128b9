-- An incident from its first word to its post-mortem: who is told what and when, and who takes it.
local assume = require "patterns.assume"
local incident = require "patterns.incident"
local vibelog = require "vibelog"

local classes = {
  P0 = { severity = "critical", response = "15m",
    team = { "team", "oncall", "leadership" }, customers = { "status", "public", "customers" } },
  P1 = { severity = "error", response = "1h", team = { "team", "team-mail" },
    customers = { "status" }, banner = true },
  P2 = { severity = "warning", response = "4h", team = { "team" }, customers = { "status" } },
}

local templates = {
  investigating = "Something is wrong with {service}. We are looking for the cause and will say "
    .. "more soon.",
  identified = "We know what is wrong with {service} and are mending it.",
  resolved = "{service} works again. We are sorry for the trouble.",
}

local function channels_of(class)
  local channels = {}
  for _, name in ipairs(class.team) do channels[#channels + 1] = { at = notify(name) } end
  for _, name in ipairs(class.customers) do
    channels[#channels + 1] = { at = notify(name), audience = "customers",
      form = name == "public" and "message" or "incident",
      components = name == "status" and { "website" } or nil }
  end
  return channels
end

-- Nine o'clock (UTC) of the next day that is neither Saturday nor Sunday.
local function next_business_day(at)
  local day = math.floor(at / 86400)
  repeat
    day = day + 1
    local weekday = (day + 4) % 7
  until weekday ~= 0 and weekday ~= 6
  return day * 86400 + 9 * 3600
end

local function remind_of_minor(taken, class, report)
  local is_taken = assume.holds(function() return taken ~= "nobody" end,
    "Nobody takes it within %s.", class.response)
  if is_taken then return taken end
  local left_s = next_business_day(report.began_at) - now()
  if left_s <= 0 then return taken end
  incident.tell(report, { state = "investigating", audience = "team",
    text = ("%s: nobody has taken it within %s."):format(report.summary, class.response) })
  return ask("Who takes it by the next business day?", { within = left_s, otherwise = "nobody",
    detail = report.summary })
end

-- P0 is paged at once, so PagerDuty knows who took it; of the others somebody says so here.
local function find_taker(params, class, report)
  local taken
  if params.class == "P0" then
    taken = notify("oncall"):wait_acknowledged { key = report.key, within = class.response }
  else
    taken = ask("Who takes it?", { within = class.response, otherwise = "nobody",
      detail = report.summary })
    -- Of a minor one nobody is called at night: the team is reminded, and may take it till then.
    if params.class == "P2" then taken = remind_of_minor(taken, class, report) end
  end
  local taker = "the one on call"
  local is_taken = assume.holds(function()
    if taken == nil or taken == "nobody" then return false end
    taker = params.class ~= "P0" and taken or taken.acknowledged_by or taker
    return true
  end, "Nobody takes it within %s.", class.response)
  if is_taken then return taker, false end
  step("Escalate", { undo = false }, function()
    local text = ("%s: nobody has taken it within %s."):format(report.summary,
      class.response)
    if params.class == "P0" then
      notify("oncall"):update { key = report.key, text = text, severity = "critical" }
      notify("team-mail"):send { title = "Nobody takes " .. report.key, text = text,
        severity = "critical" }
      return
    end
    notify("oncall"):open { key = report.key, summary = text, severity = class.severity }
    notify("leadership"):send { title = "Nobody takes " .. report.key, text = text,
      severity = class.severity }
  end)
  incident.note(report, "Escalated: nobody had taken it.")
  return ask("Who takes it now?", { detail = report.summary }), true
end

-- X posts no text twice, so each says when it was written.
local function still(params, word)
  return function()
    return ("%s UTC: we are still %s %s."):format(date("%H:%M"), word, params.service)
  end
end

return runbook {
  summary = "Lead an incident: tell people, find who takes it, and keep its story",
  targets = {
    ["cache/redis"] = { "set", "delete" },
    ["storage/backups"] = { "put" },
    ["notify/team"] = { "open", "update", "resolve" },
    ["notify/oncall"] = { "open", "update", "resolve" },
    ["notify/leadership"] = { "open", "update", "resolve", "send" },
    ["notify/team-mail"] = { "open", "update", "resolve", "send" },
    ["notify/status"] = { "open", "update", "resolve", "set_component" },
    ["notify/public"] = { "send" },
    ["notify/customers"] = { "open", "update", "resolve" },
  },
  parameters = {
    class = { type = "string", enum = { "P0", "P1", "P2" }, required = true,
      help = "P0: nobody can use VibeLog; P1: a major feature is broken; P2: a minor one" },
    service = { type = "string", required = true, help = "what is concerned, in customers' words" },
    detail = { type = "string", default = "", help = "what is known, for the team" },
    every = { type = "duration", default = "30m", help = "how often customers are told" },
    give_up_after = { type = "duration", default = "12h",
      help = "how long customers are told that it goes on while nothing happens here" },
  },

  run = function(params)
    local class, redis = classes[params.class], cache("redis")
    local report = incident.begin { key = "incident-" .. run.id, severity = class.severity,
      summary = ("%s: %s"):format(params.class, params.service), templates = templates,
      facts = { service = params.service }, channels = channels_of(class) }
    if params.detail ~= "" then incident.note(report, params.detail) end
    local banner_key = vibelog.banner_prefix .. report.key
    if class.banner then
      step("Put a banner above every page", function()
        redis:set { key = banner_key,
          value = ("%s does not work as it should. We are mending it."):format(params.service) }
      end)
    end

    -- From the first word on, also while nobody has taken it yet.
    local function tell_customers(state, word, work)
      return incident.during(report, { every = params.every, audience = "customers", state = state,
        stop_after = params.give_up_after, text = still(params, word) }, work)
    end
    local found = tell_customers("investigating", "looking for the cause at", function()
      local taker, escalated = find_taker(params, class, report)
      incident.note(report, "Taken by " .. taker)
      return { taker = taker, escalated = escalated, cause = ask("What is the cause?", {}) }
    end)
    incident.note(report, "Cause: " .. found.cause)
    incident.tell(report, { state = "identified" })
    local over = tell_customers("identified", "mending", function()
      return ask("What has mended it?", {})
    end)
    incident.note(report, "Mended: " .. over)

    incident.finish(report)
    if found.escalated and params.class ~= "P0" then
      step("End it at PagerDuty", { retries = 2, undo = false }, function()
        notify("oncall"):resolve { key = report.key, text = over, on_undelivered = "fail" }
      end)
    end
    if class.banner then
      step("Take the banner down", function() redis:delete { keys = { banner_key } } end)
    end
    local key = ("incidents/%s.md"):format(report.key)
    step("Keep the post-mortem", { undo = false }, function()
      storage("backups"):put { key = key, content_type = "text/markdown",
        body = incident.post_mortem(report, { cause = found.cause,
          went_well = "Mended by: " .. over }) }
    end)
    return { taker = found.taker, cause = found.cause, mended = over, post_mortem = key,
      timeline = report.timeline }
  end,
}
