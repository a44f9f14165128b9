-- api-down: started anew and watched, else back a release, and honest about which it was.
local vera_world = require "vera_world"

local yes = { answers = { ["Go back to the release before?"] = "approve" } }

describe("api-down", function()
  local w
  before_each(function()
    w = vera_world.open(world "production")
    w.deploy.api:fail { instances = 2 }
  end)

  local function answers_badly(times)
    w.http.api:answer { path = "/health", status = 503, times = times }
  end

  it("starts the same release anew, and is quick about it", function()
    local run = w:run("api-down", { watch_for = "10s" }, yes)
    assert.equal("done", run.outcome)
    assert.equal("started anew", run.value.how)
    assert.equal("bbbbbbb", w.deploy.api.version)
    assert.equal("resolved", w.notify.team.incidents["api-down"].state)
    assert.is_true(run.took_s < duration("1m"))
  end)

  it("goes back a release where starting anew is not enough", function()
    answers_badly(46)
    local run = w:run("api-down", { watch_for = "10s" }, yes)
    assert.equal("done", run.outcome)
    assert.equal("rolled back", run.value.how)
    assert.equal("aaaaaaa", w.deploy.api.version)
  end)

  it("leads the release before to today's primary after a failover", function()
    w.secrets.vault:put { name = "database-url", value = "postgresql://replica" }
    answers_badly(46)
    local run = w:run("api-down", { watch_for = "10s" }, yes)
    assert.equal("done", run.outcome)
    assert.equal("aaaaaaa", w.deploy.api.version)
    assert.is_string(vera_world.variable(w, "DATABASE_URL").digest)
  end)

  it("asks nobody before it goes back where it may do so alone", function()
    answers_badly(46)
    local run = w:run("api-down", { watch_for = "10s", ask_first = false })
    assert.equal("done", run.outcome)
    assert.same({}, w.questions)
  end)

  it("says so where there is no release before to go back to", function()
    w = world "production"
    w.deploy.api:serve { version = "aaaaaaa", instances = 2 }
    w.http.api:answer { path = "/health", status = 503 }
    local run = w:run("api-down", {}, yes)
    assert.contains("There is no release before", run.reason)
    assert.same({}, w.questions)
  end)

  it("stays with the release where a person refuses to go back", function()
    answers_badly()
    local run = w:run("api-down", {}, { answers = {
      ["Go back to the release before?"] = { decision = "reject", reason = "the network" } } })
    assert.equal("waits", run.outcome)
    assert.contains("the network", run.reason)
    assert.equal(0, w:times "deploy/api:rollback")
    assert.equal("open", w.notify.team.incidents["api-down"].state)
  end)

  it("leaves the locks to the database's recovery where that is down", function()
    w.database.primary:fail()
    local run = w:run("api-down", {}, yes)
    assert.equal("failed", run.outcome)
    assert.contains("start database-down instead", run.reason)
    assert.contains("start database-down instead", w:told "notify/team")
    assert.equal(0, w:times "deploy/api:redeploy")
    local recovery = w:run("database-down", {}, {
      answers = { ["Promote the replica?"] = "reject" } })
    assert.equal("waits", recovery.outcome)
  end)

  it("opens nothing that was closed on purpose", function()
    w.deploy.api:scale { instances = 0 }
    w:prepared()
    local run = w:run("api-down", {}, yes)
    assert.equal("failed", run.outcome)
    assert.contains("a recovery has closed it", run.reason)
    assert.equal(0, w.deploy.api.instances)
    assert.equal(0, w:times "deploy/api:redeploy")
    run = w:run("api-down", { watch_for = "10s", even_if_closed = true }, yes)
    assert.equal("done", run.outcome)
    assert.equal(1, w.deploy.api.instances_healthy)
  end)

  it("goes on where only Redis is down, and does not call that well", function()
    w.cache.redis:fail()
    local run = w:run("api-down", {}, yes)
    assert.equal("waits", run.outcome)
    assert.equal("Ask database, Redis and photos themselves", run.asks[1].name)
    assert.equal(1, w:times "deploy/api:redeploy")
  end)

  it("keeps the incident open where the API falls again while it is watched", function()
    w:fails("http/api:check", { how = "failed", skip = 4 })
    local run = w:run("api-down", {}, yes)
    assert.equal("waits", run.outcome)
    assert.equal("everything stays healthy", run.asks[1].name)
    assert.equal("open", w.notify.team.incidents["api-down"].state)
  end)
end)
