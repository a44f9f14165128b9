-- deploy and blue-green: what serves afterwards, whatever happens.
local station_world = require "station_world"

local yes = { answers = { ["Release it?"] = "approve" } }
local no = { answers = { ["Release it?"] = { decision = "reject", reason = "Friday" } } }

describe("deploy", function()
  local w
  before_each(function() w = station_world.open(world "production", "slots") end)

  local function go(options, more)
    local given = { version = "1.5.0" }
    for name, value in pairs(more or {}) do given[name] = value end
    return w:run("deploy", given, options or yes)
  end

  it("releases to the slot that serves, and says so", function()
    local run = go()
    assert.equal("done", run.outcome, tostring(run.reason))
    assert.equal("1.5.0", w.deploy.slots.slots.blue.version)
    assert.equal("1.3.0", w.deploy.slots.slots.green.version)
    assert.same({ blue = 100, green = 0 }, w.deploy.slots.traffic)
    assert.contains("1.5.0 serves in production; it was 1.4.0", w:told())
  end)

  it("takes back what does not answer well", function()
    w.http.site:answer { path = "/api/health", status = 200, json = { status = "degraded" } }
    local run = go()
    assert.equal("failed", run.outcome)
    assert.equal("1.4.0", w.deploy.slots.slots.blue.version)
    assert.contains("1.5.0 is not proved in production, where 1.4.0 serves from blue", w:told())
  end)

  it("takes back what never becomes stable", function()
    w.deploy.slots:break_version { version = "1.5.0" }
    assert.equal("failed", go().outcome)
    assert.equal("1.4.0", w.deploy.slots.slots.blue.version)
    assert.equal(3, w.deploy.slots.slots.blue.instances_healthy)
  end)

  it("takes back what shows orders to strangers", function()
    w.http.site:answer { path = "/api/orders", status = 200 }
    assert.equal("failed", go().outcome)
    assert.equal("1.4.0", w.deploy.slots.slots.blue.version)
  end)

  it("says that the bad version serves where it cannot be taken back", function()
    w.http.site:answer { path = "/api/health", status = 200, json = { status = "degraded" } }
    w:fails("deploy/slots:release", { how = "failed", code = "quota", skip = 1, times = 9 })
    w:fails("deploy/slots:rollback", { how = "failed", code = "quota", times = 9 })
    local run = go()
    assert.is_not.equal("done", run.outcome)
    assert.equal("1.5.0", w.deploy.slots.slots.blue.version)
    assert.contains("where 1.5.0 serves from blue", w:told "notify/team")
  end)

  it("releases nothing that was never pushed, and no moving tag", function()
    assert.contains("no image 9.9.9", go(yes, { version = "9.9.9" }).reason)
    w.deploy.slots:put_artifact { version = "latest" }
    assert.error(function() go(yes, { version = "latest" }) end, "names no image")
    assert.equal(0, w:times "deploy/slots:release")
  end)

  it("releases nothing where a person refuses", function()
    assert.equal("failed", go(no).outcome)
    assert.equal(0, w:times "deploy/slots:release")
  end)

  it("waits an hour for a person, and then lets go of its locks", function()
    local late = { answers = { ["Release it?"] = { decision = "approve", after = 7200 } } }
    for _, runbook in ipairs { "deploy", "blue-green" } do
      local run = w:run(runbook, { version = "1.5.0" }, late)
      assert.contains("Nobody answered", run.reason)
      assert.is_true(run.took_s < duration("61m"))
    end
    assert.equal(0, w:times "deploy/slots:release")
  end)

  it("asks nobody in staging", function()
    w = station_world.open(world "staging", "slots")
    local run = go {}
    assert.equal("done", run.outcome, tostring(run.reason))
    assert.equal("1.5.0", w.deploy.slots.slots.blue.version)
  end)

  it("is for staging and production only", function()
    assert.error(function() world("drill"):run("deploy", { version = "1.5.0" }, yes) end,
      "not to drill")
  end)
end)

describe("blue-green", function()
  local w
  before_each(function() w = station_world.open(world("production",
      { recorded = station_world.migration() }), "slots") end)

  local function go(more, options)
    local given = { version = "1.5.0" }
    for name, value in pairs(more or {}) do given[name] = value end
    return w:run("blue-green", given, options or yes)
  end

  it("proves green, migrates, moves the traffic, and then updates blue", function()
    local run = go()
    assert.equal("done", run.outcome, tostring(run.reason))
    assert.same({ blue = 0, green = 100 }, w.deploy.slots.traffic)
    assert.equal("1.5.0", w.deploy.slots.slots.green.version)
    assert.equal("1.5.0", w.deploy.slots.slots.blue.version)
    assert.same({ "001_order_priority" }, run.value.applied)
    assert.is_true(run.took_s >= 300)
    assert.is_string(run.value.way_back)
  end)

  it("watches while connections drain, and goes back to blue at the first failure", function()
    w:fails("http/site:check", { how = "failed", code = "check_failed", skip = 20, times = 100 })
    local run = go()
    assert.equal("undone", run.outcome, tostring(run.reason))
    assert.same({ blue = 100, green = 0 }, w.deploy.slots.traffic)
    assert.equal("1.4.0", w.deploy.slots.slots.blue.version)
    assert.contains("1.4.0 serves from blue. Migrations that stay: 001_order_priority", w:told())
  end)

  it("goes back where too many requests fail", function()
    w.metrics.app:set { name = "errors", value = 7 }
    go()
    assert.same({ blue = 100, green = 0 }, w.deploy.slots.traffic)
    assert.equal("1.4.0", w.deploy.slots.slots.blue.version)
  end)

  it("moves nothing while green is not well", function()
    w.http.green:answer { path = "/api/health", status = 503 }
    local run = go()
    assert.equal("undone", run.outcome)
    assert.equal(0, w:times "deploy/slots:shift_traffic")
    assert.equal(0, w:times "database/primary-sql:migrate")
    assert.equal("1.3.0", w.deploy.slots.slots.green.version)
  end)

  it("moves nothing where a migration fails", function()
    w = station_world.open(world("production", { recorded = station_world.migration {
      at = 0, outcome = "failed", arguments = { folder = "migrations", lock_timeout = 5 },
      error = { code = "bad_sql", message = "no such table", retry = "never" } } }), "slots")
    local run = go()
    assert.is_not.equal("done", run.outcome)
    assert.equal(0, w:times "deploy/slots:shift_traffic")
    assert.equal("1.4.0", w.deploy.slots.slots.blue.version)
    assert.equal("1.3.0", w.deploy.slots.slots.green.version)
  end)

  it("moves nothing where the old version is not well with the new tables", function()
    w.http.site:answer { path = "/api/health", status = 500 }
    go()
    assert.equal(0, w:times "deploy/slots:shift_traffic")
  end)

  it("points back at blue where the update of blue fails, or it is not healthy with it", function()
    for operation, how in pairs { release = { skip = 1, times = 5 },
      wait_healthy = { skip = 1, times = 5 } } do
      w = station_world.open(world("production", { recorded = station_world.migration() }), "slots")
      w:fails("deploy/slots:" .. operation, { how = "failed", code = "quota", skip = how.skip,
        times = how.times })
      local run = go()
      assert.equal("undone", run.outcome, operation)
      assert.equal(2, w:times "deploy/slots:shift_traffic")
      assert.same({ blue = 100, green = 0 }, w.deploy.slots.traffic)
      assert.equal("1.4.0", w.deploy.slots.slots.blue.version)
      assert.equal(3, w.deploy.slots.slots.blue.instances_healthy)
      assert.contains("1.4.0 serves from blue", w:told "notify/team")
    end
  end)

  it("gives green as many tasks as serve, before anything is led there", function()
    w.deploy.slots:scale { slot = "blue", instances = 5 }
    w:prepared()
    assert.equal("done", go().outcome)
    assert.equal(5, w.deploy.slots.slots.green.instances_healthy)
  end)

  it("releases nothing that was never pushed", function()
    assert.contains("no image 9.9.9", go({ version = "9.9.9" }).reason)
    assert.same({}, w.questions)
    assert.equal(0, w:times "deploy/slots:scale")
  end)

  it("migrates nothing where nothing is pending", function()
    w = station_world.open(world("production", { recorded = {
      ["database/primary-sql:pending_migrations"] = { { at = 0, value = {}, times = 9,
        arguments = { folder = "migrations" } } } } }), "slots")
    local run = go()
    assert.equal("done", run.outcome, tostring(run.reason))
    assert.same({}, run.value.applied)
  end)

  it("takes no moving tag", function()
    w.deploy.slots:put_artifact { version = "latest" }
    assert.error(function() go { version = "latest" } end, "names no image")
    assert.same({}, w.effects)
  end)

  it("keeps a snapshot before a major release", function()
    local run = go { major = true }
    assert.is_string(run.value.snapshot)
    assert.equal(1, w:times "database/snapshots:snapshot")
  end)

  it("can leave the old slot alone", function()
    go { update_old = false }
    assert.equal("1.4.0", w.deploy.slots.slots.blue.version)
  end)

  it("changes nothing where a person refuses", function()
    local run = go({}, no)
    assert.is_not.equal("done", run.outcome)
    assert.equal(0, w:times "deploy/slots:scale")
    assert.equal(0, w:times "deploy/slots:release")
  end)
end)
