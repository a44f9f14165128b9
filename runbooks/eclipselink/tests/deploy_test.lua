-- deploy, application-failure and smoke-test: what serves afterwards, and what people are told.
local clinic_world = require "clinic_world"

local yes = { answers = { ["Release it?"] = "approve" } }

describe("deploy", function()
  local w
  before_each(function() w = clinic_world.open(world "production") end)

  local function settle()
    w:advance("10m")
    return w.deploy.app.version
  end

  it("releases a checked and approved commit, and proves it", function()
    local run = w:run("deploy", { version = "ccccccc" }, yes)
    assert.equal("done", run.outcome)
    assert.same({ version = "ccccccc", before = "bbbbbbb" }, run.value)
    assert.equal("ccccccc", w.deploy.app.version)
    assert.contains("ccccccc serves; it was bbbbbbb.", w:told())
  end)

  it("asks for one approval, and releases nothing before", function()
    w:run("deploy", { version = "ccccccc" })
    assert.equal(1, #w.questions)
    assert.equal("Release it?", w.questions[1])
    assert.equal(0, w:times "deploy/app:release")
  end)

  it("releases nothing where a person refuses", function()
    local run = w:run("deploy", { version = "ccccccc" }, { answers = {
      ["Release it?"] = { decision = "reject", reason = "not on a Friday" } } })
    assert.equal("failed", run.outcome)
    assert.contains("not on a Friday", run.reason)
    assert.equal("bbbbbbb", w.deploy.app.version)
  end)

  it("ends where nobody answers in 30 minutes, so that a recovery is not refused", function()
    local function answered(after)
      return w:run("deploy", { version = "ccccccc" }, { answers = {
        ["Release it?"] = { decision = "approve", after = duration(after) } } })
    end
    assert.equal("failed", answered("31m").outcome)
    assert.equal(0, w:times "deploy/app:release")
    assert.equal("done", answered("29m").outcome)
    assert.equal("done", w:run("rollback", { reason = "x" }).outcome)
  end)

  it("asks nobody whose checks have failed", function()
    w.process.ci:program { name = "checks", exit_code = 1 }
    local run = w:run("deploy", { version = "ccccccc" }, yes)
    assert.equal("failed", run.outcome)
    assert.same({}, w.questions)
    assert.equal("bbbbbbb", w.deploy.app.version)
  end)

  it("takes a release back whose health does not come within 100 s", function()
    w.http.app:answer { path = "/api/health", status = 503 }
    local run = w:run("deploy", { version = "ccccccc" }, yes)
    assert.equal("failed", run.outcome)
    assert.equal("bbbbbbb", settle())
    assert.contains("bbbbbbb serves again", w:told())
  end)

  it("takes a release back that says it is healthy while its database is not", function()
    w.database.clinic:fail()
    local run = w:run("deploy", { version = "ccccccc" }, yes)
    assert.equal("failed", run.outcome)
    assert.equal("bbbbbbb", settle())
  end)

  it("takes a release back while Redis or the storage does not answer", function()
    w.cache.redis:fail()
    assert.contains("Redis does not answer",
      w:run("deploy", { version = "ccccccc" }, yes).reason)
    w.cache.redis:recover()
    w.storage.audio:fail()
    assert.equal("failed", w:run("deploy", { version = "ccccccc" }, yes).outcome)
    assert.equal("bbbbbbb", settle())
  end)

  it("takes a release back that lets a wrong password in", function()
    w.http.app:answer { path = "/api/v1/auth/login", method = "POST", status = 200 }
    local run = w:run("deploy", { version = "ccccccc" }, yes)
    assert.equal("failed", run.outcome)
    assert.contains("a wrong password is refused", run.reason)
    assert.equal("bbbbbbb", settle())
  end)

  it("tells the team where a release fails and cannot be taken back either", function()
    w.http.app:answer { path = "/api/health", status = 503 }
    w:fails("deploy/app:rollback", { how = "failed", code = "cannot_roll_back", times = 9 })
    assert.equal("failed", w:run("deploy", { version = "ccccccc" }, yes).outcome)
    assert.equal("ccccccc", w.deploy.app.version)
    assert.contains("ccccccc is not proved, and serves", w:told())
  end)

  it("says nothing of a failed release that never began", function()
    w.process.ci:program { name = "checks", exit_code = 1 }
    w:run("deploy", { version = "ccccccc" }, yes)
    assert.equal("", w:told())
  end)

  it("gives a release 100 s to become healthy, and no more", function()
    -- Asked every two seconds, the answer itself takes 20 ms.
    w.http.app:answer { path = "/api/health", status = 503, times = 47 }
    assert.equal("done", w:run("deploy", { version = "ccccccc" }, yes).outcome)
    w = clinic_world.open(world "production")
    w.http.app:answer { path = "/api/health", status = 503, times = 52 }
    assert.equal("failed", w:run("deploy", { version = "ccccccc" }, yes).outcome)
  end)

  it("says so where a build never serves", function()
    w.deploy.app:break_version { version = "ccccccc" }
    local run = w:run("deploy", { version = "ccccccc" }, yes)
    assert.equal("failed", run.outcome)
    assert.equal("bbbbbbb", settle())
  end)

  for _, name in ipairs { "staging", "development" } do
    it(("releases to %s without asking"):format(name), function()
      local other = clinic_world.open(world(name))
      assert.equal("done", other:run("deploy", { version = "ccccccc" }).outcome)
      assert.same({}, other.questions)
    end)
  end
end)

describe("application-failure", function()
  local w
  before_each(function() w = clinic_world.open(world "production") end)

  it("rolls back, watches, and ends the incident", function()
    local run = w:run("application-failure", { last_good = "aaaaaaa" })
    assert.equal("done", run.outcome)
    assert.equal("rolled back", run.value.how)
    assert.equal("aaaaaaa", w.deploy.app.version)
    assert.is_true(run.took_s >= 600)
    assert.equal("resolved", w.notify.team.incidents["application-failure"].state)
  end)

  it("releases the last good commit where the rollback fails", function()
    w:fails("deploy/app:rollback", { how = "failed", code = "nothing_to_roll_back" })
    local run = w:run("application-failure", { last_good = "ccccccc" })
    assert.equal("released anew", run.value.how)
    assert.equal("ccccccc", w.deploy.app.version)
  end)

  it("releases the last good commit where the release before is not well either", function()
    w.http.app:answer { path = "/api/health", status = 503, times = 60 }
    local run = w:run("application-failure", { last_good = "ccccccc" })
    assert.equal("released anew", run.value.how)
  end)

  it("leaves the way to database-failure free where it is the database that is gone", function()
    w.database.clinic:fail()
    local run = w:run("application-failure", { last_good = "ccccccc" })
    assert.equal("failed", run.outcome)
    assert.contains("so execute database-failure", run.reason)
    assert.same({}, w.effects)
    assert.equal("waits", w:run("database-failure", { source = "dump" }).outcome)
  end)

  it("tries a database again that was silent for a moment", function()
    w:fails("database/clinic:query", { how = "failed", times = 2 })
    assert.equal("done", w:run("application-failure", { last_good = "ccccccc" }).outcome)
  end)

  it("keeps the incident open where it does not stay healthy", function()
    w.http.app:answer { path = "/api/health", status = 200, json = { status = "healthy" },
      times = 3 }
    w.http.app:answer { path = "/api/health", status = 200, json = { status = "degraded" } }
    local run = w:run("application-failure", { last_good = "ccccccc" })
    assert.equal("waits", run.outcome)
    assert.equal("open", w.notify.team.incidents["application-failure"].state)
  end)
end)

describe("smoke-test", function()
  it("counts what passed, and fails with any failure", function()
    local w = clinic_world.open(world "production")
    local run = w:run("smoke-test")
    assert.equal("done", run.outcome)
    assert.equal(6, run.value.passed)
    assert.equal("", w:told())
    for _, broken in ipairs {
      { path = "/api/health", status = 200, json = { status = "degraded" } },
      { path = "/api/health", status = 503, json = { status = "healthy" } },
      { path = "/api/v1/auth/login", method = "POST", status = 200 },
      { path = "/api/v1/auth/login", method = "POST", status = 500 },
      { path = "/api/docs", status = 404 } } do
      clinic_world.answer_well(w.http.app)
      w.http.app:answer(broken)
      run = w:run("smoke-test")
      assert.equal("failed", run.outcome)
      assert.contains("5 passed, 1 failed", run.reason)
      assert.contains("5 passed, 1 failed", w:told())
    end
  end)

  it("does not take the endpoint's word for database, Redis and storage", function()
    for name, target in pairs { ["the database answers"] = "database/clinic",
      ["Redis answers"] = "cache/redis", ["the storage lists the audio"] = "storage/audio" } do
      local w = clinic_world.open(world "production")
      local family, short = target:match("^(.*)/(.*)$")
      w[family][short]:fail()
      local run = w:run("smoke-test")
      assert.equal("failed", run.outcome)
      assert.contains(name, run.reason)
    end
  end)
end)
