-- The eight jobs: whether each runs as it should, kept still for a while, and caught up once.
local care = require "care"
local options = require "patterns.options"

local M = {}

-- A job may be so late before it counts as late: QStash repeats what was not taken.
local grace_s = 5 * 60

---All names, in order.
function M.names()
  local names = {}
  for name in pairs(care.jobs) do names[#names + 1] = name end
  table.sort(names)
  return names
end

---The last time at or before `at` (Unix seconds) at which a job should have begun.
function M.last_due(name, at)
  local job = care.jobs[name]
  local every, past_midnight = duration(job.every), duration(job.at or 0)
  return math.floor((at - past_midnight) / every) * every + past_midnight
end

-- What has become of the job's times from `due` on: "succeeded" where one did, "running" where one
-- is at it, "failed", or "missed" where none began.
local function outcome_since(jobs, name, due)
  local seen = {}
  for _, one in ipairs(jobs:runs { job = name, since = due }) do seen[one.state] = true end
  return seen.succeeded and "succeeded" or seen.running and (seen.failed and "failing" or "running")
    or seen.failed and "failed" or "missed"
end

local function problem_of_schedule(name, found)
  local job = care.jobs[name]
  if not found then return "QStash has no such schedule" end
  if found.cron ~= job.cron or found.time_zone ~= "UTC" then
    return ("its schedule is %s %s, not %s UTC"):format(found.cron, found.time_zone, job.cron)
  end
  if found.state ~= "active" then return "it is paused" end
end

local function problem_of_runs(jobs, name)
  local due = M.last_due(name, now() - grace_s)
  local outcome = outcome_since(jobs, name, due)
  if outcome == "missed" or outcome == "failed" or outcome == "failing" then
    return ("it should have run at %s, and %s"):format(date("%Y-%m-%d %H:%M UTC", due),
      outcome == "missed" and "did not" or "failed")
  end
end

local function problem_of_heartbeat(name, beat)
  if care.jobs[name].heartbeat and beat ~= "ok" then
    return ("its heartbeat is %s"):format(beat == "firing" and "overdue" or "not heard")
  end
end

---How each job stands, by QStash's log against its schedule, and by its heartbeat.
---@return table[] rows { job, state, last_at?, heartbeat?, problem? }
function M.look(jobs, heartbeats)
  local beats, rows = {}, {}
  for _, one in ipairs(heartbeats:alarms {}) do beats[one.name] = one.state end
  -- A plan does not know which times will have come, nor what it changes itself: it assumes that
  -- each has run.
  ensure(function()
    local by_name = {}
    for _, one in ipairs(jobs:list()) do by_name[one.job] = one end
    for place, name in ipairs(M.names()) do
      local found = by_name[name]
      rows[place] = { job = name, state = found and found.state or "absent",
        last_at = found and found.last_at,
        heartbeat = care.jobs[name].heartbeat and (beats[name] or "unknown") or nil,
        problem = problem_of_schedule(name, found) }
    end
    for _, row in ipairs(rows) do row.problem = row.problem or problem_of_runs(jobs, row.job) end
    return true
  end, "A job has not run as it should")
  for _, row in ipairs(rows) do
    row.problem = row.problem or problem_of_heartbeat(row.job, beats[row.job])
  end
  return rows
end

---What is wrong with the jobs, in one sentence; nil where nothing is.
function M.problem(rows)
  local wrong = {}
  for _, row in ipairs(rows) do
    if row.problem then wrong[#wrong + 1] = ("%s: %s"):format(row.job, row.problem) end
  end
  return #wrong > 0 and table.concat(wrong, "; ") or nil
end

---The rows as lines of text.
function M.show(rows)
  local lines = {}
  for place, row in ipairs(rows) do
    lines[place] = ("%-30s %-13s %-7s last %-16s heartbeat %s%s"):format(row.job,
      care.jobs[row.job].cron, row.state,
      row.last_at and date("%Y-%m-%d %H:%M", row.last_at) or "never", row.heartbeat or "-",
      row.problem and "  " .. row.problem or "")
  end
  return table.concat(lines, "\n")
end

---Keeps jobs still. Undoing it lets those run again that it stopped, and no others.
---@return table paused { jobs, since }: what `resume` takes.
function M.pause(jobs, names, reason)
  options.target(jobs, "schedule", "care_jobs.pause")
  -- Both are read before the step: a second attempt would find paused what the first one paused,
  -- and nobody would resume it; and what is missed while the pause is made counts as missed.
  local since, wanted, active = now(), {}, {}
  for _, name in ipairs(names) do wanted[name] = true end
  for _, one in ipairs(jobs:list()) do
    if wanted[one.job] and one.state == "active" then active[#active + 1] = one.job end
  end
  if #active == 0 then return { jobs = active, since = since } end
  step("Pause the jobs", { retries = 2 }, function()
    jobs:pause { jobs = active, reason = reason }
  end)
  return { jobs = active, since = since }
end

---Lets the jobs run again that `pause` stopped.
function M.resume(jobs, paused)
  if #paused.jobs == 0 then return end
  step("Resume the jobs", { retries = 2 }, function()
    jobs:resume { jobs = paused.jobs }
  end)
end

-- The last time of a job that has come since `since` and did not go well, and what became of it.
local function missed_time(jobs, name, since)
  if care.jobs[name].catch_up == "never" then return nil end
  local due = M.last_due(name, now())
  if due < since then return nil end
  local outcome = outcome_since(jobs, name, due)
  if outcome == "missed" or outcome == "failed" then return due, outcome end
end

---Runs each job once that should have begun since `since` and did not: for the last of its times.
---A job does all that has come together, so once is enough; no time that went well is run twice.
---@return table[] caught_up { job, for_at, state }
function M.catch_up(jobs, names, since)
  local missed, done = {}, {}
  -- A plan does not know which times will have come: it assumes that none was missed.
  ensure(function()
    for _, name in ipairs(names) do
      if missed_time(jobs, name, since) then missed[#missed + 1] = name end
    end
    return true
  end, "A job has missed its time: it is caught up")
  for _, name in ipairs(missed) do
    -- Its next time may have come since, while another was caught up.
    local due, outcome = missed_time(jobs, name, since)
    if due then
      local ended = step("Catch up " .. name, { undo = false }, function()
        -- A time is executed once, so what failed is executed for a time of its own.
        return jobs:run_now { job = name, for_at = outcome == "missed" and due or nil }
      end)
      done[#done + 1] = { job = name, for_at = due, state = ended.state }
    end
  end
  return done
end

---Fails where a job that was caught up has not ended well.
function M.ensure_ran(caught_up)
  local failed = {}
  for _, one in ipairs(caught_up) do
    if one.state ~= "succeeded" then failed[#failed + 1] = one.job .. ": " .. one.state end
  end
  if #failed > 0 then
    options.fail("job_failed", ("Jobs that were caught up did not end well: %s. Look at QStash's "
      .. "log of them."):format(table.concat(failed, "; ")), "never")
  end
end

return M
