-- scheduled-jobs: what counts as late, what a pause stops, and that a missed run is caught up once.
local care = require "care"
local care_jobs = require "care_jobs"
local care_world = require "care_world"

describe("the last time a job should have begun", function()
  it("is what its schedule says", function()
    local w = care_world.warm_up(care_world.open(world "production"))
    for name in pairs(care.jobs) do
      local job = w.schedule.jobs.jobs[name]
      local every = duration(care.jobs[name].every)
      assert.equal(job.next_at, care_jobs.last_due(name, job.next_at), name)
      assert.equal(job.next_at - every, care_jobs.last_due(name, job.next_at - 1), name)
    end
  end)
end)

describe("scheduled-jobs", function()
  local w
  before_each(function() w = care_world.warm_up(care_world.open(world "production")) end)

  it("finds nothing wrong where all eight run", function()
    local run = w:run("scheduled-jobs")
    assert.equal("done", run.outcome)
    assert.equal(8, #run.value.rows)
    local shown = table.concat(run.log, "\n")
    assert.matches("process%-expert%-transfers +0 %*/2 %* %* %* +active +last 2026%-01%-02 10:00 "
      .. "+heartbeat ok", shown)
    assert.matches("keep%-alive +%*/5 %* %* %* %* +active +last [%d-]+ [%d:]+ +heartbeat %-", shown)
    assert.same({}, w.effects)
  end)

  for what, case in pairs {
    ["is paused"] = { function() w.schedule.jobs:pause { jobs = { "keep-alive" } } end,
      "keep-alive: it is paused" },
    ["is gone"] = { function() w.schedule.jobs:delete { job = "keep-alive" } end,
      "keep-alive: QStash has no such schedule" },
    ["has another schedule"] = { function()
      w.schedule.jobs:put { job = "keep-alive", cron = "0 0 * * *" }
    end, "keep-alive: its schedule is 0 0 * * *" },
    ["fails every time"] = { function()
      w.schedule.jobs:fails { job = "cleanup-expired-reservations" }
      w:advance("1h")
    end, "cleanup-expired-reservations: it should have run at" },
    ["gives no sign of life"] = { function()
      w.metrics.heartbeats:alarm { name = "send-payment-reminders", state = "firing" }
    end, "send-payment-reminders: its heartbeat is overdue" },
    ["does not begin, since QStash stands still"] = { function()
      w.schedule.jobs:stop()
      w:advance("3h")
    end, "process-expert-transfers: it should have run at" },
  } do
    it("says so where a job " .. what, function()
      case[1]()
      local run = w:run("scheduled-jobs")
      assert.equal("failed", run.outcome)
      assert.contains(case[2], run.reason)
      assert.contains("Jobs are not well", w:told())
    end)
  end

  it("pauses around an incident, resumes only what it paused, and catches up once", function()
    w.schedule.jobs:pause { jobs = { "cleanup-expired-reservations" } }
    local run = w:run("scheduled-jobs", { action = "around" }, { answers = {
      ["Resume the jobs?"] = { decision = "approve", after = 3 * 3600 + 60 } } })
    assert.equal("done", run.outcome)
    local jobs = w.schedule.jobs.jobs
    assert.equal("paused", jobs["cleanup-expired-reservations"].state)
    assert.equal("active", jobs["process-expert-transfers"].state)
    local times = {}
    for _, one in ipairs(run.value.caught_up) do times[one.job] = (times[one.job] or 0) + 1 end
    assert.equal(1, times["process-expert-transfers"])
    assert.equal(1, times["appointment-reminders-1hr"])
    assert.is_nil(times["cleanup-expired-reservations"])
    assert.is_nil(times["keep-alive"])
    assert.is_nil(times["process-pending-payouts"])
  end)

  it("keeps the jobs still where a person refuses to resume them", function()
    local run = w:run("scheduled-jobs", { action = "around" }, { answers = {
      ["Resume the jobs?"] = { decision = "reject", reason = "not yet" } } })
    assert.equal("failed", run.outcome)
    assert.equal("paused", w.schedule.jobs.jobs["process-expert-transfers"].state)
  end)

  it("pauses in one run and resumes in another", function()
    w.schedule.jobs:pause { jobs = { "appointment-reminders-1hr" } }
    local paused = w:run("scheduled-jobs", { action = "pause" })
    assert.equal(7, #paused.value.paused)
    assert.contains("action=resume jobs=appointment-reminders,cleanup-blocked-dates,", w:told())
    w:advance("5h")
    local back = { action = "resume", jobs = paused.value.paused, since = paused.value.since }
    local run = w:run("scheduled-jobs", back)
    assert.equal("done", run.outcome)
    assert.same(paused.value.paused, run.value.resumed)
    assert.equal("active", w.schedule.jobs.jobs["process-expert-transfers"].state)
    assert.equal("paused", w.schedule.jobs.jobs["appointment-reminders-1hr"].state)
    for _, one in ipairs(run.value.caught_up) do
      assert.is_not.equal("appointment-reminders-1hr", one.job)
    end
    assert.same({}, w:run("scheduled-jobs", back).value.caught_up)
  end)

  it("fails where a job that was caught up fails", function()
    local paused = w:run("scheduled-jobs", { action = "pause" })
    w:advance("5h")
    w.schedule.jobs:fails { job = "process-expert-transfers" }
    local run = w:run("scheduled-jobs", { action = "resume", jobs = paused.value.paused,
      since = paused.value.since })
    assert.equal("failed", run.outcome)
    assert.contains("process-expert-transfers: failed", run.reason)
  end)

  it("wants to know which jobs and since when, and knows its jobs", function()
    assert.has_error(function()
      w:run("scheduled-jobs", { action = "resume", since = w:now() })
    end, "Say which jobs")
    assert.has_error(function()
      w:run("scheduled-jobs", { action = "resume", jobs = { "keep-alive" } })
    end, "Say since when")
    assert.has_error(function()
      w:run("scheduled-jobs", { action = "pause", jobs = { "payday" } })
    end, "no job payday")
  end)
end)
