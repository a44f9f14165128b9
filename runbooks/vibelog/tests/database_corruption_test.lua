-- database-corruption: users away first, the moment before the damage, proof, and users in again.
local vibelog_world = require "vibelog_world"

local yes = { answers = { ["Go back?"] = "approve" } }

local function back_up(w, nights)
  for night = 1, nights do
    vibelog_world.record(w)
    w.database.main:backup { key = "night" .. night .. ".db.zst" }
    w:advance("1d")
  end
  w:prepared()
end

describe("database-corruption by Supabase", function()
  local w, bad_at
  before_each(function()
    w = vibelog_world.platform(vibelog_world.open(world "production"))
    w:advance("1h")
    w.database.platform:execute { sql =
      "insert into vibelogs values (41, 1, 'late', '2026-01-01')" }
    w:advance("5m")
    bad_at = w:now()
    w.database.platform:execute { sql = "delete from vibelogs" }
    w:advance("3m")
    w:prepared()
  end)

  local function go(options, more)
    local params = { bad_at = bad_at, watch_for = "1m" }
    for name, value in pairs(more or {}) do params[name] = value end
    return w:run("database-corruption", params, options or yes)
  end

  it("goes back to just before the damage and lets users in again", function()
    local run = go()
    assert.equal("done", run.outcome)
    assert.near(bad_at - 60, run.value.shows_at, 1)
    assert.equal(41, w.database.platform.rows.vibelogs)
    assert.is_false(w.deploy.web.maintenance)
    assert.equal("resolved", w.notify.status.incidents["database-corruption"].state)
    assert.is_true(run.took_s < duration("4h"))
  end)

  it("keeps users away before anything else is decided, and until the data is proved", function()
    go()
    assert.is_true(w:place "deploy/web:set_maintenance" < w:place "database/platform:restore")
  end)

  it("says what is lost, before anybody decides, and to customers", function()
    local run = go({})
    assert.equal("Go back?", run.asks[1].name)
    assert.contains("the objective is 15 min", run.asks[1].detail)
  end)

  it("says what is lost on the status page", function()
    go()
    assert.contains("Everything written after", w:told "notify/status")
  end)

  it("restores nothing where a person refuses, and lets users in again", function()
    local run = go { answers = { ["Go back?"] = { decision = "reject", reason = "not corrupt" } } }
    assert.equal("waits", run.outcome)
    assert.contains("not corrupt", run.reason)
    assert.equal(0, w:times "database/platform:restore")
    assert.is_false(w.deploy.web.maintenance)
    assert.contains("open again", w:told "notify/status")
    w:undo(run)
    assert.is_false(w.deploy.web.maintenance)
  end)

  it("says to the team every 15 minutes that users wait for a decision", function()
    local run = go { answers = { ["Go back?"] = { decision = "approve", after = 40 * 60 } } }
    assert.equal("done", run.outcome)
    local _, times = w:told("notify/team"):gsub("nobody has decided yet", "")
    assert.equal(2, times)
    assert.is_nil(w:told("notify/status"):find("nobody has decided", 1, true))
  end)

  it("keeps users away though the backup region's provider does not answer", function()
    w:fails("deploy/web-backup:status", { how = "failed", times = 9 })
    local run = go()
    assert.equal("See that nobody uses the backup region", run.asks[1].name)
    assert.is_true(w.deploy.web.maintenance)
    assert.equal(0, w:times "database/platform:restore")
  end)

  it("says so where Supabase keeps no history", function()
    w = vibelog_world.open(world("production", { recorded = {
      ["database/platform:restore_window"] = { { arguments = {}, at = 0, times = 9 } } } }))
    w:advance("1h")
    bad_at = w:now() - 60
    assert.contains("Supabase keeps no history", go().reason)
  end)

  it("restores nothing while users cannot be kept away", function()
    w:fails("deploy/web:set_maintenance", { how = "failed", times = 9 })
    local run = go()
    assert.equal("Close it to users", run.asks[1].name)
    assert.equal(0, w:times "database/platform:restore")
  end)

  it("stops the backup region too where that serves", function()
    w.deploy["web-backup"]:scale { instances = 3 }
    w:prepared()
    local run = go()
    assert.equal("done", run.outcome)
    assert.equal(3, w.deploy["web-backup"].instances_healthy)
    assert.is_true(w:place "deploy/web:set_maintenance" < w:place "deploy/web-backup:scale")
    assert.is_true(w:place "deploy/web-backup:scale" < w:place "database/platform:restore")
  end)

  it("keeps users away while the data is not proved", function()
    w:fails("database/main:verify", { how = "failed", code = "check_failed" })
    local run = go()
    assert.equal("Verify the data", run.asks[1].name)
    assert.is_true(w.deploy.web.maintenance)
  end)

  it("says so where the moment is older than the history", function()
    bad_at = w:now() - duration("9d")
    local run = go()
    assert.equal("waits", run.outcome)
    assert.contains("oldest moment that can be restored", run.reason)
  end)

  it("keeps the incident open while a part is not healthy", function()
    vibelog_world.health(w.http.site, { "supabase" })
    local run = go()
    assert.equal("waits", run.outcome)
    assert.contains("supabase is unhealthy", run.reason)
    assert.equal("open", w.notify.oncall.incidents["database-corruption"].state)
  end)

  it("does not call an endpoint healthy that has not asked every part", function()
    w.http.site:answer { path = "/api/health", status = 200, json = { status = "healthy",
      checks = { { service = "database", status = "healthy" } } } }
    assert.contains("openai is not asked", go().reason)
  end)

  it("does nothing for a moment in the future", function()
    bad_at = w:now() + 60
    assert.contains("in the future", go().reason)
    assert.same({}, w.effects)
  end)
end)

describe("database-corruption from our dumps", function()
  local w
  before_each(function()
    w = vibelog_world.open(world "production")
    back_up(w, 2)
    w.database.main:damage { table = "vibelogs" }
  end)

  it("restores the newest dump from before the damage", function()
    local run = w:run("database-corruption", { source = "dump", watch_for = "1m",
      bad_at = w:now() - duration("30h") }, yes)
    assert.equal("done", run.outcome)
    assert.equal(41, w.database.main.rows.vibelogs)
  end)

  it("passes over a damaged dump", function()
    w.database.main:corrupt_backup { key = "night2.db.zst" }
    local run = w:run("database-corruption", { source = "dump", watch_for = "1m",
      bad_at = w:now() }, yes)
    assert.equal(41, run.value.rows.vibelogs)
  end)

  it("restores nothing with too few vibelogs", function()
    local run = w:run("database-corruption", { source = "dump", least_vibelogs = 100,
      bad_at = w:now() }, yes)
    assert.equal("Choose what to go back to", run.asks[1].name)
    assert.equal(0, w:times "database/main:restore")
  end)
end)
