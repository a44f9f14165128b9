-- Backing the shop's database up: what is kept beside the backup, and when nothing is.
local shop_world = require "shop_world"

describe("back-up-database", function()
  local w

  before_each(function() w = shop_world.open(world "local") end)

  local function note()
    return w.storage.backups.objects["monday.db.zst.digests.json"]
  end

  it("keeps the digests of the tables beside a backup that can be read", function()
    local before = w.database.shop:digests { tables = { "customers", "orders" } }
    local run = w:run("back-up-database", { name = "monday" })
    assert.equal("done", run.outcome)
    assert.same({ key = "monday.db.zst" }, run.value)
    assert.same(before, json.decode(note().body))
    assert.equal("monday.db.zst", w.database.shop:list_backups { kind = "dump" }[1].key)
  end)

  it("keeps no digests where somebody writes meanwhile", function()
    w:fails("database/shop:verify_backup", { how = "failed", code = "unreachable" })
    local run = w:run("back-up-database", { name = "monday" })
    assert.equal("waits", run.outcome)
    assert.equal("Read it back", run.asks[1].name)
    shop_world.sell(w, 1)
    run = w:resume(run, { answers = { ["Read it back"] = "retry" } })
    assert.equal("done", run.outcome)
    assert.same({ key = "monday.db.zst" }, run.value)
    assert.is_nil(note())
    assert.contains("orders changed meanwhile, so no digests are kept with monday.db.zst.", run.log)
  end)

  it("stops at a backup that cannot be read back", function()
    w:fails("database/shop:verify_backup", { how = "failed", code = "damaged" })
    local run = w:run("back-up-database", { name = "monday" })
    assert.equal("waits", run.outcome)
    assert.equal("Read it back", run.asks[1].name)
    assert.is_nil(note())
  end)
end)
