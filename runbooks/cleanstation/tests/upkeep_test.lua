-- backup, load-check and maintenance: what they do, and what they do not let pass.
local station_world = require "station_world"

describe("backup", function()
  local w
  local function open(failed)
    w = station_world.follow(station_world.open(world("production",
      { recorded = station_world.copies(failed) })))
    station_world.back_up(w)
  end
  before_each(function() open() end)

  it("keeps a snapshot for 90 days, and the files in two regions", function()
    for _, name in ipairs { "files", "files-west" } do
      w.storage[name]:set_versioning { state = "off" }
    end
    w:prepared()
    local run = w:run("backup", { reason = "release-1-5" })
    assert.equal("done", run.outcome, tostring(run.reason))
    local made = w.database.snapshots:list_backups({})[1]
    assert.contains("release-1-5-2026", made.id)
    assert.near(w:now() + duration("90d"), made.keep_until_at, 60)
    assert.equal("on", w.storage.files:settings({}).versioning)
    assert.equal("on", w.storage["files-west"].versioning)
    -- A copy that keeps no versions cannot be one of what does.
    assert.is_true(w:place "storage/files-west:set_versioning"
      < w:place "storage/files:set_replication")
    -- The recording takes the rules for 30 and 90 days, and no others.
    assert.equal(1, w:times "storage/files:set_lifecycle")
    assert.equal(1, w:times "storage/files:set_replication")
    assert.equal(1, w:times "database/snapshots:prune_backups")
    assert.contains("back to any moment since", w:told())
  end)

  it("fails where the newest automated snapshot is old, however new a manual one is", function()
    w:advance("30h")
    w.database.primary:snapshot { name = "by-hand" }
    local run = w:run("backup")
    assert.equal("failed", run.outcome)
    assert.contains("The newest automated snapshot is 31 h old", run.reason)
    assert.contains("Backup is not as it should be", w:told())
  end)

  it("fails where nobody can go back to a moment", function()
    w.database.primary:history { seconds = 0 }
    w:fails("database/primary:restore_window", { how = "failed", code = "none", times = 2 })
    assert.equal("failed", w:run("backup").outcome)
  end)

  it("fails where there is no snapshot, and nothing to go back to", function()
    w = station_world.follow(station_world.open(world("production",
      { recorded = station_world.copies() })))
    assert.contains("There is no complete automated snapshot", w:run("backup").reason)
  end)

  it("fails where one can go back a day, unless the instance is no older", function()
    w.database.primary:history { seconds = 86400 }
    local run = w:run("backup")
    assert.contains("Nobody can go back further than 1.0 days; it must be 29", run.reason)
    open()
    w.database.primary:history { seconds = 86400 }
    assert.equal("done", w:run("backup", { window_min = "1d" }).outcome)
  end)

  it("fails where the newest moment is older than the objective allows", function()
    local recorded = station_world.copies()
    recorded["database/primary:restore_window"] = { { at = 0, arguments = {}, times = 9,
      value = { from_at = 1767000000, to_at = 1767250000 } } }
    w = station_world.follow(station_world.open(world("production", { recorded = recorded })))
    assert.contains("the objective is 60 min", w:run("backup").reason)
  end)

  it("fails where automated backups are off", function()
    local recorded = station_world.copies()
    recorded["database/primary:restore_window"] = { { at = 0, arguments = {}, times = 9 } }
    w = station_world.follow(station_world.open(world("production", { recorded = recorded })))
    assert.contains("there are no automated backups", w:run("backup").reason)
  end)

  it("fails where the standby does not replicate", function()
    w.database.standby:isolate {}
    assert.contains("database/standby", w:run("backup").reason)
    w.database.standby:recover {}
    w.database.primary:isolate {}
    assert.contains("does not replicate", w:run("backup").reason)
  end)

  it("fails where the standby is more than an hour behind", function()
    local at = w:now()
    for hours, outcome in pairs { [0.9] = "done", [1.1] = "failed" } do
      local recorded = station_world.copies()
      recorded["database/standby:lag"] = { { at = 0, arguments = {}, times = 9, value = {
        behind_bytes = 9, connected = true, idle = false, replayed_at = at - hours * 3600 } } }
      w = station_world.follow(station_world.open(world("production", { recorded = recorded })))
      local run = station_world.back_up(w):run "backup"
      assert.equal(outcome, run.outcome, tostring(run.reason))
    end
    assert.contains("The standby in us-west-2 is more than an hour behind", w:told())
  end)

  it("does the rest where the snapshot fails, and says what failed", function()
    w:fails("database/snapshots:snapshot", { how = "failed", code = "quota", times = 3 })
    local run = w:run("backup")
    assert.equal("failed", run.outcome)
    assert.equal("on", w.storage.files.versioning)
  end)

  it("can be a check alone", function()
    assert.equal("done", w:run("backup", { snapshot = false }).outcome)
    assert.equal(0, w:times "database/snapshots:snapshot")
  end)

  it("says which files could not be copied", function()
    open(3)
    assert.contains("3 files could not be copied", w:run("backup").reason)
  end)
end)

describe("load-check", function()
  local w
  before_each(function() w = station_world.open(world "production") end)

  local yes = { answers = { ["Put a load on it?"] = "approve" } }
  local function go(options) return w:run("load-check", { during = "1m" }, options or yes) end

  it("measures both stages", function()
    local run = go()
    assert.equal("done", run.outcome, tostring(run.reason))
    assert.equal(2, #run.value.stages)
    assert.equal(6000, run.value.stages[1].load.requests)
    assert.contains("Holds the load", w:told())
  end)

  it("fails where the slowest hundredth takes too long", function()
    w.http.site:latency { seconds = 2 }
    local run = go()
    assert.equal("failed", run.outcome)
    assert.matches("p99 is [%d.]+ s at 100 a second; it must be below 1.5", run.reason)
    assert.contains("Does not hold the load", w:told())
  end)

  it("fails where single answers are slow though the load is fast enough", function()
    w.http.site:latency { seconds = 0.8 }
    assert.contains("single answers failed or took longer than 500 ms", go().reason)
  end)

  it("stops as soon as a tenth of the requests fails", function()
    w.http.site:answer { path = "/api/health", status = 500 }
    local run = go()
    assert.equal("failed", run.outcome)
    assert.contains("Does not hold the load", w:told())
    -- 6000 would have been sent, 100 a second: it stops after the first twenty answers.
    assert.is_true(w.http.site.count < 100, tostring(w.http.site.count))
  end)

  it("puts no load on a database that is busy, and says so", function()
    w.metrics.app:set { name = "connections", value = 90 }
    assert.equal("failed", go().outcome)
    assert.equal(0, w:times "http/site:load")
    assert.contains("connections is 90", w:told "notify/team")
  end)

  it("puts no load on users where a person refuses", function()
    local run = go { answers = { ["Put a load on it?"] = { decision = "reject", reason = "no" } } }
    assert.equal("failed", run.outcome)
    assert.equal(0, w:times "http/site:load")
  end)

  it("takes no rate beyond its bound, nor more stages than five, nor a day of it", function()
    local run = w:run("load-check", { rates = { "5000" } }, yes)
    assert.contains("5000 is no rate", run.reason)
    run = w:run("load-check", { rates = { "1", "2", "3", "4", "5", "6" } }, yes)
    assert.contains("one to five rates", run.reason)
    assert.error(function() w:run("load-check", { during = "1d" }, yes) end, "during")
    assert.equal(0, w:times "http/site:load")
  end)

  it("asks for the highest of its rates", function()
    local run = w:run("load-check", { during = "1m", rates = { "300", "10" } })
    assert.contains("up to 300 requests a second for 2 stages", run.asks[1].detail)
  end)

end)

describe("maintenance", function()
  local w
  before_each(function()
    w = station_world.open(world("production", { recorded = station_world.copies(0,
      { { sql = "select * from orders", calls = 7, mean_s = 2.5, max_s = 9 } }) }))
    w.database["primary-sql"]:execute {
      sql = "create table orders (id integer primary key, product text)" }
    w.database["primary-sql"]:execute { sql = "create index by_product on orders (product)" }
  end)

  it("renews statistics and indexes, and reports what is slow", function()
    local run = w:run("maintenance")
    assert.equal("done", run.outcome, tostring(run.reason))
    assert.equal(1, #run.value.rebuilt)
    assert.contains("1 slow queries", w:told())
    assert.contains("2.5 s in the mean, 9.0 s at most, 7 times: select * from orders", w:told())
  end)

  it("reports what is fast in the mean and slow at times, and nothing else", function()
    w = station_world.open(world("production", { recorded = station_world.copies(0,
      { { sql = "select at times", calls = 900, mean_s = 0.3, max_s = 9 },
        { sql = "select always fast", calls = 900, mean_s = 0.2, max_s = 0.9 } }) }))
    assert.equal(1, w:run("maintenance").value.slow)
    assert.contains("select at times", w:told())
    assert.is_nil(w:told():find("always fast", 1, true))
  end)

  it("does not say that nothing is slow where nobody could tell", function()
    for _, operation in ipairs { "analyze", "reindex", "slow_queries" } do
      w:fails("database/primary-sql:" .. operation, { how = "failed", code = "down", times = 9 })
    end
    local run = w:run("maintenance")
    assert.equal("failed", run.outcome)
    assert.contains("Find slow queries", w:told "notify/team")
    assert.contains("Rebuild the indexes", w:told "notify/team")
    assert.is_nil(w:told():find("0 slow queries", 1, true))
  end)

  it("rebuilds the indexes where ANALYZE fails, and says so", function()
    w:fails("database/primary-sql:analyze", { how = "failed", code = "locked", times = 3 })
    local run = w:run("maintenance")
    assert.equal("failed", run.outcome)
    assert.contains("Update the planner's statistics", run.reason)
    assert.equal(1, w:times "database/primary-sql:reindex")
  end)

  it("names an index that could not be rebuilt", function()
    local recorded = station_world.copies()
    recorded["database/primary-sql:reindex"] = { { at = 0, outcome = "done",
      arguments = { concurrently = "yes" },
      value = { indexes = { "by_product" }, invalid = { "by_product_ccnew" } } } }
    w = station_world.open(world("production", { recorded = recorded }))
    local run = w:run("maintenance")
    assert.equal("failed", run.outcome)
    assert.contains("by_product_ccnew could not be rebuilt", run.reason)
  end)

  it("waits for a quieter time where users need the connections", function()
    w.metrics.app:set { name = "connections", value = 81 }
    assert.equal("failed", w:run("maintenance").outcome)
    assert.equal(0, w:times "database/primary-sql:reindex")
  end)
end)

-- As `starts:` of the environments has them: who waits for a person keeps the locks of a recovery.
describe("what cron starts", function()
  local starts = {
    ["backup"] = { given = { snapshot = false }, breaks = "database/primary:list_backups" },
    ["maintenance"] = { given = {}, breaks = "database/primary-sql:reindex" },
    ["load-check"] = { given = { ask_first = false, during = "1m" }, breaks = "http/site:load" },
  }

  it("waits for nobody, whether or not it fails", function()
    for runbook, start in pairs(starts) do
      for _, breaks in ipairs { false, start.breaks } do
        local w = station_world.follow(station_world.open(world("production",
          { recorded = station_world.copies() })))
        station_world.back_up(w).database["primary-sql"]:promote {}
        if breaks then w:fails(breaks, { how = "failed", code = "denied", times = 9 }) end
        local run = w:run(runbook, start.given)
        assert.equal(breaks and "failed" or "done", run.outcome, runbook .. ": "
          .. tostring(run.reason))
      end
    end
  end)
end)
