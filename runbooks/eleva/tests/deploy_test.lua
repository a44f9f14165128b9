-- deploy and rollback: what serves afterwards, and what people are told.
local care_world = require "care_world"

local yes = { answers = { ["Promote it to production?"] = "approve" } }

describe("deploy", function()
  local w
  before_each(function() w = care_world.open(world "production") end)

  local function serves_later()
    w:advance("20m")
    return w.deploy.app.version
  end

  it("previews, checks, asks, promotes and proves a commit", function()
    local run = w:run("deploy", { version = "ccccccc" }, yes)
    assert.equal("done", run.outcome)
    assert.same({ version = "ccccccc", before = "bbbbbbb" }, run.value)
    assert.equal("ccccccc", w.deploy.app.version)
    assert.equal("ccccccc", w.deploy.preview.version)
    assert.contains("ccccccc serves; it was bbbbbbb.", w:told())
  end)

  it("asks nobody whose preview has failed its checks", function()
    w.process.ci:program { name = "preview-checks", exit_code = 1 }
    local run = w:run("deploy", { version = "ccccccc" }, yes)
    assert.equal("failed", run.outcome)
    assert.same({}, w.questions)
    assert.equal("bbbbbbb", serves_later())
  end)

  it("stops at a preview that cannot be built", function()
    w.deploy.preview:break_version { version = "ccccccc" }
    assert.equal("failed", w:run("deploy", { version = "ccccccc" }, yes).outcome)
    assert.equal(0, w:times "process/ci:run")
  end)

  it("promotes nothing where a person refuses, or where nobody answers for half an hour", function()
    local run = w:run("deploy", { version = "ccccccc" })
    assert.equal("failed", run.outcome)
    assert.is_true(run.took_s >= 1800 and run.took_s < 2400)
    assert.equal(0, w:times "deploy/app:release")
    w = care_world.open(world "production")
    run = w:run("deploy", { version = "ccccccc" }, { answers = { ["Promote it to production?"] =
      { decision = "reject", reason = "not on a Friday" } } })
    assert.equal("failed", run.outcome)
    assert.contains("not on a Friday", run.reason)
    assert.equal(0, w:times "deploy/app:release")
  end)

  for name, harm in pairs {
    ["a service is not well"] = function(w) care_world.break_service(w, "clerk") end,
    ["the database itself does not answer"] = function(w) w.database.care:fail() end,
    ["the page lets browsers leave HTTPS"] = function(w)
      w.http.site:answer { path = "/", status = 200 }
    end,
    ["the API is beyond its limit of alarm"] = function(w)
      w.http.site:answer { path = "/api/health/stripe", status = 200, after_s = 3,
        json = { status = "healthy" } }
    end,
    ["it never serves"] = function(w) w.deploy.app:break_version { version = "ccccccc" } end,
  } do
    it("promotes the previous one back where " .. name, function()
      harm(w)
      local run = w:run("deploy", { version = "ccccccc" }, yes)
      assert.equal("failed", run.outcome)
      assert.equal("bbbbbbb", serves_later())
      assert.contains("bbbbbbb serves again", w:told())
    end)
  end

  it("promotes a release that does not serve by itself since a rollback", function()
    w:fails("deploy/app:wait_serving", { how = "failed", code = "wrong_version" })
    local run = w:run("deploy", { version = "ccccccc" }, yes)
    assert.equal("done", run.outcome)
    assert.contains("so it is promoted", table.concat(run.log, "\n"))
    assert.equal("ccccccc", serves_later())
  end)

  it("promotes no release that failed for another reason than a rollback", function()
    w:fails("deploy/app:wait_serving", { how = "failed", code = "build_failed" })
    local run = w:run("deploy", { version = "ccccccc" }, yes)
    assert.equal("failed", run.outcome)
    assert.equal("bbbbbbb", serves_later())
  end)

  it("promotes nothing on top of what Vercel has released by itself meanwhile", function()
    local run = w:run("deploy", { version = "ccccccc" }, { dies_at_commit = 5 })
    assert.equal("died", run.outcome)
    w.deploy.app:serve { version = "ddddddd" }
    run = w:resume(run, yes)
    assert.equal("failed", run.outcome)
    assert.contains("ddddddd serves by now", run.reason)
    assert.equal(0, w:times "deploy/app:release")
  end)

  it("needs something to go back to", function()
    local bare = world "production"
    assert.contains("Nothing serves", bare:run("deploy", { version = "ccccccc" }).reason)
  end)
end)

describe("rollback", function()
  local w
  before_each(function() w = care_world.open(world "production") end)

  it("goes back to the release before, proves it and says why", function()
    local run = w:run("rollback", { reason = "bookings are empty" })
    assert.equal("done", run.outcome)
    assert.same({ from = "bbbbbbb", to = "aaaaaaa" }, run.value)
    assert.contains("bookings are empty", w:told())
  end)

  it("is done also where the team cannot be told", function()
    w:fails("notify/team:send", { how = "failed" })
    assert.equal("done", w:run("rollback", { reason = "x" }).outcome)
  end)

  it("waits for a person where going back does not help", function()
    care_world.break_service(w, "stripe")
    local run = w:run("rollback", { reason = "x" })
    assert.equal("waits", run.outcome)
    assert.equal("Roll back", run.asks[1].name)
  end)
end)
