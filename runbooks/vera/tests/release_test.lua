-- release: as one or not at all, and only what staging has tested.
local vera_world = require "vera_world"

local given = { tag = "v1.0.1", commit = "ccccccc", watch_for = "30s" }
local yes = { answers = { ["Release it?"] = "approve" } }

local albums = { { id = "001_albums", revertible = true } }

describe("release", function()
  local w
  local function open(pending, fails)
    w = vera_world.open(world("production", vera_world.migrations(pending, fails)))
    w.metrics.datadog:set { name = "errors", value = 0 }
    w.metrics.datadog:set { name = "p95", value = 0.3 }
  end
  before_each(function() open(albums) end)

  local function versions()
    w:advance("10m")
    return { w.deploy.api.version, w.deploy.web.version }
  end

  -- How often the migration was applied, and taken back.
  local function migrated()
    return { w:times "database/primary:migrate", w:times "database/primary:revert_migrations" }
  end

  it("releases API and site, migrates, proves and publishes", function()
    local run = w:run("release", given, yes)
    assert.equal("done", run.outcome)
    assert.same({ "001_albums" }, run.value.migrated)
    assert.same({ "ccccccc", "ccccccc" }, versions())
    assert.same({ 1, 0 }, migrated())
    assert.equal(1, #w.database.primary:list_backups {})
    assert.equal(2, #w.metrics.sentry.deployments)
    assert.contains("v1.0.1 serves; it was bbbbbbb.", w:told())
    assert.equal(3, w:times "process/ci:run")
  end)

  it("migrates nothing where nothing is pending", function()
    open {}
    local run = w:run("release", given, yes)
    assert.same({}, run.value.migrated)
    assert.equal(0, w:times "database/primary:migrate")
    assert.equal(0, w:times "database/primary:backup")
  end)

  it("takes all three back where the API is not well, in less than 5 minutes", function()
    w.http.api:answer { path = "/health", status = 503 }
    local run = w:run("release", given, yes)
    assert.equal("failed", run.outcome)
    assert.same({ 1, 1 }, migrated())
    assert.same({ "bbbbbbb", "bbbbbbb" }, versions())
    assert.contains("so bbbbbbb serves again", w:told())
    assert.is_true(run.took_s < duration("5m"))
  end)

  it("tells somebody where the way back fails, and only then", function()
    w.http.api:answer { path = "/health", status = 503 }
    w:fails("deploy/api:rollback", { how = "failed" })
    local run = w:run("release", given, yes)
    assert.equal("failed", run.outcome)
    assert.contains("The way back failed", w:told())
    assert.contains("v1.0.1 may serve", w:told())
    open {}
    w.http.api:answer { path = "/health", status = 503 }
    w:run("release", given, yes)
    assert.is_not.contains("The way back failed", w:told())
  end)

  it("gives the site its names where a rollback keeps them from new releases", function()
    w:fails("deploy/web:wait_serving", { how = "failed", code = "wrong_version" })
    local run = w:run("release", given, yes)
    assert.equal("done", run.outcome)
    assert.contains("so it is promoted", table.concat(run.log, "\n"))
  end)

  it("needs a tag in production, and neither tag nor staging in staging itself", function()
    assert.has_error(function() w:run("release", { commit = "ccccccc" }) end, "give tag")
    w = vera_world.open(world("staging", vera_world.migrations {}))
    w.deploy.staging:serve { version = "bbbbbbb" }
    local run = w:run("release", { commit = "ccccccc", watch_for = "30s" })
    assert.equal("done", run.outcome)
    assert.same({ "ccccccc", "ccccccc" }, versions())
    assert.equal(1, w:times "process/ci:run")
  end)

  it("takes all back where the site cannot be built", function()
    w.deploy.web:break_version { version = "ccccccc" }
    assert.equal("failed", w:run("release", given, yes).outcome)
    assert.same({ 0, 0 }, migrated())
    assert.same({ "bbbbbbb", "bbbbbbb" }, versions())
  end)

  it("takes all back where the migration fails", function()
    open(albums, true)
    assert.equal("failed", w:run("release", given, yes).outcome)
    assert.same({ "bbbbbbb", "bbbbbbb" }, versions())
  end)

  it("takes all back where a smoke test fails", function()
    w.http.api:answer { path = "/photos", status = 200 }
    local run = w:run("release", given, yes)
    assert.contains("photos are shown to nobody", run.reason)
    assert.same({ "bbbbbbb", "bbbbbbb" }, versions())
  end)

  it("takes all back where errors rise while they are watched, or answers are slow", function()
    w.metrics.datadog:set { name = "errors", value = 6 }
    assert.equal("failed", w:run("release", given, yes).outcome)
    assert.same({ 1, 1 }, migrated())
    open {}
    w.metrics.datadog:set { name = "errors", value = 5 }
    w.metrics.datadog:set { name = "p95", value = 1.2 }
    assert.equal("failed", w:run("release", given, yes).outcome)
    assert.same({ "bbbbbbb", "bbbbbbb" }, versions())
  end)

  it("releases nothing with a migration that has no way back", function()
    open { { id = "001_albums", revertible = false } }
    local run = w:run("release", given, yes)
    assert.equal("failed", run.outcome)
    assert.contains("has no way back", run.reason)
    assert.same({}, w.questions)
  end)

  it("releases nothing that staging does not serve", function()
    w.deploy.staging:serve { version = "bbbbbbb" }
    local run = w:run("release", given, yes)
    assert.equal("failed", run.outcome)
    assert.contains("let it be tested there first", run.reason)
    assert.same({}, w.questions)
  end)

  it("releases nothing while nobody measures", function()
    w.metrics.datadog:empty { name = "p95" }
    local run = w:run("release", given, yes)
    assert.equal("failed", run.outcome)
    assert.contains("Datadog has no p95", run.reason)
    assert.same({}, w.questions)
  end)

  it("says so where a push has put it out already", function()
    w.deploy.web:serve { version = "ccccccc" }
    w:run("release", given, yes)
    assert.contains("It serves already at web", w:told())
  end)

  it("releases nothing that does not work on staging now", function()
    w.http.staging:answer { path = "/health", status = 503 }
    assert.equal("failed", w:run("release", given, yes).outcome)
    assert.equal(0, w:times "deploy/api:release")
  end)

  it("releases nothing whose checks have failed", function()
    w.process.ci:program { name = "checks", exit_code = 1 }
    assert.equal("failed", w:run("release", given, yes).outcome)
    assert.same({}, w.questions)
  end)

  it("releases nothing where a person refuses", function()
    local run = w:run("release", given, { answers = {
      ["Release it?"] = { decision = "reject", reason = "not on a Friday" } } })
    assert.equal("failed", run.outcome)
    assert.contains("not on a Friday", run.reason)
    assert.same({ "bbbbbbb", "bbbbbbb" }, versions())
    assert.same({ 0, 0 }, migrated())
  end)

  it("waits half an hour for an answer, and lets go of its locks then", function()
    local run = w:run("release", given, { answers = {
      ["Release it?"] = { decision = "approve", after = 45 * 60 } } })
    assert.equal("failed", run.outcome)
    assert.equal(0, w:times "deploy/api:release")
  end)

  it("keeps a good release that nobody can be told of", function()
    w:fails("notify/team:send", { how = "failed" })
    local run = w:run("release", given, yes)
    assert.equal("done", run.outcome)
    assert.contains("The team was not told", table.concat(run.log, "\n"))
    assert.same({ "ccccccc", "ccccccc" }, versions())
  end)

  it("keeps a good release whose notes cannot be published, and says so", function()
    w.process.ci:program { name = "release-notes", exit_code = 1 }
    local run = w:run("release", given, yes)
    assert.equal("done", run.outcome)
    assert.equal(1, run.value.unpublished)
    assert.contains("Not published: release-notes", w:told())
    assert.same({ "ccccccc", "ccccccc" }, versions())
  end)

  it("is started by a tag without asking", function()
    local run = w:run("release", { tag = "v1.0.1", commit = "ccccccc", watch_for = "30s",
      ask_first = false })
    assert.equal("done", run.outcome)
    assert.same({}, w.questions)
  end)
end)
