-- Recovering the shop's database where something it relies on is not as it should be.
local shop_world = require "shop_world"

local short = { watch_for = "10s" }

describe("recover-database in doubt", function()
  local w

  before_each(function()
    w = shop_world.damage(shop_world.back_up(shop_world.open(world "local")))
  end)

  -- It waits for a person at this step or question.
  local function waits_at(name, run)
    assert.equal("waits", run.outcome)
    assert.equal(name, run.asks[1].name)
  end

  it("takes a database that does not answer for no damaged one", function()
    w:fails("database/shop:check_integrity", { how = "failed", code = "unreachable" })
    waits_at("Ask the database whether it is damaged", w:run("recover-database", short))
    assert.same({}, w.sent)
    assert.is_false(w.deploy.shop.maintenance)
  end)

  it("says in its log which check failed, and which backup is no use", function()
    local run = w:run("recover-database", short)
    assert.contains("The database is damaged: structure.", run.log)
    assert.contains("wednesday.db.zst is no use: digest of the object, "
      .. "unpacking, digest of the database.", run.log)
    assert.contains("tuesday.db.zst is whole. It shows the shop of 2026-01-02 10:00:01 UTC.",
      run.log)
  end)

  it("does not go on before the restored database is ready", function()
    w:fails("database/shop:wait_ready", { how = "failed", code = "timed_out" })
    waits_at("Restore the backup", w:run("recover-database", short))
  end)

  it("keeps the site where it is while the restored data is not whole", function()
    w:fails("database/shop:check_integrity", { how = "failed", skip = 1, code = "check_failed" })
    waits_at("Compare the data with what was backed up", w:run("recover-database", short))
    assert.is_true(w.deploy.shop.maintenance)
    assert.same({ "status.shop.example" },
      w.dns.site:get { name = "www", type = "CNAME" }.values)
  end)

  it("notices restored data that differs from what was backed up", function()
    local key = "tuesday.db.zst.digests.json"
    local digests = json.decode(w.storage.backups.objects[key].body)
    digests.orders = digests.customers
    w.storage.backups:put { key = key, body = json.encode(digests) }
    waits_at("Compare the data with what was backed up", w:run("recover-database", short))
    assert.same({ "status.shop.example" },
      w.dns.site:get { name = "www", type = "CNAME" }.values)
  end)

  it("does not tell the team that it is over while the shop shows no orders", function()
    w.http.shop:answer { path = "/orders", status = 503 }
    waits_at("Let the customers in again", w:run("recover-database", short))
    assert.equal("open", w.notify.team.incidents["shop-database"].state)
  end)

  it("is undone without the damaged data coming back", function()
    local run = w:run("recover-database", short)
    run = w:undo(run)
    assert.equal(2050, w.database.shop.rows.orders)
    assert.same({ "app.shop.example" }, w.dns.site:get { name = "www", type = "CNAME" }.values)
  end)
end)
