-- rollback: code alone, or with the data that staging has proved.
local vera_world = require "vera_world"

local given = { reason = "photos upside down", watch_for = "10s" }
local yes = { answers = { ["Roll back?"] = "approve" } }

describe("rollback", function()
  local w
  before_each(function() w = vera_world.back_up(vera_world.open(world "production"), 2) end)

  it("takes API and site back, and leaves the database", function()
    local run = w:run("rollback", given, yes)
    assert.equal("done", run.outcome)
    assert.same({ api = "aaaaaaa", web = "aaaaaaa" }, run.value.to)
    assert.equal(0, w:times "database/primary:restore")
    assert.equal(0, w:times "deploy/api:set_env")
    assert.contains("photos upside down", w:told())
    assert.is_true(run.took_s < duration("5m"))
  end)

  it("takes the database back too where a backup is named, tried on staging", function()
    w.database.primary:execute { sql = "delete from photos" }
    local run = w:run("rollback", { reason = "rows are gone", watch_for = "10s",
      backup = w.database.primary:list_backups {}[1].id }, yes)
    assert.equal("done", run.outcome)
    assert.same({ users = 22, photos = 50 }, run.value.rows)
    assert.equal(22, w.database.staging.rows.users)
    assert.equal(2, w.deploy.api.instances_healthy)
    assert.equal("aaaaaaa", w.deploy.api.version)
  end)

  it("changes nothing where a person refuses", function()
    local run = w:run("rollback", given, { answers = {
      ["Roll back?"] = { decision = "reject", reason = "it is the CDN" } } })
    assert.equal("waits", run.outcome)
    assert.equal("bbbbbbb", w.deploy.api.version)
    assert.equal("bbbbbbb", w.deploy.web.version)
  end)

  it("asks nobody where it may go alone", function()
    local run = w:run("rollback", { reason = "r", ask_first = false, watch_for = "10s" })
    assert.equal("done", run.outcome)
    assert.same({}, w.questions)
  end)

  it("asks where data would be lost, whatever it may do alone", function()
    local run = w:run("rollback", { reason = "r", ask_first = false,
      backup = w.database.primary:list_backups {}[1].id })
    assert.equal("Roll back?", run.asks[1].name)
  end)

  it("takes no code back where the backup is no good on staging", function()
    w:fails("database/staging:verify", { how = "failed", code = "check_failed" })
    local run = w:run("rollback", { reason = "r",
      backup = w.database.primary:list_backups {}[1].id }, yes)
    assert.equal("waits", run.outcome)
    assert.equal(1, w.deploy.staging.instances)
    assert.equal("bbbbbbb", w.deploy.api.version)
  end)

  it("leads the release before to today's primary after a failover", function()
    w.database.primary:fail()
    assert.equal("done", w:run("database-down", { watch_for = "10s" }, { answers = {
      ["Promote the replica?"] = "approve" } }).outcome)
    w.database.primary:recover()
    w:prepared()
    local run = w:run("rollback", given, yes)
    assert.equal("done", run.outcome)
    assert.is_true(w:place "deploy/api:rollback" < w:place "deploy/api:set_env")
    assert.equal("now", w.effects[w:place "deploy/api:set_env"].arguments.apply)
  end)

  it("leaves the variables of a release that is newer than the failover", function()
    w.database.primary:fail()
    w:run("database-down", { watch_for = "10s" }, { answers = {
      ["Promote the replica?"] = "approve" } })
    w.database.primary:recover()
    w:advance("1h")
    w.deploy.api:serve { version = "ccccccc" }
    w:advance("1h")
    w.deploy.api:serve { version = "ddddddd" }
    w:prepared()
    assert.equal("done", w:run("rollback", given, yes).outcome)
    assert.equal("ccccccc", w.deploy.api.version)
    assert.equal(0, w:times "deploy/api:set_env")
  end)

  it("says so where there is no release before", function()
    w = world "production"
    w.deploy.api:serve { version = "aaaaaaa" }
    w.deploy.web:serve { version = "aaaaaaa" }
    local run = w:run("rollback", given, yes)
    assert.contains("There is no release before", run.reason)
  end)

  it("does not call that well which is not", function()
    w.http.site:answer { path = "/", status = 500 }
    local run = w:run("rollback", given, yes)
    assert.equal("waits", run.outcome)
    assert.equal("everything is healthy", run.asks[1].name)
    assert.is_not.contains("Rolled back", w:told())
  end)
end)
