-- Failover: no promotion before the old primary is fenced, by whomever.
describe("failover", function()
  local w
  before_each(function()
    w = world "test"
    w.database.main:execute { sql = "create table orders (id integer primary key)" }
    w.database.standby:replicate { from = "database/main", behind = "20s" }
    w:advance("1m")
    w:prepared()
  end)

  local function fail_over(options)
    return w:run("failover", { outage_began = w:now() }, options)
  end

  it("fences, promotes, and leaves one primary that takes writes", function()
    w.database.main:isolate()
    local run = fail_over { answers = { ["Fence the old primary by hand"] = "pulled the plug" } }
    assert.equal("done", run.outcome)
    assert.same({ "standby" }, w.families.database:writers())
  end)

  it("asks a person where nothing else fences", function()
    w:fails("database/main:fence", { how = "failed", times = 2 })
    w.database.main:fail()
    local run = fail_over()
    assert.equal("waits", run.outcome)
    assert.equal("Fence the old primary by hand", run.asks[1].name)
    assert.equal(0, w:times "database/standby:promote")
    run = w:resume(run, { answers = { ["Fence the old primary by hand"] = "switched it off" } })
    assert.equal("done", run.outcome)
    assert.equal("by hand", run.value.how)
  end)

  it("stops the server of a dead primary by its platform, and asks nobody", function()
    w.deploy.web:serve { version = "1", instances = 1 }
    w.database.main:fail()
    w:fails("database/main:fence", { how = "failed", times = 2 })
    local run = w:run("failover", { outage_began = w:now(), by_platform = true })
    assert.equal("done", run.outcome)
    assert.equal("by its platform", run.value.how)
    assert.equal(0, w.deploy.web.instances)
    assert.same({}, w.questions)
    assert.is_true(run.took_s < duration("90s"))
  end)

  it("asks a person where its platform cannot stop it either", function()
    w.database.main:fail()
    w:fails("database/main:fence", { how = "failed", times = 2 })
    w:fails("deploy/web:scale", { how = "failed" })
    local run = w:run("failover", { outage_began = w:now(), by_platform = true })
    assert.equal("Fence the old primary by hand", run.asks[1].name)
    assert.contains("its platform: ", run.asks[1].detail)
  end)

  it("is undone to a server that runs again where nothing was promoted", function()
    w.deploy.web:serve { version = "1", instances = 1 }
    w.database.main:fail()
    w:fails("database/main:fence", { how = "failed", times = 2 })
    w:fails("database/standby:promote", { how = "failed", times = 3 })
    w:undo(w:run("failover", { outage_began = w:now(), by_platform = true }))
    assert.equal(1, w.deploy.web.instances)
  end)

  it("is undone without two that take writes", function()
    local run = w:undo(fail_over())
    assert.same({ "standby" }, w.families.database:writers())
    assert.equal("partly undone", run.outcome)
  end)

  it("is undone to the old primary where nothing was promoted", function()
    w:fails("database/standby:promote", { how = "failed", times = 3 })
    local run = fail_over()
    assert.equal("waits", run.outcome)
    w:undo(run)
    assert.same({ "main" }, w.families.database:writers())
  end)

  it("takes the next way where the first does not fence", function()
    w:fails("database/main:fence", { how = "failed" })
    local run = fail_over()
    assert.equal("done", run.outcome)
    assert.equal("read_only", run.value.how)
  end)

  it("counts what is lost from the last transaction that was replayed", function()
    w.database.main:fail()
    local run = w:run("failover", { outage_began = w:now() },
      { answers = { ["Fence the old primary by hand"] = "off" } })
    assert.is_true(run.value.lost_s >= 0)
  end)

  it("says so where a person skips the fence", function()
    w:fails("database/main:fence", { how = "failed", times = 2 })
    local asked = fail_over()
    local run = w:skip(asked, { step = "Fence the old primary", reason = "its disk is gone" })
    assert.equal("done", run.outcome, tostring(run.reason))
    assert.equal("skipped", run.value.how)
  end)
end)

describe("stopping the old application", function()
  local w
  before_each(function()
    w = world "test"
    w.deploy.web:serve { version = "1", instances = 2 }
    w.deploy.app:serve { slot = "blue", version = "1", instances = 2 }
    w.deploy.app:serve { slot = "green", version = "1", instances = 1 }
    w:prepared()
  end)
  local yes = { answers = { ["Make sure the old application is off"] = "switched it off" } }

  it("is done by its platform, and asks nobody", function()
    local run = w:run("stop-old", {}, yes)
    assert.equal("by its platform", run.value.how)
    assert.equal(0, w.deploy.web.instances)
    assert.same({}, w.questions)
    assert.equal(30, w.effects[w:place "deploy/web:scale"].arguments.timeout)
  end)

  it("stops each of its slots", function()
    local run = w:run("stop-old", { slots = true }, yes)
    assert.equal("done", run.outcome)
    assert.equal(0, w.deploy.app.slots.blue.instances)
    assert.equal(0, w.deploy.app.slots.green.instances)
  end)

  it("is undone to as many instances as each slot had, while the standby is a replica", function()
    w.database.standby:replicate { from = "database/main", behind = 1 }
    local run = w:undo(w:run("stop-old", { slots = true, standby = true }, yes))
    assert.equal("undone", run.outcome, tostring(run.reason))
    assert.equal(2, w.deploy.app.slots.blue.instances)
    assert.equal(1, w.deploy.app.slots.green.instances)
  end)

  it("stays where the standby takes writes, or nobody gave one", function()
    w.database.standby:replicate { from = "database/main", behind = 1 }
    local run = w:run("stop-old", { standby = true }, yes)
    w.database.standby:promote {}
    run = w:undo(run)
    assert.contains("The old application stays off", run.reason)
    assert.equal(0, w.deploy.web.instances)
    w.deploy.web:scale { instances = 2 }
    run = w:run("stop-old", {}, yes)
    assert.error(function() w:undo(run) end, "nothing left of this run to undo")
  end)

  it("is not undone to a size that nobody knows", function()
    w.database.standby:replicate { from = "database/main", behind = 1 }
    w:fails("deploy/web:status", { how = "failed" })
    local run = w:undo(w:run("stop-old", { standby = true }, yes))
    assert.contains("Nobody could tell how many instances", run.reason)
    assert.equal(0, w.deploy.web.instances)
  end)

  it("is a person's where its platform cannot be told, and keeps what they say", function()
    w:fails("deploy/web:scale", { how = "failed", message = "No answer." })
    local run = w:run("stop-old", {}, yes)
    assert.equal("done", run.outcome)
    assert.equal("switched it off", run.value.how)
    assert.same({ "Make sure the old application is off" }, w.questions)
  end)

  it("is a person's where one of two slots cannot be told", function()
    w:fails("deploy/app:scale", { how = "failed", skip = 1 })
    assert.equal("switched it off", w:run("stop-old", { slots = true }, yes).value.how)
  end)

  it("goes on with nothing while nobody says that it is off", function()
    w:fails("deploy/web:scale", { how = "failed", message = "No answer." })
    local run = w:run("stop-old")
    assert.equal("waits", run.outcome)
    assert.contains("No answer.\nSwitch its machine off", run.asks[1].detail)
    assert.equal("incident-commander", run.asks[1].role)
  end)

  it("says so where a person skips it", function()
    w:fails("deploy/web:scale", { how = "failed" })
    local run = w:skip(w:run("stop-old"),
      { step = "Stop the old application", reason = "there is none" })
    assert.equal("done", run.outcome, tostring(run.reason))
    assert.equal("skipped", run.value.how)
  end)

  it("is undone as its user says", function()
    assert.equal("undone", w:undo(w:run("stop-old", { comes_back = true })).outcome)
    assert.equal(2, w.deploy.web.instances)
  end)

  it("stays when the run is undone", function()
    -- A run that has nothing else to undo cannot be undone at all.
    local run = w:run("stop-old")
    assert.error(function() w:undo(run) end, "not_taken")
    assert.equal(0, w.deploy.web.instances)
  end)
end)
