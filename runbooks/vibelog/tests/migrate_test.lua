-- migrate: staging, review, backup, production; and back only with two other people.
local vibelog_world = require "vibelog_world"

local yes = { answers = { ["Migrate production?"] = "approve" } }

describe("migrate", function()
  local w
  before_each(function()
    w = vibelog_world.open(vibelog_world.migrated(world, "production", { pending = true }))
  end)

  local function migrated() return w:times "database/main:migrate" end

  it("goes from staging over a review and a backup to production", function()
    local run = w:run("migrate", nil, yes)
    assert.equal("done", run.outcome)
    assert.equal(2, #run.value.applied)
    assert.equal(1, w:times "database/staging:migrate")
    assert.equal(1, #w.database.main:list_backups {})
    assert.contains("001_vibelogs_created_at", w:told "notify/team")
  end)

  it("shows the reviewer what cannot be reverted", function()
    local run = w:run("migrate")
    assert.contains("002_audit_logs_created_at (cannot be reverted)", run.asks[1].detail)
    assert.equal(0, migrated())
  end)

  it("finds nothing to do where nothing is pending", function()
    w = vibelog_world.open(vibelog_world.migrated(world, "production"))
    assert.same({ applied = {} }, w:run("migrate").value)
    assert.same({}, w.effects)
  end)

  it("leaves production alone where staging is not proved", function()
    w.http.staging:answer { path = "/api/vibelogs", status = 500 }
    local run = w:run("migrate", nil, yes)
    assert.equal("Prove staging", run.asks[1].name)
    assert.equal(0, migrated())
  end)

  it("leaves production alone where a person refuses, or the backup is no good", function()
    local run = w:run("migrate", nil, { answers = {
      ["Migrate production?"] = { decision = "reject", reason = "no" } } })
    assert.equal("waits", run.outcome)
    assert.equal(0, w:times "database/main:backup")
    w = vibelog_world.open(vibelog_world.migrated(world, "production", { pending = true }))
    w:fails("database/main:verify_backup", { how = "failed", code = "damaged" })
    run = w:run("migrate", nil, yes)
    assert.equal("Read the backup back", run.asks[1].name)
    assert.equal(0, migrated())
  end)

  it("never leaves the review out in production", function()
    local run = w:run("migrate", { ask_first = false }, yes)
    assert.contains("are never left out", run.reason)
    assert.same({}, w.effects)
  end)
end)

describe("migrate back", function()
  local w
  local name = "Revert migrations?"
  local given = { direction = "revert", reason = "it locks the table" }
  before_each(function() w = vibelog_world.open(vibelog_world.migrated(world, "production")) end)

  local function reverted() return w:times "database/main:revert_migrations" end

  it("needs two different people, neither of them the one who started it", function()
    local run = w:run("migrate", given, { who = "cto", answers = {
      [name] = { decision = "approve", by = "tech-lead" } } })
    assert.equal("waits", run.outcome)
    assert.has_error(function() w:approve(run, { question = name }, { who = "cto" }) end)
    assert.has_error(function() w:approve(run, { question = name }, { who = "tech-lead" }) end)
    assert.equal(0, reverted())
    run = w:approve(run, { question = name }, { who = "on-call" })
    assert.equal("done", run.outcome)
    assert.equal(1, reverted())
    assert.equal(1, #w.database.main:list_backups {})
    assert.contains("it locks the table", w:told "notify/team")
  end)

  it("reverts nothing where one refuses", function()
    local run = w:run("migrate", given, { answers = {
      [name] = { decision = "reject", by = "tech-lead", reason = "data would be lost" } } })
    assert.equal("waits", run.outcome)
    assert.equal(0, reverted())
  end)

  it("cannot be had with fewer people in production", function()
    local run = w:run("migrate", { direction = "revert", reason = "quick", people = 1 })
    assert.contains("are never left out", run.reason)
    assert.equal(0, reverted())
  end)

  it("needs one approval in staging, and none in development", function()
    w = vibelog_world.open(vibelog_world.migrated(world, "staging"))
    local run = w:run("migrate", given, { who = "ada" })
    assert.equal(name, run.asks[1].name)
    run = w:approve(run, { question = name }, { who = "tech-lead" })
    assert.equal("done", run.outcome)
    w = vibelog_world.local_only(vibelog_world.migrated(world, "development"))
    assert.equal("done", w:run("migrate", given).outcome)
  end)

  it("applies without asking in staging and in development", function()
    w = vibelog_world.open(vibelog_world.migrated(world, "staging", { pending = true }))
    assert.equal("done", w:run("migrate").outcome)
    w = vibelog_world.local_only(vibelog_world.migrated(world, "development", { pending = true }))
    assert.equal("done", w:run("migrate").outcome)
    assert.equal(1, w:times "database/main:migrate")
  end)

  it("refuses a revert without a reason", function()
    assert.has_error(function() w:run("migrate", { direction = "revert" }) end, "Say why")
  end)
end)
