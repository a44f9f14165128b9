-- The eight jobs: whether each runs as it should; kept still around an incident, caught up once.
local care = require "care"
local care_jobs = require "care_jobs"

local function look(jobs, heartbeats)
  local rows = care_jobs.look(jobs, heartbeats)
  log(care_jobs.show(rows))
  return rows
end

-- What has been paused says itself how it is resumed: whoever does that was not there perhaps.
local function tell_paused(team, paused, reason)
  local names = table.concat(paused.jobs, ",")
  care.tell(team, { severity = "warning", title = "Jobs paused",
    text = ("%s (%s). Afterwards: scheduled-jobs action=resume jobs=%s since=%s"):format(
      #paused.jobs > 0 and table.concat(paused.jobs, ", ") or "none", reason, names,
      date("%Y-%m-%dT%H:%M:%SZ", paused.since)) })
end

return runbook {
  summary = "Look at the jobs, pause them around an incident, resume and catch up what was missed",
  targets = {
    ["schedule/jobs"] = { "pause", "resume", "run_now" },
    ["metrics/heartbeats"] = {},
    ["notify/team"] = { "send" },
  },
  parameters = {
    action = { type = "string", enum = { "look", "around", "pause", "resume" }, default = "look",
      help = "around: pause, wait for a person, resume and catch up" },
    jobs = { type = "list", help = "only these; resume needs the ones that were paused" },
    since = { type = "time", help = "resume: what was missed since then is caught up" },
    reason = { type = "string", default = "an incident", help = "kept with the pause" },
  },
  locks = { "schedule/jobs" },
  on_failure = "stop",
  refuse = function(params)
    for _, name in ipairs(params.jobs or {}) do
      if not care.jobs[name] then return ("There is no job %s."):format(name) end
    end
    if params.action ~= "resume" then return end
    -- Somebody else may have paused others, for a reason of their own.
    if not params.jobs or #params.jobs == 0 then
      return "Say which jobs: those that the pause has named, and no others."
    end
    if not params.since then
      return "Say since when: what was missed from then on is caught up."
    end
  end,

  run = function(params)
    local jobs, heartbeats, team = schedule("jobs"), metrics("heartbeats"), notify("team")
    local names = params.jobs or care_jobs.names()
    if params.action == "look" then
      local rows = look(jobs, heartbeats)
      local problem = care_jobs.problem(rows)
      if problem then
        care.tell(team, { severity = "error", title = "Jobs are not well", text = problem })
      end
      ensure(not problem, "Jobs are not well: %s", tostring(problem))
      return { rows = rows }
    end

    local paused
    if params.action == "resume" then
      paused = { jobs = names, since = params.since }
    else
      paused = care_jobs.pause(jobs, names, params.reason)
      tell_paused(team, paused, params.reason)
      if params.action == "pause" then return { paused = paused.jobs, since = paused.since } end
      approve("Resume the jobs?", { role = "incident-commander",
        detail = "Those that were paused here run again; what they missed is caught up once." })
    end
    care_jobs.resume(jobs, paused)
    local caught_up = care_jobs.catch_up(jobs, paused.jobs, paused.since)
    care.tell(team, { title = "Jobs resumed", text = ("%d resumed, %d caught up"):format(
      #paused.jobs, #caught_up) })
    care_jobs.ensure_ran(caught_up)
    return { resumed = paused.jobs, caught_up = caught_up }
  end,
}
