-- database-down: never two primaries, never a promotion without a fence, and an API that follows.
local vera_world = require "vera_world"

local yes = { answers = { ["Promote the replica?"] = "approve",
  ["Fence the old primary by hand"] = "switched off at railway.com" } }

describe("database-down", function()
  local w
  before_each(function() w = vera_world.open(world "production") end)

  local function fail_over(options, given)
    return w:run("database-down", given or {}, options or yes)
  end

  it("stops a dead primary's server, promotes the replica and leads the API there", function()
    w.database.primary:fail()
    local run = fail_over()
    assert.equal("done", run.outcome)
    assert.equal("by its platform", run.value.fenced)
    assert.equal(0, w.deploy["primary-server"].instances_healthy)
    assert.same({ "replica" }, vera_world.writers(w))
    assert.is_table(vera_world.variable(w, "DATABASE_URL"))
    assert.equal("resolved", w.notify.team.incidents["database-down"].state)
    assert.is_true(run.took_s < duration("5m"))
  end)

  it("fences a primary that is to be left while it serves", function()
    local run = fail_over(yes, { even_if_up = true })
    assert.equal("done", run.outcome)
    assert.equal("disconnect", run.value.fenced)
    assert.equal(1, w.deploy["primary-server"].instances_healthy)
    assert.same({ "replica" }, vera_world.writers(w))
  end)

  it("leaves a primary that takes writes where it is", function()
    local run = fail_over()
    assert.equal("failed", run.outcome)
    assert.contains("The primary takes writes", run.reason)
    assert.contains("database-down did nothing", w:told "notify/team")
    assert.equal(1, #w.effects)
    -- A false alarm has let go of its locks: who needs them is not refused.
    local back = w:run("rollback", { reason = "r", ask_first = false, watch_for = "10s" })
    assert.equal("done", back.outcome)
  end)

  it("promotes nothing while nobody has fenced", function()
    w.database.primary:fail()
    w.deploy["primary-server"]:set_health { healthy = true }
    w:fails("deploy/primary-server:stop", { how = "failed", code = "unreachable" })
    local run = fail_over { answers = { ["Promote the replica?"] = "approve" } }
    assert.equal("waits", run.outcome)
    assert.equal("Fence the old primary by hand", run.asks[1].name)
    assert.equal(0, w:times "database/replica:promote")
    run = w:resume(run, yes)
    assert.equal("done", run.outcome)
    assert.equal("by hand", run.value.fenced)
  end)

  it("does not take a platform's word that shows nothing to be stopped", function()
    w = vera_world.open(world("production", { recorded = { ["deploy/primary-server:status"] = {
      { arguments = {}, at = 0, times = 9, value = { state = "stopped", instances = 0,
        instances_healthy = 0, maintenance = false } } } } }))
    w.database.primary:fail()
    local run = fail_over { answers = { ["Promote the replica?"] = "approve" } }
    assert.equal("Fence the old primary by hand", run.asks[1].name)
    assert.equal(0, w:times "database/replica:promote")
  end)

  it("changes nothing but the incident where a person refuses", function()
    w.database.primary:fail()
    local run = fail_over { answers = {
      ["Promote the replica?"] = { decision = "reject", reason = "Railway restarts it" } } }
    assert.equal("waits", run.outcome)
    assert.contains("Railway restarts it", run.reason)
    assert.equal(0, w:times "deploy/primary-server:stop")
    assert.same({}, vera_world.writers(w))
  end)

  it("asks nobody where it may go alone and loses no more than the objective", function()
    w.database.primary:fail()
    local run = fail_over({}, { ask_first = false })
    assert.equal("done", run.outcome)
    assert.same({}, w.questions)
  end)

  it("asks all the same where more would be lost", function()
    w.database.replica:replicate { from = "database/primary", behind = "10m" }
    w:advance("20m")
    w.database.primary:execute { sql = "insert into users (email) values ('late@vera.app')" }
    w:advance("5m")
    w.database.primary:fail()
    local run = fail_over({}, { ask_first = false })
    assert.equal("waits", run.outcome)
    assert.equal("Promote the replica?", run.asks[1].name)
  end)

  it("asks nobody 3 minutes after the failure where it is told when that was", function()
    w.database.primary:fail()
    local began = w:now()
    w:advance("3m")
    local run = fail_over({}, { ask_first = false, outage_began = began })
    assert.equal("done", run.outcome)
    assert.same({}, w.questions)
    assert.is_true(run.value.lost_s <= 60)
  end)

  it("asks then where nobody told it, and says why", function()
    w.database.primary:fail()
    w:advance("3m")
    local run = fail_over({}, { ask_first = false })
    assert.equal("Promote the replica?", run.asks[1].name)
    assert.contains("Nobody said when the outage began", json.encode(run.asks[1]))
  end)

  it("asks where the replica does not know what it replayed last, and tells it so", function()
    w = vera_world.open(world("production", { recorded = { ["database/replica:lag"] = {
      { arguments = {}, at = 0, value = { connected = false, idle = true }, times = 9 } } } }))
    w.database.primary:fail()
    local run = fail_over({}, { ask_first = false })
    assert.equal("Promote the replica?", run.asks[1].name)
    assert.contains("Nobody can tell how much is lost", json.encode(run.asks[1]))
    run = w:resume(run, yes)
    assert.equal("done", run.outcome)
    assert.contains("Nobody can tell how much is lost", w:told())
  end)

  it("keeps the incident open while the API is not well", function()
    w.database.primary:fail()
    w.http.api:answer { path = "/health", status = 503 }
    local run = fail_over()
    assert.equal("waits", run.outcome)
    assert.equal("open", w.notify.team.incidents["database-down"].state)
  end)

  it("does not believe a health that has not asked Redis", function()
    w.database.primary:fail()
    w.cache.redis:fail()
    local run = fail_over()
    assert.equal("waits", run.outcome)
    assert.equal("Ask database, Redis and photos themselves", run.asks[1].name)
  end)

  it("is undone without two that take writes", function()
    local run = w:undo(fail_over(yes, { even_if_up = true }))
    assert.same({ "replica" }, vera_world.writers(w))
    assert.equal("partly undone", run.outcome)
    assert.is_table(vera_world.variable(w, "DATABASE_URL"))
  end)

  it("is undone to the old primary where nothing was promoted", function()
    w.database.primary:fail()
    w:fails("database/replica:promote", { how = "failed", times = 3 })
    local run = fail_over()
    assert.equal("Promote the standby", run.asks[1].name)
    w:undo(run)
    w:advance("1m")
    assert.equal(1, w.deploy["primary-server"].instances_healthy)
    assert.equal("replica", w.database.replica.role)
  end)
end)
