-- health: what is asked, what counts as slow and as an alarm, and that nobody's word is enough.
local care_world = require "care_world"

describe("health", function()
  local w
  before_each(function() w = care_world.open(world "production") end)

  local function row_of(run, name)
    for _, row in ipairs(run.value.rows) do
      if row.name == name then return row end
    end
  end

  it("asks the page, the combined endpoint, each service's, and the services themselves", function()
    local run = w:run("health")
    assert.equal("done", run.outcome)
    assert.equal(13, #run.value.rows)
    for _, row in ipairs(run.value.rows) do assert.equal("healthy", row.state) end
    assert.equal(0.1, row_of(run, "database").target_s)
    assert.equal(0.2, row_of(run, "redis itself").alert_s)
    assert.contains("stripe", table.concat(run.log, "\n"))
  end)

  it("shows state and latency of each beside its target and its alarm", function()
    w.http.site:answer { path = "/api/health/clerk", status = 200, json = { status = "healthy" },
      after_s = 0.7 }
    local shown = table.concat(w:run("health").log, "\n")
    assert.matches("state +latency +target +alarm", shown)
    assert.matches("database +healthy +%d+ ms +100 ms +500 ms", shown)
    assert.matches("clerk +slow +7%d%d ms +500 ms +2000 ms", shown)
    assert.matches("novu +healthy +%d+ ms +%- +%-", shown)
    assert.matches("redis itself +healthy +%d+ ms +50 ms +200 ms", shown)
  end)

  it("calls what is beyond its target slow, and goes on", function()
    w.http.site:answer { path = "/api/health/clerk", status = 200, json = { status = "healthy" },
      after_s = 0.7 }
    local run = w:run("health")
    assert.equal("done", run.outcome)
    assert.equal("slow", row_of(run, "clerk").state)
  end)

  -- Name of the row, path, its target and its limit of alarm: the document's figures.
  for _, case in ipairs { { "page", "/", 1, 3 }, { "api", "/api/healthcheck", 0.2, 1 },
    { "database", "/api/health/neon-database", 0.1, 0.5 },
    { "redis", "/api/health/upstash-redis", 0.05, 0.2 },
    { "stripe", "/api/health/stripe", 0.5, 2 } } do
    local name, path, target_s, alert_s = case[1], case[2], case[3], case[4]
    local sentence = ("has %s slow beyond %g s, failed beyond %g s"):format(name, target_s,
      alert_s)
    it(sentence, function()
      for _, one in ipairs { { target_s * 0.5, "healthy", "done" },
        { target_s * 1.2, "slow", "done" }, { alert_s * 0.9, "slow", "done" },
        { alert_s * 1.1, "alert", "failed" } } do
        local services = {}
        for _, service in ipairs(require("care").service_names) do
          services[service] = { status = "healthy" }
        end
        w.http.site:answer { path = path, status = 200, after_s = one[1],
          json = { status = "healthy", services = services } }
        local run = w:run("health")
        assert.equal(one[3], run.outcome, run.reason)
        if one[3] == "failed" then
          assert.contains(name .. ": it took", run.reason)
        else
          assert.equal(one[2], row_of(run, name).state)
        end
      end
    end)
  end

  it("fails where a service is not well, and names it", function()
    for name in pairs { stripe = 1, qstash = 1, analytics = 1 } do
      care_world.answer_well(w.http.site)
      care_world.break_service(w, name)
      assert.contains(name .. ":", w:run("health").reason)
    end
  end)

  it("says of one service that it fails, and of the others nothing", function()
    care_world.break_service(w, "analytics")
    local reason = w:run("health").reason
    assert.contains("analytics: ", reason)
    for _, other in ipairs { "posthog", "novu", "qstash", "stripe" } do
      assert.does_not.contains(other .. ": ", reason)
    end
  end)

  it("does not believe endpoints that say all is well", function()
    w.database.care:fail()
    assert.contains("database itself", w:run("health").reason)
    w.database.care:recover()
    w.cache.redis:fail()
    assert.contains("redis itself", w:run("health").reason)
    w.cache.redis:recover()
    w.schedule.jobs:fail()
    assert.contains("qstash itself", w:run("health").reason)
  end)

  it("measures the database itself by a query, not by its connection", function()
    w:fails("database/care:query", { how = "late", late = "300ms", skip = 1 })
    local run = w:run("health")
    assert.equal("done", run.outcome)
    assert.equal("slow", row_of(run, "database itself").state)
    w:fails("database/care:query", { how = "late", late = "900ms", skip = 1 })
    assert.contains("database itself: it took", w:run("health").reason)
  end)

  it("tells the team by cron what is not well, and nobody where somebody looks himself", function()
    w:run("health", { tell = true })
    assert.same({}, w.sent)
    care_world.break_service(w, "stripe")
    w:run("health")
    assert.same({}, w.sent)
    w.notify.team:fail { code = "unreachable" }
    assert.contains("stripe: ", w:run("health", { tell = true }).reason)
    w.notify.team:recover()
    assert.contains("stripe: ", w:run("health", { tell = true }).reason)
    assert.contains("stripe: ", w:told "notify/team")
  end)

  it("changes nothing", function()
    w:run("health")
    assert.same({}, w.effects)
  end)
end)
