-- migrate: staging first, then a backup, then production; nothing where staging is not proved.
--
-- What the databases say of migrations/ is given here, where it is not the folder itself.
local clinic_world = require "clinic_world"

local yes = { answers = { ["Migrate production?"] = "approve" } }
local both = { { id = "001_sbar_versions", revertible = true },
  { id = "002_sbar_versions_index", revertible = false } }
local looked = { folder = "migrations" }
local applied = { arguments = { folder = "migrations", lock_timeout = 5 }, at = 0,
  outcome = "done", value = { applied = { "001_sbar_versions", "002_sbar_versions_index" } } }
local failed = { arguments = applied.arguments, at = 0, outcome = "failed",
  error = { code = "bad_sql", message = "no such table", retry = "never" } }

local function said(first, later)
  return { { arguments = looked, at = 0, value = first },
    { arguments = looked, at = 0, value = later, times = 9 } }
end

-- What each database says is pending at first and then, and what migrating gives.
local function open(staging, clinic, migrated_staging)
  return clinic_world.open(world("production", { recorded = {
    ["database/staging:pending_migrations"] = said(staging, {}),
    ["database/clinic:pending_migrations"] = said(clinic, {}),
    ["database/staging:migrate"] = { migrated_staging or applied },
    ["database/clinic:migrate"] = { applied },
  } }))
end

describe("migrate", function()
  local w
  before_each(function() w = open(both, both) end)

  local function migrated() return w:times "database/clinic:migrate" end

  it("applies what is pending in order: staging, backup, production", function()
    local run = w:run("migrate", nil, yes)
    assert.equal("done", run.outcome)
    assert.equal(2, #run.value.applied)
    assert.equal(1, migrated())
    assert.contains("001_sbar_versions, 002_sbar_versions_index; the backup before is", w:told())
  end)

  it("finds nothing to do where nothing is pending", function()
    w = open({}, {})
    local run = w:run("migrate")
    assert.equal("done", run.outcome)
    assert.same({ applied = {} }, run.value)
    assert.same({}, w.questions)
  end)

  it("asks nobody where only staging is behind", function()
    w = open(both, {})
    local run = w:run("migrate")
    assert.equal("done", run.outcome)
    assert.equal(1, w:times "database/staging:migrate")
    assert.equal(0, migrated())
  end)

  it("leaves production alone where staging is not proved", function()
    w.http.staging:answer { path = "/api/docs", status = 500 }
    local run = w:run("migrate", nil, yes)
    assert.equal("waits", run.outcome)
    assert.equal("Prove staging", run.asks[1].name)
    assert.equal(1, w:times "database/staging:migrate")
    assert.equal(0, migrated())
  end)

  it("migrates production where staging is ahead of it", function()
    w = open({}, both)
    assert.equal("done", w:run("migrate", nil, yes).outcome)
    assert.equal(1, migrated())
  end)

  it("leaves production alone where staging still has something pending", function()
    w = clinic_world.open(world("production", { recorded = {
      ["database/staging:pending_migrations"] = { { arguments = looked, at = 0, value = both,
        times = 9 } },
      ["database/clinic:pending_migrations"] = said(both, {}),
      ["database/staging:migrate"] = { applied },
    } }))
    local run = w:run("migrate", nil, yes)
    assert.contains("Staging still has pending migrations.", run.reason)
  end)

  it("leaves production alone where the migration fails in staging", function()
    w = open(both, both, failed)
    local run = w:run("migrate", nil, yes)
    assert.equal("Migrate staging", run.asks[1].name)
    assert.equal(0, migrated())
  end)

  it("leaves production alone where a person refuses", function()
    local run = w:run("migrate", nil, { answers = {
      ["Migrate production?"] = { decision = "reject", reason = "locks too much" } } })
    assert.equal("failed", run.outcome)
    assert.contains("locks too much", run.reason)
    assert.equal(0, migrated())
    assert.equal(0, w:times "database/clinic:backup")
  end)

  it("ends where nobody answers in 30 minutes, so that a recovery is not refused", function()
    local run = w:run("migrate", nil, { answers = {
      ["Migrate production?"] = { decision = "approve", after = duration("31m") } } })
    assert.equal("failed", run.outcome)
    assert.equal(0, migrated())
    assert.equal("waits", w:run("database-failure", { source = "dump" }).outcome)
  end)

  it("leaves production alone where the backup is no good", function()
    w:fails("database/clinic:verify_backup", { how = "failed", code = "damaged" })
    local run = w:run("migrate", nil, yes)
    assert.equal("Read the backup back", run.asks[1].name)
    assert.equal(0, migrated())
  end)

  it("waits for a person where production is not well afterwards", function()
    w.http.app:answer { path = "/api/health", status = 503 }
    local run = w:run("migrate", nil, yes)
    assert.equal("Prove production", run.asks[1].name)
    assert.equal(1, #w.database.clinic:list_backups {})
  end)

  it("asks nobody in staging", function()
    local staging = clinic_world.open(world("staging", { recorded = {
      ["database/staging:pending_migrations"] = said(both, {}),
      ["database/clinic:pending_migrations"] = said(both, {}),
      ["database/staging:migrate"] = { applied }, ["database/clinic:migrate"] = { applied },
    } }))
    assert.equal("done", staging:run("migrate").outcome)
  end)
end)

describe("migrate with the files of migrations/", function()
  local w
  before_each(function()
    w = clinic_world.open(world "production")
    w.database.staging:execute { sql =
      "create table sbar_reports (id integer primary key, handoff_id integer)" }
    w:prepared()
  end)

  it("gives each report its version, here and in staging", function()
    local run = w:run("migrate", nil, yes)
    assert.equal("done", run.outcome)
    assert.same({ "001_sbar_versions", "002_sbar_versions_index" }, run.value.applied)
    assert.equal(1, w.database.clinic.tables.sbar_reports[1].version)
    local backed_up = w:place "database/clinic:backup"
    assert.is_true(w:place "database/staging:migrate" < backed_up)
    assert.is_true(backed_up < w:place "database/clinic:migrate")
    for _, name in ipairs { "clinic", "staging" } do
      assert.same({}, w.database[name]:pending_migrations { folder = "migrations" })
    end
    assert.same({ applied = {} }, w:run("migrate", nil, yes).value)
  end)

  it("leaves production as it was where staging refuses one", function()
    w.database.staging:execute { sql = "drop table sbar_reports" }
    local run = w:run("migrate", nil, yes)
    assert.equal("Migrate staging", run.asks[1].name)
    assert.is_nil(w.database.clinic.tables.sbar_reports[1].version)
  end)
end)
