-- deploy: nothing before the checklist, staging before production, and back where errors come.
--
-- A simulator opens no folder, so what the databases say of migrations/ is given here.
local vibelog_world = require "vibelog_world"

local yes = { answers = { ["Release it?"] = "approve", ["Migrate production?"] = "approve",
  ["Alerts fit what is new"] = "none" } }

local function with(more)
  local all = {}
  for name, value in pairs(yes.answers) do all[name] = value end
  for name, value in pairs(more) do all[name] = value end
  return { answers = all }
end

describe("deploy", function()
  local w
  before_each(function() w = vibelog_world.open(vibelog_world.migrated(world, "production")) end)

  local function go(options)
    return w:run("deploy", { version = "ccccccc" }, options or yes)
  end
  local function settle()
    w:advance("10m")
    return w.deploy.web.version
  end
  local function released() return w:times "deploy/web:release" end

  it("releases to staging, then to production, and watches for half an hour", function()
    local run = go()
    assert.equal("done", run.outcome)
    assert.same({ version = "ccccccc", before = "bbbbbbb", migrated = 0 }, run.value)
    assert.equal("ccccccc", w.deploy.web.version)
    assert.equal("ccccccc", w.deploy.staging.version)
    assert.is_true(run.took_s > duration("30m"))
    assert.is_true(w:place "deploy/staging:release" < w:place "deploy/web:release")
    assert.contains("ccccccc serves; it was bbbbbbb.", w:told "notify/team")
    assert.contains("VibeLog was updated", w:told "notify/status")
    assert.equal("succeeded", w.metrics.releases.deployments[#w.metrics.releases.deployments].state)
  end)

  it("asks nobody in staging, whose flags are others", function()
    w = vibelog_world.open(vibelog_world.migrated(world, "staging"))
    assert.contains("FEATURE_NEW_EDITOR must be true",
      w:run("deploy", { version = "ccccccc" }).reason)
    w.deploy.web:set_env { values = { FEATURE_NEW_EDITOR = "true", NODE_ENV = "" } }
    assert.contains("NODE_ENV is empty", w:run("deploy", { version = "ccccccc" }).reason)
    w.deploy.web:set_env { values = { NODE_ENV = "staging" } }
    w:prepared()
    assert.equal("done", w:run("deploy", { version = "ccccccc" }).outcome)
    assert.same({}, w.questions)
  end)

  it("wants a developer's own flags in development", function()
    w = vibelog_world.open(vibelog_world.migrated(world, "development"))
    assert.contains("FEATURE_BATCH_PROCESSING must be true",
      w:run("deploy", { version = "ccccccc" }).reason)
  end)

  it("releases nothing whose tests fail", function()
    w.process.ci:program { name = "checks", exit_code = 1 }
    local run = go()
    assert.equal("failed", run.outcome)
    assert.contains("All tests have passed", run.reason)
    assert.contains("bbbbbbb serves.", w:told "notify/team")
    assert.equal(0, w:times "deploy/staging:release")
  end)

  it("names every variable and flag that is not as it must be", function()
    w.deploy.web:set_env { values = { NEXTAUTH_SECRET = "short", OPENAI_API_KEY = "pk-1",
      DATABASE_URL = "mysql://x", NODE_ENV = "prod", FEATURE_DEBUG_MODE = "true" } }
    w.deploy.web:unset_env { names = { "SUPABASE_URL" } }
    w:prepared()
    local reason = go().reason
    for _, wanted in ipairs { "NEXTAUTH_SECRET must have 32", "OPENAI_API_KEY must begin with sk-",
      "DATABASE_URL has not the form", "NODE_ENV must be one of", "SUPABASE_URL is not set",
      "FEATURE_DEBUG_MODE must be false, and is true" } do
      assert.contains(wanted, reason)
    end
    assert.equal(0, w:times "deploy/staging:release")
  end)

  it("releases nothing while a third party's limit is near, or errors are there already", function()
    w.metrics.app:set { name = "openai-quota", value = 91 }
    w.metrics.app:set { name = "error-rate", value = 7 }
    local run = go()
    assert.contains("openai-quota is 91", run.reason)
    assert.contains("error-rate is 7", run.reason)
    assert.equal(0, w:times "deploy/staging:release")
  end)

  it("leaves production alone where staging is not proved", function()
    w.http.staging:answer { path = "/", status = 200, body = "an empty page" }
    local run = go()
    assert.equal("failed", run.outcome)
    assert.equal(0, released())
    w:advance("10m")
    assert.equal("bbbbbbb", w.deploy.staging.version)
  end)

  it("leaves production alone where a browser finds staging broken", function()
    w.process.ci:program { name = "browser-smoke", exit_code = 1, times = 1 }
    assert.equal("failed", go().outcome)
    assert.equal(0, released())
  end)

  it("leaves production alone where a person refuses", function()
    local run = go(with { ["Release it?"] = { decision = "reject", reason = "not today" } })
    assert.equal("failed", run.outcome)
    assert.contains("not today", run.reason)
    assert.equal(0, released())
  end)

  it("goes back at once where errors come within the half hour", function()
    w.metrics.app:ramp { name = "error-rate", value = 20, over_s = 3600 }
    local run = go()
    assert.equal("failed", run.outcome)
    assert.equal("bbbbbbb", settle())
    assert.contains("bbbbbbb serves.", w:told "notify/team")
    assert.equal("", w:told "notify/status")
    assert.equal("", w:told "notify/oncall")
  end)

  it("goes back where production is not healthy, but not because OpenAI is down", function()
    vibelog_world.health(w.http.site, { "openai" })
    assert.equal("done", go().outcome)
    w = vibelog_world.open(vibelog_world.migrated(world, "production"))
    vibelog_world.health(w.http.site, { "disk" })
    assert.contains("disk is unhealthy", go().reason)
    assert.equal("bbbbbbb", settle())
  end)

  it("goes back where a build never serves", function()
    w.deploy.web:break_version { version = "ccccccc" }
    assert.equal("failed", go().outcome)
    assert.equal("bbbbbbb", settle())
  end)

  it("migrates before it releases, with a review and a backup", function()
    w = vibelog_world.open(vibelog_world.migrated(world, "production",
      { pending = true, asked = 2 }))
    local run = go()
    assert.equal("done", run.outcome)
    assert.equal(2, run.value.migrated)
    assert.equal(1, w:times "database/main:migrate")
    assert.is_true(w:place "database/staging:migrate" < w:place "deploy/staging:release")
    assert.is_true(w:place "database/main:backup" < w:place "deploy/web:release")
  end)

  it("calls somebody where a bad release cannot be taken back, and says what is so", function()
    w = vibelog_world.open(vibelog_world.migrated(world, "production",
      { pending = true, asked = 2 }))
    w.metrics.app:ramp { name = "error-rate", value = 20, over_s = 3600 }
    w:fails("deploy/web:rollback", { how = "failed", times = 9 })
    assert.equal("failed", go().outcome)
    assert.equal("ccccccc", w.deploy.web.version)
    assert.equal("open", w.notify.oncall.incidents.deploy.state)
    for _, channel in ipairs { "notify/team", "notify/oncall" } do
      assert.contains("ccccccc serves. Migrated, and not taken back: 001_vibelogs_created_at, "
        .. "002_audit_logs_created_at", w:told(channel))
    end
  end)

  it("calls nobody where production was not touched, though the commit serves already", function()
    go()
    w.process.ci:program { name = "checks", exit_code = 1 }
    assert.equal("failed", go().outcome)
    assert.contains("ccccccc serves.", w:told "notify/team")
    assert.equal("", w:told "notify/oncall")
  end)

  it("gives a release up that nobody decides on, so that recoveries need not wait", function()
    for _, question in ipairs { "Release it?", "Migrate production?", "Alerts fit what is new" } do
      w = vibelog_world.open(vibelog_world.migrated(world, "production",
        { pending = true, asked = 3 }))
      local run = go(with { [question] = { value = "late", decision = "approve", after = 7200 } })
      assert.equal("failed", run.outcome, question)
      assert.is_true(run.took_s < duration("45m"))
      assert.equal(0, released())
      assert.contains("bbbbbbb serves.", w:told "notify/team")
      assert.is_nil(w:told("notify/team"):find("Migrated, and not", 1, true))
    end
  end)

  it("releases nothing where the migration is refused", function()
    w = vibelog_world.open(vibelog_world.migrated(world, "production",
      { pending = true, asked = 2 }))
    go(with { ["Migrate production?"] = { decision = "reject", reason = "locks too much" } })
    assert.equal(0, w:times "database/main:migrate")
    assert.equal(0, released())
  end)

  it("is done also where Sentry cannot be told", function()
    w:fails("metrics/releases:record_deployment", { how = "failed", times = 2 })
    assert.equal("done", go().outcome)
  end)
end)
