-- region-failure: who decides, nothing before the backup region is proved, and the way back.
local vibelog_world = require "vibelog_world"

local yes = { answers = { ["Fail over?"] = "approve" } }

describe("region-failure", function()
  local w
  before_each(function() w = vibelog_world.open(world "production") end)

  local function lose_region()
    w.deploy.web:fail { instances = 1 }
    w.http.site:answer { path = "/api/health", fails = "refused" }
    w:prepared()
  end
  local function go(params, options)
    params.watch_for = "1m"
    return w:run("region-failure", params, options)
  end
  local function www() return w.dns.site:get({ name = "www", type = "CNAME" }).values[1] end
  local backup_host
  before_each(function() backup_host = w.deploy["web-backup"]:endpoint() end)

  it("goes by itself after three failed checks", function()
    lose_region()
    local run = go { mode = "automatic" }
    assert.equal("done", run.outcome)
    assert.is_true(run.value.moved)
    assert.equal(backup_host, www())
    assert.same({ "198.51.100.20", "198.51.100.21" },
      w.dns.site:get({ name = "@", type = "A" }).values)
    assert.equal(10, w.deploy["web-backup"].instances_healthy)
    assert.is_true(run.took_s < duration("30m"))
    assert.equal("resolved", w.notify.oncall.incidents["region-failure"].state)
  end)

  it("leaves everything alone while the region is well", function()
    local run = go { mode = "automatic" }
    assert.equal("done", run.outcome)
    assert.is_false(run.value.moved)
    assert.same({}, w.effects)
  end)

  it("leaves everything alone where only OpenAI is down", function()
    vibelog_world.health(w.http.site, { "openai" })
    assert.is_false(go({ mode = "automatic" }).value.moved)
    assert.same({}, w.effects)
  end)

  it("does not go for one failed check", function()
    w.http.site:answer { path = "/api/health", status = 500, times = 1 }
    assert.is_false(go({ mode = "automatic" }).value.moved)
  end)

  it("goes for a p95 over 30 s, and for more than 10 % errors", function()
    w.metrics.app:set { name = "p95", value = 31 }
    assert.contains("p95", go({ mode = "automatic" }).value.signs[1])
    w = vibelog_world.open(world "production")
    w.metrics.app:set { name = "error-rate", value = 10.5 }
    assert.contains("error-rate", go({ mode = "automatic" }).value.signs[1])
    w = vibelog_world.open(world "production")
    w.metrics.app:set { name = "error-rate", value = 9.5 }
    assert.is_false(go({ mode = "automatic" }).value.moved)
  end)

  it("judges by its checks alone where the metrics do not answer", function()
    w:fails("metrics/app:read", { how = "failed" })
    local run = go { mode = "automatic" }
    assert.is_false(run.value.moved)
    assert.contains("only the checks count", table.concat(run.log, "\n"))
  end)

  it("refuses to wait for more instances than there will be", function()
    assert.has_error(function() go { instances = 2, least = 3 } end, "least is more")
  end)

  it("asks the tech lead or the one on call where a person starts it", function()
    lose_region()
    local run = go { mode = "manual" }
    assert.equal("waits", run.outcome)
    assert.same({ "Fail over?", "Fail over now?" }, w.questions)
    assert.contains("three checks failed", run.asks[1].detail)
    assert.equal(0, w:times "deploy/web-backup:scale")
    assert.contains("region has failed", w:told "notify/oncall")
  end)

  it("pages again where nobody decides for five minutes, and tells leadership", function()
    lose_region()
    local late = { answers = { ["Fail over?"] = { decision = "approve", after = 86400 },
      ["Fail over now?"] = { decision = "approve", after = 120 } } }
    local run = go({ mode = "manual" }, late)
    assert.equal("done", run.outcome)
    assert.is_true(run.value.moved)
    assert.contains("Nobody has decided within 5 min", w:told "notify/leadership")
    for _, name in ipairs { "oncall", "leadership" } do
      assert.equal("resolved", w.notify[name].incidents["region-failure-undecided"].state)
    end
  end)

  it("says which versions the regions have, before anybody decides", function()
    assert.contains("Both regions have bbbbbbb.", go({ mode = "manual" }).asks[1].detail)
    w = vibelog_world.open(world "production")
    w.deploy.web:serve { version = "ccccccc" }
    assert.contains("The backup region has bbbbbbb, and what serves is ccccccc.",
      go({ mode = "manual" }).asks[1].detail)
  end)

  it("goes by itself though it cannot be asked what served", function()
    lose_region()
    w:fails("deploy/web:status", { how = "failed", times = 9 })
    w:fails("deploy/web-backup:status", { how = "failed", times = 9 })
    assert.is_true(go({ mode = "automatic" }).value.moved)
  end)

  it("moves nothing where they refuse", function()
    local before = www()
    local run = go({ mode = "manual" }, { answers = {
      ["Fail over?"] = { decision = "reject", reason = "Vercel is mending it" } } })
    assert.equal("waits", run.outcome)
    assert.equal(before, www())
    assert.equal(0, w.deploy["web-backup"].instances)
  end)

  it("moves within 15 minutes of the decision", function()
    lose_region()
    assert.is_true(go({ mode = "manual" }, yes).took_s < duration("15m"))
  end)

  it("leads nobody to a backup region that does not start", function()
    lose_region()
    w.deploy["web-backup"]:set_capacity { instances = 2 }
    local before = www()
    local run = go { mode = "automatic" }
    assert.equal("Scale the backup region", run.asks[1].name)
    assert.equal(before, www())
  end)

  it("is not over before all ten instances are there, though five take users", function()
    lose_region()
    w.deploy["web-backup"]:set_capacity { instances = 7 }
    local run = go { mode = "automatic" }
    assert.equal("Wait for the whole backup region", run.asks[1].name)
    assert.equal(backup_host, www())
    assert.equal("open", w.notify.oncall.incidents["region-failure"].state)
  end)

  it("leads nobody to a backup region that cannot reach the database", function()
    lose_region()
    vibelog_world.health(w.http.backup, { "database" })
    local before = www()
    local run = go { mode = "automatic" }
    assert.equal("Prove the backup region", run.asks[1].name)
    assert.contains("database is unhealthy", run.reason)
    assert.equal(before, www())
  end)

  it("brings the names back at once where the backup region fails", function()
    lose_region()
    local before = www()
    -- Well for the one look of the smoke tests, and no longer.
    vibelog_world.health(w.http.backup, { "memory" })
    w.http.backup:answer { path = "/api/health", status = 200, times = 1, json = { checks = {
      { service = "database", status = "healthy" }, { service = "supabase", status = "healthy" },
      { service = "disk", status = "healthy" }, { service = "memory", status = "healthy" } } } }
    local run = go { mode = "automatic" }
    assert.is_not.equal("done", run.outcome)
    assert.equal(2, w:times "dns/site:batch")
    assert.equal(before, www())
    assert.equal("open", w.notify.oncall.incidents["region-failure"].state)
  end)

  it("does nothing where the names lead there already", function()
    lose_region()
    go { mode = "automatic" }
    w:prepared()
    local again = go { mode = "automatic" }
    assert.is_false(again.value.moved)
    assert.equal(0, w:times "dns/site:batch")
  end)

  it("is undone in the right order: the names, then the size", function()
    local before = www()
    local run = go({ mode = "manual" }, yes)
    assert.equal("done", run.outcome)
    w:prepared()
    w:undo(run)
    assert.equal(before, www())
    assert.equal(0, w.deploy["web-backup"].instances)
  end)
end)
