-- Telling people about an incident: who is told what, from templates, at a cadence, until its end.
local options = require "patterns.options"

local M = {}

local severities = { "critical", "error", "warning", "info" }
local shown_as = { critical = "major_outage", error = "partial_outage", warning = "degraded" }

local channel_shape = {
  at = { "target", required = true }, audience = { "text", default = "team" },
  severities = { "list", default = severities }, components = { "list" },
  form = { one_of = { "incident", "message" }, default = "incident" },
  states = { "list", default = { "investigating", "identified", "monitoring", "resolved" } },
  components_by = { one_of = { "component", "incident" }, default = "component" },
}

-- {name} in a template is replaced by the fact of that name; one that is missing is an error.
-- Neither is looked at: a plan may not know them.
local function fill(template, facts)
  local known, values = {}, {}
  for name in pairs(facts) do known[name] = true end
  local literal = string.gsub(template, "%%", "%%%%")
  local form = string.gsub(literal, "{([%w_]+)}", function(name)
    if not known[name] then
      error(("The template needs the fact %s: %s"):format(name, template), 0)
    end
    values[#values + 1] = tostring(facts[name])
    return "%s"
  end)
  return string.format(form, unpack(values))
end

local function has(list, wanted)
  for _, one in ipairs(list) do
    if one == wanted then return true end
  end
  return false
end

local function send(report, channel, state, text, severity)
  if channel.form == "message" then
    return channel.at:send { title = report.summary, text = text, severity = severity }
  end
  if not report.opened[channel] then
    local notice = channel.at:open { key = report.key, summary = report.summary,
      severity = severity, detail = text, components = channel.components }
    report.opened[channel] = notice.delivered
    return notice
  end
  return channel.at:update { key = report.key, text = text, state = state, severity = severity,
    components = channel.components }
end

-- A part of the service is shown as it is; what cannot be shown is no reason to stop a recovery.
local function show_components(report, channel, state, severity)
  local by_incident = channel.form ~= "incident" or channel.components_by == "incident"
  if by_incident or not channel.components then return end
  local shown = state == "resolved" and "operational" or shown_as[severity]
  if not shown then return end
  for _, component in ipairs(channel.components) do
    local done, failure = pcall(function()
      channel.at:set_component { component = component, state = shown }
    end)
    if not done then
      log(("%s is not shown as %s: %s"):format(component, shown, failure.message))
    end
  end
end

local begin_shape = {
  key = { "text", required = true }, summary = { "text", required = true },
  severity = { one_of = severities, required = true }, channels = { "list", required = true },
  templates = { "table", default = {} }, facts = { "table", default = {} },
}
local default_templates = {
  investigating = "{summary}. We are looking into it.",
  identified = "{summary}. We know the cause and are mending it.",
  monitoring = "{summary}. It is mended; we are watching it.",
  resolved = "{summary}. It is over.",
}

---Begins an incident and tells everybody that it is being investigated. Telling never fails
---the run: what was not delivered stands in the timeline.
---
---Options: key, summary, severity ("critical", "error", "warning", "info"), channels (required);
---templates (by state, or by audience and state, as ["customers.identified"]), facts (what the
---templates' {names} stand for, besides summary, severity, state, since).
---A channel is { at = notify("…"), audience = "team", severities = all, states = all,
---form = "incident" (opened, updated, resolved) or "message" (each for itself), components,
---components_by = "component" (each is set besides) or "incident" (it shows them itself) }.
---@return table report What the other functions take: { key, summary, severity, timeline, … }.
function M.begin(given)
  local read = options.read(given, begin_shape, "incident.begin")
  local report = { key = read.key, summary = read.summary, severity = read.severity,
    channels = options.read_each(read.channels, channel_shape, "incident.begin: channels"),
    templates = read.templates, facts = read.facts, opened = {}, timeline = {}, began_at = now() }
  for place, channel in ipairs(report.channels) do
    options.target(channel.at, "notify", ("channel %d of incident.begin"):format(place))
  end
  M.tell(report, { state = "investigating" })
  return report
end

local tell_shape = {
  state = { one_of = { "investigating", "identified", "monitoring", "resolved" }, required = true },
  text = { "text" }, severity = { one_of = severities }, facts = { "table", default = {} },
  audience = { "text" },
}

local function text_for(report, channel, read, says)
  local facts = { summary = report.summary, severity = report.severity, state = read.state,
    since = date("%Y-%m-%d %H:%M UTC", report.began_at) }
  for _, more in ipairs { report.facts, read.facts } do
    for name, value in pairs(more) do facts[name] = value end
  end
  if says then return fill(read.text, facts) end
  return fill(report.templates[channel.audience .. "." .. read.state]
    or report.templates[read.state] or default_templates[read.state], facts)
end

---Tells everybody whom it concerns how the incident stands. Options: state (required:
---"investigating", "identified", "monitoring", "resolved"), text (instead of the template),
---severity (from now on), facts, audience (only this one).
---
---What is not delivered is logged and stands in the timeline. Only an incident that cannot be ended
---fails its step: nobody else would ever close it.
function M.tell(report, given)
  local read = options.read(given, tell_shape, "incident.tell")
  report.severity = read.severity or report.severity
  local says = options.gives(given, "text")
  local undelivered, ending = {}, {}
  step("Tell people: " .. read.state, function()
    for _, channel in ipairs(report.channels) do
      local concerned = has(channel.severities, report.severity) and has(channel.states, read.state)
        and (not read.audience or read.audience == channel.audience)
      if concerned then
        local text = text_for(report, channel, read, says)
        if read.state == "resolved" and channel.form == "incident" then
          ending[#ending + 1] = { at = channel.at, text = text }
        else
          local sent, notice = pcall(send, report, channel, read.state, text, report.severity)
          if not (sent and notice.delivered) then
            undelivered[#undelivered + 1] = tostring(channel.at)
            if not sent then log(("%s was not told: %s"):format(channel.at, notice.message)) end
          end
        end
        show_components(report, channel, read.state, report.severity)
      end
    end
  end)
  for _, one in ipairs(ending) do
    step(("End the incident at %s"):format(one.at), { retries = 2 }, function()
      one.at:resolve { key = report.key, text = one.text, on_undelivered = "fail" }
    end)
  end
  local told = read.state
  if says then told = read.text end
  if #undelivered > 0 then
    told = ("%s (not delivered: %s)"):format(told, table.concat(undelivered, ", "))
  end
  M.note(report, told)
end

---Adds a line to the incident's timeline, at the time it is now.
function M.note(report, text)
  report.timeline[#report.timeline + 1] = { at = now(), text = text }
end

local during_shape = { every = { "duration", default = "30m" }, audience = { "text" },
  state = { one_of = { "investigating", "identified", "monitoring" }, default = "identified" },
  text = { "function" }, stop_after = { "duration" } }

---Executes `work` and tells people again at every interval that it goes on; failing to tell never
---fails the work. Options: every = 30 m, audience (only this one), state = "identified", text (a
---function that gives it), stop_after (then nobody is told any more, however long the work takes).
---@return any What `work` returns.
function M.during(report, given, work)
  local read = options.read(given, during_shape, "incident.during")
  local first, began_at = true, now()
  return meanwhile("Keep people informed", { every = read.every }, function()
    -- They have just been told.
    if first then
      first = false
      return
    end
    if read.stop_after and now() - began_at > read.stop_after then return end
    M.tell(report, { state = read.state, audience = read.audience,
      text = read.text and read.text() or nil })
  end, work)
end

---Ends the incident: everybody is told, and parts of the service are shown as operational again.
---Options: text (instead of the template), facts.
function M.finish(report, given)
  local read = options.read(given, { text = { "text" }, facts = { "table", default = {} } },
    "incident.finish")
  M.tell(report, { state = "resolved", text = read.text, facts = read.facts })
end

local document_shape = { impact = { "text", default = "To be written." },
  cause = { "text", default = "To be written." },
  went_well = { "text", default = "To be written." },
  rto = { "duration" }, outage_began = { "number" }, actions = { "list", default = {} } }

---The post-mortem as Markdown, with the timeline filled in and the rest to be written by people.
---Options: impact, cause, went_well (texts), rto (the objective), outage_began (Unix seconds),
---actions (a list of texts).
function M.post_mortem(report, given)
  local read = options.read(given, document_shape, "incident.post_mortem")
  local began = read.outage_began or report.began_at
  local took_s = now() - began
  local lines = { "# " .. report.summary, "",
    ("- Incident: %s, severity %s"):format(report.key, report.severity),
    ("- Run: %s in %s, started by %s"):format(run.id, run.environment, tostring(run.started_by)),
    ("- From %s to %s: %d min%s"):format(date("%Y-%m-%d %H:%M UTC", began),
      date("%Y-%m-%d %H:%M UTC"), math.ceil(took_s / 60),
      read.rto and (" (objective: %d min)"):format(math.floor(read.rto / 60)) or ""),
    "", "## Impact", "", read.impact, "", "## Timeline", "" }
  for _, line in ipairs(report.timeline) do
    lines[#lines + 1] = ("- %s %s"):format(date("%H:%M:%S", line.at), line.text)
  end
  for _, part in ipairs { { "Cause", read.cause }, { "What went well", read.went_well } } do
    lines[#lines + 1] = ("\n## %s\n\n%s"):format(part[1], part[2])
  end
  lines[#lines + 1] = "\n## What we change\n"
  if #read.actions == 0 then lines[#lines + 1] = "To be written." end
  for _, action in ipairs(read.actions) do lines[#lines + 1] = "- [ ] " .. action end
  return table.concat(lines, "\n") .. "\n"
end

return M
