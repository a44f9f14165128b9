-- After a security incident: whoever must know is told, and for a day nothing unusual may happen.
--
-- It has no locks, since it takes days: a recovery may begin while it waits.
local evidence = require "evidence"
local watch = require "patterns.watch"

-- Tighter than the alarms of every day: 5xx above 5 % would be far too late now.
local limits = {
  { name = "errors", over = "5m", above = 1, empty = "passes" },
  { name = "refused-logins", over = "5m", above = 50, empty = "passes" },
  { name = "connections", over = "5m", above = 60, empty = "passes" },
}

-- Whom the law, ISO 13485 and the agreements want told: a person decides, within three days.
local function tell_stakeholders(found_at, listed)
  local until_at = found_at + duration("72h")
  local whom = ask("Who must be told?", { role = "quality-manager",
    choices = { "nobody else", "customers", "customers and authorities" },
    detail = ("What is known is in %s. Personal data: authorities by %s. A nonconforming product: "
      .. "as the quality manual says."):format(listed,
      date("%Y-%m-%d %H:%M UTC", until_at)) })
  if whom == "nobody else" then return { whom = whom } end
  local notice = step("Tell the stakeholders", { undo = false }, function()
    return notify("stakeholders"):send { severity = "critical", on_undelivered = "fail",
      title = "Security incident at CleanStation",
      text = ("On %s we found that CleanStation may have been accessed without leave. It was "
        .. "isolated, and every credential was replaced. We tell you what was affected as soon as "
        .. "we know it."):format(date("%Y-%m-%d %H:%M UTC", found_at)) }
  end)
  -- Nothing is sent twice, so what may be lost is a person's to make sure of.
  if not (notice and notice.delivered) then
    manual("Make sure that the stakeholders have the mail", { role = "quality-manager",
      evidence = "text",
      detail = "Nobody can tell whether it was sent. Ask one of them, or send it." })
  end
  if whom == "customers" then return { whom = whom } end
  return { whom = whom, report = manual("Report it to the authorities", {
    role = "quality-manager", evidence = "text",
    detail = ("By %s. Give the number of the report."):format(
      date("%Y-%m-%d %H:%M UTC", until_at)) }) }
end

-- The one on call is woken at once, whatever else this run still waits for.
local function watch_closely(numbers, during)
  local quiet, failure = try(watch.stay, numbers, limits, { during = during, every = "1m",
    name = "nothing unusual happens" })
  if quiet then return nil end
  notify("oncall"):open { key = "security-watch", severity = "critical",
    summary = "Something unusual happens in CleanStation after the security incident",
    detail = failure.message .. "\nLook at errors, refused logins and connections." }
  return failure
end

-- Beside the evidence, for whoever asks later: that it watches, and then who was told.
local function note(name, key, what)
  what.run, what.at = run.id, date("%Y-%m-%dT%H:%M:%SZ")
  step(name, { undo = false }, function()
    storage("evidence"):put { key = key, content_type = "application/json",
      body = json.encode(what) }
  end)
end

return runbook {
  summary = "Tell who must know of a security incident, and watch closely for a day",
  targets = {
    ["metrics/app"] = {},
    ["storage/evidence"] = { "put" },
    ["notify/oncall"] = { "open" },
    ["notify/team"] = { "send" },
    ["notify/stakeholders"] = { "send" },
  },
  parameters = {
    found_at = { type = "time", required = true, help = "when somebody found the incident" },
    evidence = { type = "string", required = true,
      help = "the key of the list of evidence, as security-incident gives it" },
    watch_for = { type = "duration", default = "24h", help = "how long it is watched closely" },
  },

  run = function(params)
    local numbers, key = metrics("app"), evidence.watch_key(params.found_at)
    note("Note that it watches", key, { evidence = params.evidence })
    local done = parallel {
      ["Tell"] = function() return tell_stakeholders(params.found_at, params.evidence) end,
      ["Watch"] = function() return watch_closely(numbers, params.watch_for) end,
    }
    note("Keep who was told", key:gsub("json$", "told.json"), { told = done["Tell"],
      unusual = done["Watch"] and done["Watch"].message or nil })
    if done["Watch"] then error(done["Watch"], 0) end
    notify("team"):send { title = "The security incident is over",
      text = "Nothing unusual was seen since. Told: " .. done["Tell"].whom }
    return { told = done["Tell"] }
  end,
}
