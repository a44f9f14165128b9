-- An incident from its alarm to its post-mortem. The mending itself is another runbook's.
local care = require "care"
local care_assess = require "care_assess"
local care_escalation = require "care_escalation"
local care_health = require "care_health"
local care_jobs = require "care_jobs"
local incident = require "patterns.incident"
local options = require "patterns.options"

local ways = { "rollback", "deploy", "config-restore", "scheduled-jobs", "by-hand", "by-itself" }
local tries_max, looks_max = 3, 6

local templates = {
  ["customers.investigating"] = "We see problems with {parts}, and are looking into them.",
  ["customers.identified"] = "We know what is wrong with {parts}, and are mending it.",
  ["customers.monitoring"] = "Eleva works again. We are watching it.",
  ["customers.resolved"] = "All of Eleva works again.",
}

-- Hands over to the runbook that was chosen, or to a person.
local function hand_over(way, params, report)
  if way == "by-itself" then return end
  if way == "by-hand" then
    return manual("Mend it", { role = "incident-commander", evidence = "text",
      detail = "Say what was done; everything is checked afterwards." })
  end
  if way == "rollback" then
    return run_runbook("rollback", { reason = report.summary })
  elseif way == "deploy" then
    local version = params.version or ask("Which commit is released?", {
      role = "incident-commander", detail = "Its full or short hash." })
    return run_runbook("deploy", { version = version, ask_first = false })
  elseif way == "config-restore" then
    return run_runbook("config-restore", { ref = params.ref, ask_first = false })
  end
  local jobs = params.jobs
  if not jobs then
    jobs = {}
    local answer = ask("Which jobs run again?", { role = "incident-commander",
      detail = "Their names, with commas between them; health and scheduled-jobs show them." })
    for name in answer:gmatch("[%w-]+") do jobs[#jobs + 1] = name end
  end
  return run_runbook("scheduled-jobs", { action = "resume", jobs = jobs,
    since = params.outage_began or report.began_at })
end

-- What was seen to fail may be over by itself; what only a person has seen may not be seen to be.
local function is_over(on, params)
  if params.summary or care_assess.look(on).wrong then return false end
  return (try(care_health.stay, on, params.watch_for))
end

-- Asks how it is mitigated. As long as nobody answers, everything is looked at again: the jobs do
-- not stand still for an alarm that is over.
local function choose(on, params, report)
  local question = { role = "incident-commander", choices = ways, within = "10m",
    otherwise = "look again" }
  for look = 0, looks_max do
    if look == looks_max then
      care.tell(notify("team"), { severity = "critical", title = "Nobody says how it is mitigated",
        text = ("%s The run %s waits for that, and the jobs may stand still."):format(
          report.summary, run.id) })
      question.within, question.otherwise = nil, nil
    end
    question.detail = care_assess.sentence(care_assess.look(on))
    local way = ask("How is it mitigated?", question)
    if way ~= "look again" then
      step("The one who chose has taken it", { retries = 2 }, function()
        notify("oncall"):acknowledge { key = report.key, by = "the incident commander" }
      end)
      return way
    end
    if is_over(on, params) then return "by-itself" end
  end
end

-- Asks for a way until one has helped: what was tried and did not help stands in the timeline.
local function mitigate(on, params, report)
  local way = params.mitigation
  for _ = 1, tries_max do
    if way == "ask" then way = choose(on, params, report) end
    if way ~= "by-itself" then incident.tell(report, { state = "identified" }) end
    incident.note(report, "Mitigation begins: " .. way)
    local helped, failure = try(function()
      hand_over(way, params, report)
      care_health.wait(on, params.well_within)
      -- What a person has reported may never have been seen by a program.
      ensure(not params.summary or confirm("Is it over?", { role = "incident-commander",
        detail = params.summary }), "It is not over: %s.", report.summary)
    end)
    if helped then
      incident.note(report, "Mitigated: " .. way)
      return way
    end
    incident.note(report, ("%s has not helped: %s"):format(way, failure.message))
    way = "ask"
  end
  options.fail("not_mitigated", ("%d ways were tried, and none has helped. Mend it by hand, then "
    .. "try again."):format(tries_max), "never")
end

-- Everything after somebody was told: assessment, mending, proof, and the end.
local function respond(on, params, report, found)
  step("Assess it", function()
    for _, line in ipairs(found.lines) do
      log(line)
      incident.note(report, line)
    end
  end)
  local names, paused = care_jobs.names(), nil
  if params.pause_jobs and params.mitigation ~= "scheduled-jobs" then
    paused = care_jobs.pause(on.jobs, names, report.key)
    incident.note(report, "Paused: " .. table.concat(paused.jobs, ", "))
  end
  local way = mitigate(on, params, report)
  incident.tell(report, { state = "monitoring" })
  care_health.stay(on, params.watch_for)
  local caught_up = {}
  if paused then
    care_jobs.resume(on.jobs, paused)
    -- What failed in the outage, before the pause, counts as well.
    caught_up = care_jobs.catch_up(on.jobs, paused.jobs, math.min(paused.since,
      params.outage_began or paused.since))
    for _, one in ipairs(caught_up) do
      incident.note(report, ("Caught up: %s for %s, %s"):format(one.job,
        date("%H:%M UTC", one.for_at), one.state))
    end
  end
  incident.finish(report)
  return { mitigation = way, caught_up = caught_up }
end

-- The second level's incident is not one of the report's channels: it is there only if it was told.
local function close_second(lead, key)
  step("End the incident at the second level", { retries = 2 }, function()
    local open_key
    -- A plan assumes that the first level takes it.
    ensure(function()
      local second = lead:status { key = care_escalation.key_of(key, 2) }
      if second and second.state ~= "resolved" then open_key = second.key end
      return true
    end, "The second level was called")
    if open_key then
      lead:resolve { key = open_key, text = "It is over.", on_undelivered = "fail" }
    end
  end)
end

local function open_post_mortem(report, params, taken)
  local who = "Nobody acknowledged it"
  if taken then
    who = table.concat({ ("%s: %s after %d s"):format(taken.level, taken.state, taken.after_s),
      taken.by }, ", by ")
  end
  local document = incident.post_mortem(report, { outage_began = params.outage_began,
    actions = { "Find the cause, and write it down", "Say what would have shown it earlier" } })
  step("Open the post-mortem", { retries = 1, undo = false }, function()
    process("ci"):run { program = "post-mortem", environment = { INCIDENT = report.key,
      DOCUMENT = table.concat({ document, who .. ".", "" }, "\n") } }
  end)
end

return runbook {
  summary = "From the alarm to the post-mortem: tell, assess, hand over, verify, write down",
  objectives = { rto = "1h" },
  targets = {
    ["http/site"] = {},
    ["database/care"] = {},
    ["cache/redis"] = {},
    ["schedule/jobs"] = { "pause", "resume", "run_now", "upsert" },
    ["metrics/monitors"] = {},
    ["metrics/heartbeats"] = {},
    ["metrics/product"] = {},
    ["notify/oncall"] = { "open", "update", "acknowledge", "resolve" },
    ["notify/lead"] = { "open", "update", "acknowledge", "resolve" },
    ["notify/page"] = { "open", "update", "resolve" },
    ["notify/team"] = { "send" },
    ["process/ci"] = { "run" },
    -- What the runbooks it hands over to change.
    ["deploy/app"] = { "rollback", "release", "promote", "set_env", "redeploy" },
    ["deploy/builds"] = { "cancel_release" },
    ["deploy/preview"] = { "release" },
    ["http/git"] = {},
    ["http/platform"] = { "patch" },
  },
  parameters = {
    summary = { type = "string", help = "what is wrong, where nothing that is watched shows it" },
    key = { type = "string", pattern = "^[%w-]+$", help = "the incident's key" },
    severity = { type = "string", enum = { "critical", "error", "warning" },
      help = "otherwise by what fails" },
    outage_began = { type = "time",
      help = "when it began, otherwise now: jobs are caught up from then on" },
    mitigation = { type = "string", enum = { "ask", "rollback", "deploy", "config-restore",
      "scheduled-jobs", "by-hand" }, default = "ask", help = "the runbook that mends it" },
    version = { type = "string", pattern = "^%x+$", min = 7, max = 40,
      help = "the commit that mitigation=deploy releases" },
    ref = { type = "string", default = "main", help = "the commit that config-restore puts back" },
    jobs = { type = "list", help = "the jobs that mitigation=scheduled-jobs resumes" },
    pause_jobs = { type = "boolean", default = true, help = "keep the jobs still meanwhile" },
    well_within = { type = "duration", default = "10m",
      help = "how long after a mitigation everything must be well" },
    watch_for = { type = "duration", default = "10m", help = "how long it must stay well" },
  },
  locks = { "incident/response" },

  run = function(params)
    local on = { site = http("site"), db = database("care"), redis = cache("redis"),
      jobs = schedule("jobs"), monitors = metrics("monitors"), heartbeats = metrics("heartbeats"),
      product = metrics("product") }
    local oncall, lead = notify("oncall"), notify("lead")

    local found = care_assess.look(on)
    if not found.wrong and not params.summary then
      log("Nothing that is watched is wrong. Give a summary to go on all the same.")
      return { incident = false }
    end
    local key = params.key or date("incident-%Y%m%d-%H%M", run.started_at)
    local severity = params.severity or found.severity
    local affected = #found.parts > 0 and found.parts or { "app" }
    local report = incident.begin { key = key, severity = severity,
      summary = params.summary or "Eleva, " .. care_assess.title(found):sub(1, 150),
      templates = templates, facts = { parts = table.concat(affected, ", ") },
      channels = {
        { at = oncall, audience = "team" },
        { at = notify("page"), audience = "customers", severities = { "critical", "error" },
          components = affected, components_by = "incident" },
        { at = notify("team"), audience = "team", form = "message" },
      } }

    local done = parallel {
      ["Find somebody"] = function()
        local taken = care_escalation.until_taken({ { name = "on call", at = oncall },
          { name = "lead", at = lead } }, { key = key, summary = report.summary,
          severity = severity, wait = care.wait_of(severity), rounds = 2 })
        if not taken then
          care.tell(notify("team"), { severity = "critical", title = "Nobody has taken it",
            text = report.summary })
        end
        return taken
      end,
      ["Respond"] = function() return respond(on, params, report, found) end,
    }
    close_second(lead, key)
    open_post_mortem(report, params, done["Find somebody"])
    local response = done["Respond"]
    return { incident = true, key = key, severity = severity, mitigation = response.mitigation,
      caught_up = response.caught_up, taken = done["Find somebody"], timeline = report.timeline }
  end,
}
