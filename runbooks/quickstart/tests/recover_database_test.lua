-- Recovering the shop's database: what is restored, what is left, and what happens where it fails.
local shop_world = require "shop_world"

local short = { watch_for = "10s" }

describe("recover-database", function()
  local w

  before_each(function()
    w = shop_world.damage(shop_world.back_up(shop_world.open(world "local")))
  end)

  it("restores the newest backup that is whole", function()
    local run = w:run("recover-database", short)
    assert.equal("done", run.outcome)
    assert.is_true(run.value.recovered)
    assert.equal("tuesday.db.zst", run.value.backup)
    assert.equal(2050, w.database.shop.rows.orders)
    assert.is_false(w.deploy.shop.maintenance)
    assert.equal("resolved", w.notify.team.incidents["shop-database"].state)
  end)

  it("leaves a database that is whole alone", function()
    local well = shop_world.back_up(shop_world.open(world "local"))
    local run = well:run("recover-database", short)
    assert.equal("done", run.outcome)
    assert.is_false(run.value.recovered)
    assert.same({}, well.sent)
  end)

  it("asks before it restores where it is told to", function()
    local run = w:run("recover-database", { watch_for = "10s", ask_first = true })
    assert.equal("waits", run.outcome)
    assert.equal("Restore this backup?", run.asks[1].name)
    assert.is_true(w.deploy.shop.maintenance)
    run = w:resume(run, { answers = { ["Restore this backup?"] = "approve" } })
    assert.equal("done", run.outcome)
  end)

  it("restores nothing where no backup is whole", function()
    w.database.shop:corrupt_backup { key = "monday.db.zst" }
    w.database.shop:truncate_backup { key = "tuesday.db.zst" }
    local run = w:run("recover-database", short)
    assert.equal("waits", run.outcome)
    assert.contains("No backup here is whole", run.asks[1].detail)
  end)

  it("goes on waiting for the name, and says which backup was no use", function()
    local run = w:run("recover-database", short)
    assert.equal("done", run.outcome)
    assert.is_true(run.took_s < duration("10m"))
  end)
end)
