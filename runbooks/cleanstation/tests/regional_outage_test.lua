-- regional-outage: us-west-2 takes over, in an order in which nobody meets anything unproved.
local station_world = require "station_world"

local yes = { answers = { ["Fail over to us-west-2?"] = "approve",
  ["Fence the old primary by hand"] = "its subnets' routes are gone",
  ["Make sure the application in us-east-1 is off"] = "ECS shows no task" } }

describe("regional-outage", function()
  local w
  before_each(function()
    w = station_world.lose_east(station_world.follow(station_world.open(world "production")))
  end)

  local function go(more, options)
    local given = { outage_began = w:now(), watch_for = "1m" }
    for name, value in pairs(more or {}) do given[name] = value end
    return w:run("regional-outage", given, options or yes)
  end
  local function name_leads_to()
    return w.dns.torvan:get { name = "cleanstation", type = "CNAME" }.values[1]
  end

  it("serves the standby's data from three tasks in us-west-2", function()
    local run = go()
    assert.equal("done", run.outcome, tostring(run.reason))
    assert.same({ "standby" }, w.families.database:writers())
    assert.same({ orders = 50, qc_checks = 30, assembly_tasks = 40 }, run.value.rows)
    assert.equal(3, w.deploy["app-west"].instances_healthy)
    assert.equal("1.4.0", w.deploy["app-west"].version)
    assert.equal(w.deploy["app-west"]:endpoint(), name_leads_to())
    assert.equal("resolved", w.notify.oncall.incidents["regional-outage"].state)
    assert.is_true(run.took_s < duration("4h"))
    assert.contains("# us-east-1 is out", run.value.post_mortem)
  end)

  it("leads the name that its environment has", function()
    w = station_world.follow(station_world.open(world "staging"))
    w.dns.torvan:put { name = "staging.cleanstation", type = "CNAME", ttl = 60,
      value = "staging-210987654.us-east-1.elb.amazonaws.com." }
    assert.equal("done", go().outcome)
    local names = { cleanstation = "cleanstation-210987654.us-east-1.elb.amazonaws.com",
      ["staging.cleanstation"] = w.deploy["app-west"]:endpoint() }
    for name, host in pairs(names) do
      local values = w.dns.torvan:get({ name = name, type = "CNAME" }).values
      assert.contains(host, values[1])
    end
  end)

  it("says how much is lost before anybody decides", function()
    local run = go { outage_began = w:now() + 1800 }
    assert.same({ "Fail over to us-west-2?" }, w.questions)
    assert.contains("At most 31 min of writes are lost; the objective is 60 min", w:told())
    assert.near(1800, run.value.lost_s, 120)
  end)

  it("serves another version where one is named", function()
    go { version = "1.5.0" }
    assert.equal("1.5.0", w.deploy["app-west"].version)
  end)

  it("takes no moving tag", function()
    assert.error(function() go { version = "latest" } end, "names no image")
    assert.same({}, w.effects)
  end)

  it("stops before anything is changed where us-west-2 has no such image", function()
    local run = go { version = "9.9.9" }
    assert.equal("waits", run.outcome)
    assert.contains("no image 9.9.9", run.reason)
    assert.equal(0, w:times "database/standby:promote")
  end)

  it("goes back to the standby's newest snapshot where its data are no good", function()
    w.database.standby:promote {}
    w.database.standby:snapshot { name = "nightly" }
    w.database.standby:execute { sql = "delete from orders where id > 10" }
    w:advance("10m")
    local run = go { source = "snapshot" }
    assert.equal("done", run.outcome, tostring(run.reason))
    assert.equal(50, run.value.rows.orders)
  end)

  it("starts nothing where us-west-2 has no version at rest and none is named", function()
    w = world "production"
    local run = go()
    assert.contains("us-west-2 has no version at rest", run.reason)
    assert.equal(0, w:times "database/primary:fence")
  end)

  it("has no task in us-west-2 during the promotion, and asks the cache there", function()
    w.deploy["app-west"]:scale { instances = 2 }
    w:prepared()
    w.cache["redis-west"]:fail()
    local run = go()
    assert.equal("Ask cache and files of us-west-2", run.asks[1].name)
    assert.equal("primary", w.database.standby.role)
    assert.equal(0, w.deploy["app-west"].instances)
  end)

  it("serves nobody from us-west-2 without the copies of the files", function()
    w.storage["files-west"]:fail()
    assert.equal("Ask cache and files of us-west-2", go().asks[1].name)
    assert.equal(0, w:times "dns/torvan:batch")
  end)

  it("asks a person where the region does not answer, and keeps what they say", function()
    w:fails("deploy/app:scale", { how = "failed", code = "unreachable" })
    w:fails("database/primary:fence", { how = "failed", code = "unreachable", times = 3 })
    local run = go()
    assert.equal("done", run.outcome, tostring(run.reason))
    assert.contains("ECS shows no task", json.encode(run.value.timeline))
    assert.contains("by hand", json.encode(run.value.timeline))
  end)

  it("promotes nothing before the old primary is fenced", function()
    w:fails("database/primary:fence", { how = "failed", code = "unreachable", times = 3 })
    local run = go({}, { answers = { ["Fail over to us-west-2?"] = "approve" } })
    assert.equal("waits", run.outcome)
    assert.equal("Fence the old primary by hand", run.asks[1].name)
    assert.equal(0, w:times "database/standby:promote")
  end)

  it("says so where nobody can tell how much is lost", function()
    w = world("production", { recorded = { ["database/standby:lag"] = { { at = 0, arguments = {},
      value = { behind_bytes = 0, connected = false, idle = false }, times = 9 } } } })
    station_world.lose_east(station_world.follow(station_world.open(w)))
    local run = go()
    assert.equal("done", run.outcome, tostring(run.reason))
    assert.contains("Nobody can tell how far the standby had come", w:told())
  end)

  it("has no snapshot to go back to where none was made", function()
    local run = go { source = "snapshot" }
    assert.contains("no complete snapshot", run.reason)
    assert.equal(0, w:times "database/standby:promote")
  end)

  it("stops an application that has no slots as well", function()
    w = world "drill"
    w.deploy.app:serve { version = "1.4.0", instances = 1 }
    w.deploy["app-west"]:serve { version = "1.4.0", instances = 1 }
    w.database.standby:replicate { from = "database/primary", behind = 1 }
    go()
    assert.equal(0, w.deploy.app.instances)
  end)

  it("changes nothing where a person refuses", function()
    local before = name_leads_to()
    local run = go({}, { answers = {
      ["Fail over to us-west-2?"] = { decision = "reject", reason = "us-east-1 is back" } } })
    assert.equal("waits", run.outcome)
    assert.equal("resolved", w.notify.oncall.incidents["regional-outage"].state)
    assert.contains("Nothing was done", w:told "notify/oncall")
    for _, name in ipairs { "deploy/app:scale", "database/primary:fence",
      "database/standby:promote", "dns/torvan:batch" } do
      assert.equal(0, w:times(name), name)
    end
    assert.equal(before, name_leads_to())
  end)

  it("serves from us-east-1 again where it is undone before the promotion", function()
    w:fails("database/standby:promote", { how = "failed", code = "quota", times = 9 })
    local run = go()
    assert.equal("Promote the standby", run.asks[1].name)
    assert.equal("network", w.database.primary.fenced)
    assert.equal(0, w.deploy.app.slots.blue.instances)
    run = w:undo(run, { reason = "us-east-1 is back" })
    assert.equal("undone", run.outcome, tostring(run.reason))
    assert.equal("none", w.database.primary.fenced)
    assert.equal(3, w.deploy.app.slots.blue.instances)
    assert.equal(3, w.deploy.app.slots.green.instances)
  end)

  it("starts nothing in us-east-1 where the run is undone after the promotion", function()
    local run = w:undo(go { least_orders = 1000 }, { reason = "too few orders" })
    assert.equal("partly undone", run.outcome)
    assert.equal(0, w.deploy.app.slots.blue.instances)
    assert.same({ "standby" }, w.families.database:writers())
  end)

  it("starts nothing on data that are not right", function()
    local run = go { least_orders = 1000 }
    assert.equal("Verify the data", run.asks[1].name)
    assert.equal(0, w.deploy["app-west"].instances)
  end)

  it("leaves the name where it is until us-west-2 is proved", function()
    local before = name_leads_to()
    w.http["site-west"]:answer { path = "/api/orders", status = 200 }
    local run = go()
    assert.equal("waits", run.outcome)
    assert.contains("orders are not shown to strangers", run.reason)
    assert.equal(before, name_leads_to())
    assert.equal(0, w.deploy["app-west"].instances)
  end)

  it("does not say that it is over while the public name is not healthy", function()
    w.http.site:answer { path = "/api/health", status = 503 }
    local run = go()
    assert.equal("the public name is healthy", run.asks[1].name)
    assert.equal("open", w.notify.oncall.incidents["regional-outage"].state)
  end)
end)
