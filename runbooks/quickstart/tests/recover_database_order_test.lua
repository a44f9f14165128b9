-- Recovering the shop's database: in which order it is done, and what each part waits for.
local shop_world = require "shop_world"

local short = { watch_for = "10s" }

local function step_of(run, name)
  for _, step in ipairs(run.steps) do
    if step.name == name then return step end
  end
end

describe("recover-database in order", function()
  local w

  before_each(function()
    w = shop_world.damage(shop_world.back_up(shop_world.open(world "local")))
  end)

  it("tells the team first, and that it is over when customers are let in", function()
    local run = w:run("recover-database", short)
    assert.equal("done", run.outcome)
    local closed = w:place "deploy/shop:set_maintenance"
    assert.is_true(w:place "notify/team:open" < closed)
    local opened = w:place("deploy/shop:set_maintenance", closed)
    assert.is_true(opened < w:place "notify/team:resolve")
  end)

  it("points the site back at the shop, and goes on when everybody is led there", function()
    local run = w:run("recover-database", { watch_for = "10s", ask_first = true })
    assert.equal("waits", run.outcome)
    -- From here on a resolver keeps the status page for as long as it may.
    w.dns.site:flush {}
    assert.is_true(w.dns.site:resolves { name = "www", to = "status.shop.example" })
    run = w:resume(run, { answers = { ["Restore this backup?"] = "approve" } })
    assert.equal("done", run.outcome)
    assert.same({ "app.shop.example" }, w.dns.site:get { name = "www", type = "CNAME" }.values)
    local pointed = step_of(run, "Point the site at the restored shop")
    assert.is_true(pointed.took_s > 20)
  end)

  it("pauses after each of six parts where it is told to", function()
    local quick = w:run("recover-database", short)
    local other = shop_world.damage(shop_world.back_up(shop_world.open(world "local")))
    local slow = other:run("recover-database", { watch_for = "10s", pause = "1m" })
    assert.equal("done", slow.outcome)
    assert.near(360, slow.took_s - quick.took_s, 70)
  end)

  it("waits until the shop is healthy", function()
    w.http.shop:answer { path = "/health", status = 503, times = 8 }
    local run = w:run("recover-database", short)
    assert.equal("done", run.outcome)
  end)

  it("goes back to a person where the shop does not stay healthy", function()
    w.http.shop:answer { path = "/health", status = 200, json = { database = "whole" }, times = 9 }
    w.http.shop:answer { path = "/health", status = 503 }
    local run = w:run("recover-database", short)
    assert.equal("waits", run.outcome)
    assert.equal("the shop stays healthy", run.asks[1].name)
    assert.is_true(w.deploy.shop.maintenance)
  end)
end)
