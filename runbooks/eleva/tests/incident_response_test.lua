-- incident-response: from the alarm to the post-mortem, each part where it goes well and where not.
local care_world = require "care_world"

local choose_rollback = { answers = { ["How is it mitigated?"] = "rollback" } }

describe("incident-response", function()
  local w
  before_each(function() w = care_world.warm_up(care_world.open(world "production")) end)

  -- The newest release is at fault: with the one before everything is well.
  local function break_release()
    care_world.break_service(w, "stripe", 4)
  end

  local function timeline_of(run)
    local lines = {}
    for place, line in ipairs(run.value.timeline) do lines[place] = line.text end
    return table.concat(lines, "\n")
  end

  it("goes from the alarm to the post-mortem", function()
    break_release()
    w.notify.oncall:acknowledges_after { after = "2m", by = "sam" }
    local run = w:run("incident-response", { key = "stripe-down" }, choose_rollback)
    assert.equal("done", run.outcome)
    assert.equal("rollback", run.value.mitigation)
    assert.equal("critical", run.value.severity)
    assert.equal("aaaaaaa", w.deploy.app.version)
    assert.equal("resolved", w.notify.oncall.incidents["stripe-down"].state)
    assert.equal("resolved", w.notify.page.incidents["stripe-down"].state)
    local told = timeline_of(run)
    for _, wanted in ipairs { "investigating", "Mitigation begins: rollback", "monitoring",
      "Mitigated: rollback", "resolved" } do
      assert.contains(wanted, told)
    end
    assert.equal(1, w:times "process/ci:run")
  end)

  it("puts the timeline into the post-mortem", function()
    break_release()
    w:run("incident-response", { key = "stripe-down" }, choose_rollback)
    local written = json.encode(w.effects)
    for _, wanted in ipairs { "## Timeline", "Mitigation begins: rollback", "stripe-down" } do
      assert.contains(wanted, written)
    end
  end)

  it("does nothing where nothing is wrong, unless somebody says what is", function()
    local run = w:run("incident-response")
    assert.equal("done", run.outcome)
    assert.is_false(run.value.incident)
    assert.same({}, w.sent)
    run = w:run("incident-response", { summary = "Bookings vanish", mitigation = "rollback" },
      { answers = { ["Is it over?"] = "yes" } })
    assert.is_true(run.value.incident)
    assert.contains("Bookings vanish", w:told())
  end)

  it("takes a firing monitor for an incident", function()
    w.metrics.monitors:alarm { name = "eleva.care", state = "firing" }
    local run = w:run("incident-response", { mitigation = "rollback" })
    assert.is_true(run.value.incident)
    assert.contains("eleva.care", timeline_of(run))
  end)

  it("calls the lead where the one on call does not take it, and ends that too", function()
    break_release()
    w.notify.lead:acknowledges_after { after = "1m", by = "kim" }
    local run = w:run("incident-response", { key = "down", mitigation = "rollback",
      watch_for = "20m" })
    assert.equal("done", run.outcome)
    assert.equal("kim", run.value.taken.by)
    assert.near(360, run.value.taken.after_s, 30)
    assert.equal("resolved", w.notify.lead.incidents["down-2"].state)
  end)

  it("calls nobody else once somebody has chosen how it is mitigated", function()
    break_release()
    local run = w:run("incident-response", { key = "down" }, choose_rollback)
    assert.equal("the incident commander", run.value.taken.by)
    assert.equal(0, w:times "notify/lead:open")
  end)

  it("pauses the jobs, resumes them, and catches up what they missed", function()
    break_release()
    local run = w:run("incident-response", { mitigation = "rollback", watch_for = "70m" })
    assert.equal("done", run.outcome)
    local names = {}
    for place, one in ipairs(run.value.caught_up) do
      names[place] = one.job
      assert.equal("succeeded", one.state)
    end
    assert.contains("appointment-reminders-1hr", names)
    assert.equal("active", w.schedule.jobs.jobs["process-expert-transfers"].state)
  end)

  it("leaves the jobs alone where it is told so", function()
    break_release()
    w:run("incident-response", { mitigation = "rollback", pause_jobs = false })
    assert.equal(0, w:times "schedule/jobs:pause")
  end)

  it("asks again where the first way has not helped", function()
    care_world.break_service(w, "stripe", 20)
    local run = w:run("incident-response", { mitigation = "config-restore", well_within = "1m" },
      { answers = { ["How is it mitigated?"] = "by-hand", ["Mend it"] = "new webhook" } })
    assert.equal("done", run.outcome)
    assert.equal("by-hand", run.value.mitigation)
    assert.contains("config-restore has not helped", timeline_of(run))
  end)

  it("releases the commit that a person names, without asking for it twice", function()
    break_release()
    local run = w:run("incident-response", {}, { answers = {
      ["How is it mitigated?"] = "deploy", ["Which commit is released?"] = "ccccccc" } })
    assert.equal("done", run.outcome)
    assert.equal("ccccccc", w.deploy.app.version)
    assert.equal("deploy", run.value.mitigation)
  end)

  it("releases the commit that it was started with", function()
    break_release()
    local run = w:run("incident-response", { mitigation = "deploy", version = "ccccccc" })
    assert.equal("ccccccc", w.deploy.app.version)
    assert.same({}, run.asks)
  end)

  it("resumes the jobs where they are the cause, and does not pause them first", function()
    w.schedule.jobs:pause { jobs = { "process-expert-transfers", "cleanup-expired-reservations" } }
    local noon = w:now()
    w:advance("5h")
    local run = w:run("incident-response", { summary = "No transfers since noon",
      outage_began = noon, mitigation = "scheduled-jobs" }, { answers = {
      ["Which jobs run again?"] = "process-expert-transfers", ["Is it over?"] = "yes" } })
    assert.equal("done", run.outcome)
    local jobs = w.schedule.jobs
    assert.equal("active", jobs.jobs["process-expert-transfers"].state)
    assert.equal("paused", jobs.jobs["cleanup-expired-reservations"].state)
    assert.equal(1, w:times "schedule/jobs:run_now")
    assert.equal(0, w:times "schedule/jobs:pause")
  end)

  it("resumes the jobs that it was started with", function()
    w.schedule.jobs:pause { jobs = { "keep-alive", "cleanup-blocked-dates" } }
    w.metrics.monitors:alarm { name = "keep-alive", state = "firing" }
    local run = w:run("incident-response", { mitigation = "scheduled-jobs",
      jobs = { "keep-alive" } })
    assert.equal("done", run.outcome)
    assert.same({}, w.questions)
    assert.equal("active", w.schedule.jobs.jobs["keep-alive"].state)
    assert.equal("paused", w.schedule.jobs.jobs["cleanup-blocked-dates"].state)
  end)

  it("catches up what failed in the outage before the jobs were paused", function()
    w.schedule.jobs:fails { job = "process-expert-transfers", ratio = 1 }
    local began = w:now()
    w:advance("3h")
    w.schedule.jobs:fails { job = "process-expert-transfers", ratio = 0 }
    break_release()
    local run = w:run("incident-response", { mitigation = "rollback", outage_began = began })
    assert.equal("process-expert-transfers", run.value.caught_up[1].job)
    assert.equal("succeeded", run.value.caught_up[1].state)
  end)

  it("is only a warning where nothing but analytics fails", function()
    care_world.break_service(w, "analytics", 4)
    local run = w:run("incident-response", { mitigation = "rollback" })
    assert.equal("warning", run.value.severity)
    assert.equal(0, w:times "notify/page:open")
    for _, one in ipairs { "qstash", "novu", "posthog", "database" } do
      assert.does_not.contains(one .. ": ", w:told "notify/oncall")
    end
  end)

  it("is critical where the API answers nothing at all", function()
    w.http.site:answer { path = "/api/healthcheck", status = 500, times = 20 }
    local run = w:run("incident-response", { mitigation = "rollback" })
    assert.equal("critical", run.value.severity)
    assert.equal(1, w:times "notify/page:open")
  end)

  it("pauses nothing where all was paused already", function()
    break_release()
    w.schedule.jobs:pause { jobs = "all" }
    local run = w:run("incident-response", { mitigation = "rollback" })
    assert.equal("done", run.outcome)
    assert.equal("paused", w.schedule.jobs.jobs["process-expert-transfers"].state)
  end)

  it("waits where it does not stay well", function()
    care_world.break_service(w, "stripe", 3)
    local run = w:run("incident-response", { mitigation = "by-hand", key = "down" }, { answers = {
      ["Mend it"] = { value = "restarted", after = 60 } } })
    assert.equal("done", run.outcome)
    break_release()
    w.http.site:answer { path = "/api/health/clerk", status = 200, json = { status = "healthy" },
      times = 4 }
    w.http.site:answer { path = "/api/health/clerk", status = 503 }
    run = w:run("incident-response", { mitigation = "rollback", key = "again" })
    assert.equal("waits", run.outcome)
    assert.equal("open", w.notify.page.incidents.again.state)
  end)

  it("waits where nothing helps, with the incident open and the jobs paused", function()
    care_world.break_service(w, "stripe")
    local run = w:run("incident-response", { key = "down", well_within = "1m" }, { answers = {
      ["How is it mitigated?"] = "by-hand", ["Mend it"] = "tried" } })
    assert.equal("waits", run.outcome)
    assert.contains("none has helped", run.reason)
    assert.is_not.equal("resolved", w.notify.oncall.incidents.down.state)
    assert.equal("paused", w.schedule.jobs.jobs["process-expert-transfers"].state)
  end)

  it("waits where nobody says how it is mitigated, after an hour of asking and telling", function()
    care_world.break_service(w, "stripe")
    local run = w:run("incident-response")
    assert.equal("waits", run.outcome)
    assert.equal("How is it mitigated?", run.asks[1].name)
    assert.near(3600, run.took_s, 60)
    assert.contains("Nobody has taken it", w:told "notify/team")
    assert.contains("Nobody says how it is mitigated", w:told "notify/team")
    assert.equal("paused", w.schedule.jobs.jobs["process-expert-transfers"].state)
    w:undo(run)
    assert.equal("active", w.schedule.jobs.jobs["process-expert-transfers"].state)
  end)

  it("ends an alarm that is over by itself, and lets the jobs run again", function()
    care_world.break_service(w, "stripe", 3)
    local run = w:run("incident-response", { key = "down" })
    assert.equal("done", run.outcome)
    assert.equal("by-itself", run.value.mitigation)
    assert.equal("active", w.schedule.jobs.jobs["process-expert-transfers"].state)
    assert.equal("resolved", w.notify.oncall.incidents.down.state)
    assert.does_not.contains("We know what is wrong", w:told "notify/page")
    assert.contains("All of Eleva works again", w:told "notify/page")
    assert.is_true(run.took_s > 1800)
  end)

  it("goes on asking where it is well for a moment only, or where only a person sees it", function()
    care_world.break_service(w, "stripe", 3)
    for _ = 1, 9 do
      w.http.site:answer { path = "/api/health/clerk", status = 200, json = { status = "healthy" },
        times = 4 }
      w.http.site:answer { path = "/api/health/clerk", status = 503, times = 2 }
    end
    w.http.site:answer { path = "/api/health/clerk", status = 503 }
    assert.equal("How is it mitigated?", w:run("incident-response").asks[1].name)
    local other = care_world.warm_up(care_world.open(world "production"))
    local run = other:run("incident-response", { summary = "Bookings vanish" })
    assert.equal("How is it mitigated?", run.asks[1].name)
  end)

  it("takes no other word for a way; what a person has seen is over when one says so", function()
    break_release()
    assert.has_error(function()
      w:run("incident-response", {}, { answers = { ["How is it mitigated?"] = "no" } })
    end, "Answer one of: rollback")
    w = care_world.warm_up(care_world.open(world "production"))
    local run = w:run("incident-response", { summary = "Bookings vanish", mitigation = "by-hand" },
      { answers = { ["Mend it"] = "cannot", ["How is it mitigated?"] = "rollback",
        ["Is it over?"] = { { value = "no" }, { value = "yes" } } } })
    assert.equal("done", run.outcome)
    assert.equal("rollback", run.value.mitigation)
    assert.contains("by-hand has not helped: It is not over: Bookings vanish.", timeline_of(run))
  end)

  it("goes on where Better Stack, PostHog and the status page do not answer", function()
    break_release()
    w:fails("metrics/monitors:alarms", { how = "failed", times = 9 })
    w:fails("metrics/product:read", { how = "failed", times = 9 })
    w.notify.page:fail { code = "unreachable" }
    w.notify.oncall:acknowledges_after { after = "1m", by = "sam" }
    local run = w:run("incident-response", { mitigation = "rollback" })
    -- A report that was never opened has no end either.
    assert.equal("waits", run.outcome)
    assert.equal("End the incident at notify/page", run.asks[1].name)
    assert.equal("aaaaaaa", w.deploy.app.version)
  end)
end)
