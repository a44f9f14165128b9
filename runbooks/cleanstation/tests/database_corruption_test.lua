-- database-corruption: what is put back, behind closed doors, and what stops it.
local station_world = require "station_world"

local yes = { answers = { ["Restore the database?"] = "approve",
  ["Lead readers to the restored data"] = "made anew",
  ["Make a new standby in us-west-2"] = "replicates since 11:40" } }

describe("database-corruption", function()
  local w, bad_at, automated
  before_each(function()
    w = station_world.follow(station_world.open(world "production"))
    automated = w.database.primary:snapshot({ name = "automated-1" }).id
    w:advance("30m")
    station_world.order(w)
    w:advance("10m")
    bad_at = w:now()
    w.database.primary:execute { sql = "delete from orders where id > 5" }
    w:advance("20m")
    w:prepared()
  end)

  local function go(more, options)
    local given = { watch_for = "1m" }
    for name, value in pairs(more or { bad_at = bad_at }) do given[name] = value end
    return w:run("database-corruption", given, options or yes)
  end

  it("goes back to just before the damage, and lets users in again", function()
    local run = go()
    assert.equal("done", run.outcome, tostring(run.reason))
    assert.same({ orders = 51, qc_checks = 30, assembly_tasks = 40 }, run.value.rows)
    assert.equal(51, w.database.primary.rows.orders)
    assert.equal(3, w.deploy.app.slots.blue.instances_healthy)
    assert.equal(3, w.deploy.app.slots.green.instances_healthy)
    assert.near(bad_at - 60, run.value.shows_at, 1)
    assert.equal("resolved", w.notify.oncall.incidents["database-corruption"].state)
    assert.contains("Everything written after " .. date("%Y-%m-%d %H:%M UTC", bad_at - 60)
      .. " is lost.", w:told())
    assert.is_true(run.took_s < duration("4h"))
  end)

  it("keeps the damaged data", function()
    local before = #w.database.primary:list_backups {}
    go()
    assert.equal(before + 1, #w.database.primary:list_backups {})
  end)

  it("takes the newest snapshot where nobody knows the moment", function()
    local run = go {}
    assert.equal("done", run.outcome, tostring(run.reason))
    assert.equal(50, run.value.rows.orders)
  end)

  it("takes the newest snapshot from before the damage where the log is too short", function()
    w:advance("3d")
    w.database.primary:snapshot { name = "automated-2" }
    w:advance("5d")
    local run = go()
    assert.equal("done", run.outcome, tostring(run.reason))
    assert.equal(50, run.value.rows.orders)
  end)

  it("never takes what an earlier restore has kept of damaged data", function()
    go()
    w:advance("10m")
    -- The newest that is listed is what was damaged an hour ago, with 5 orders.
    assert.contains("previous:", w.database.primary:list_backups({})[1].id)
    local run = go {}
    assert.equal("done", run.outcome, tostring(run.reason))
    assert.equal(50, run.value.rows.orders)
  end)

  it("lets nobody in before readers are led to the restored data", function()
    local run = go({ bad_at = bad_at }, { answers = { ["Restore the database?"] = "approve" } })
    assert.equal("Lead readers to the restored data", run.asks[1].name)
    assert.equal(0, w.deploy.app.slots.blue.instances)
  end)

  it("says so where there is no snapshot", function()
    w = station_world.follow(station_world.open(world "production"))
    local run = go {}
    assert.contains("No complete snapshot", run.reason)
    assert.equal(0, w:times "deploy/app:scale")
  end)

  it("takes a snapshot that is named", function()
    assert.equal(50, go({ backup = automated }).value.rows.orders)
    assert.contains("no complete backup nothing", go({ backup = "nothing" }).reason)
  end)

  it("refuses a moment that has not come, and two ways at once", function()
    assert.contains("has not come yet", go({ bad_at = w:now() + 3600 }).reason)
    assert.error(function() go { bad_at = bad_at, backup = automated } end, "not both")
  end)

  it("forgets what was cached of the damaged data, and no session", function()
    w.cache.redis:put { key = "cache:orders", value = "wrong" }
    w.cache.redis:put { key = "sess:1", value = "somebody" }
    go()
    assert.is_nil(w.cache.redis.keys["cache:orders"])
    assert.is_not_nil(w.cache.redis.keys["sess:1"])
  end)

  it("restores nothing while users cannot be kept away", function()
    w:fails("deploy/app:scale", { how = "failed", times = 10 })
    local run = go()
    assert.equal("Close it to users", run.asks[1].name)
    assert.equal(0, w:times "database/primary:restore")
  end)

  it("keeps users away while the data are not right", function()
    local run = go { bad_at = bad_at, least_orders = 1000 }
    assert.equal("Verify the data", run.asks[1].name)
    assert.equal(0, w.deploy.app.slots.blue.instances_healthy)
    assert.equal(0, w.deploy.app.slots.green.instances_healthy)
  end)

  it("asks what to do where RDS does not restore", function()
    w:fails("database/primary:restore", { how = "failed", code = "quota", times = 3 })
    local run = go()
    assert.equal("Restore", run.asks[1].name)
    assert.equal(0, w.deploy.app.slots.blue.instances_healthy)
  end)

  it("changes nothing where a person refuses", function()
    local run = go({ bad_at = bad_at }, { answers = {
      ["Restore the database?"] = { decision = "reject", reason = "mended by hand" } } })
    local told = w.notify.oncall.incidents["database-corruption"]
    assert.equal("resolved", told.state)
    assert.contains("Nothing was done", w:told "notify/oncall")
    assert.contains("mended by hand", w:told "notify/oncall")
    assert.equal("waits", run.outcome)
    assert.equal(0, w:times "deploy/app:scale")
    assert.equal(0, w:times "database/primary:restore")
    assert.equal(3, w.deploy.app.slots.blue.instances_healthy)
  end)

  it("does not take it for a new standby while nothing replicates", function()
    w.database.standby:isolate {}
    assert.equal("Make a new standby in us-west-2", go().asks[1].name)
  end)

  it("is not over before there is a new standby", function()
    local run = go({ bad_at = bad_at }, { answers = { ["Restore the database?"] = "approve",
      ["Lead readers to the restored data"] = "another address" } })
    assert.equal("Make a new standby in us-west-2", run.asks[1].name)
    assert.equal("open", w.notify.oncall.incidents["database-corruption"].state)
    assert.equal(3, w.deploy.app.slots.blue.instances_healthy)
  end)
end)
