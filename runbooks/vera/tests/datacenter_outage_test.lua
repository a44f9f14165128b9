-- datacenter-outage: everything elsewhere, in an order in which users meet nothing unproved.
local vera_world = require "vera_world"

local given = { version = "bbbbbbb", watch_for = "1m" }
local yes = { answers = { ["Move to the other region?"] = "approve",
  ["Make sure the old API is off"] = "stopped at railway.com" } }

describe("datacenter-outage", function()
  local w
  before_each(function()
    w = vera_world.back_up(vera_world.open(world "production"), 2)
    w.deploy.api:fail { instances = 2 }
    w.database.primary:fail()
    w.storage.photos:fail()
  end)

  local function leads_to() return w.dns.site:get { name = "api", type = "CNAME" }.values[1] end

  it("serves the newest dump and the copies from the other region", function()
    local run = w:run("datacenter-outage", given, yes)
    assert.equal("done", run.outcome)
    assert.equal(22, w.database.elsewhere.rows.users)
    assert.equal(12, run.value.photos)
    assert.equal("bbbbbbb", w.deploy["api-elsewhere"].version)
    assert.equal(w.deploy["api-elsewhere"]:endpoint(), leads_to())
    local env = w.deploy["api-elsewhere"]:get_env { names = { "DATABASE_URL", "S3_BUCKET" } }
    assert.equal("vera-photos-copies", env.S3_BUCKET.value)
    assert.is_string(env.DATABASE_URL.digest)
    assert.contains("# The datacenter is gone", run.value.post_mortem)
    assert.is_true(run.took_s < duration("1h"))
  end)

  it("leaves an old API that scale does not start again", function()
    w:run("datacenter-outage", given, yes)
    w.database.primary:recover()
    w.metrics.datadog:set { name = "requests", value = 900 }
    w:advance("15m")
    assert.equal("done", w:run("scale").outcome)
    assert.equal(0, w.deploy.api.instances)
  end)

  it("serves though the Redis of the datacenter is gone with it", function()
    w.cache.redis:fail()
    assert.equal("done", w:run("datacenter-outage", given, yes).outcome)
  end)

  it("does not say that it is over while the Redis there is down", function()
    w.cache["redis-elsewhere"]:fail()
    local run = w:run("datacenter-outage", given, yes)
    assert.equal("waits", run.outcome)
    assert.equal("Ask database, Redis and photos themselves", run.asks[1].name)
    assert.equal("open", w.notify.team.incidents["datacenter-outage"].state)
  end)

  it("moves a proxied name, whose resolvers say nothing", function()
    w.dns.site:put { name = "api", type = "CNAME", value = w.deploy.api:endpoint() .. ".",
      ttl = "5m", proxied = true }
    local run = w:run("datacenter-outage", given, yes)
    assert.equal("done", run.outcome)
    local record = w.dns.site:get { name = "api", type = "CNAME" }
    assert.equal(w.deploy["api-elsewhere"]:endpoint(), record.values[1])
    assert.is_true(record.proxied)
    assert.equal(300, record.ttl_s)
  end)

  it("shows who decides how much is lost, beside the objective", function()
    w:advance("20d")
    local run = w:run("datacenter-outage", given)
    assert.equal("Move to the other region?", run.asks[1].name)
    assert.contains("(30241 min); the objective is 1440 min", json.encode(run.asks[1]))
  end)

  it("serves staging from staging's own copies", function()
    w = vera_world.back_up(vera_world.open(world "staging"), 1)
    local run = w:run("datacenter-outage", given, yes)
    assert.equal("done", run.outcome)
    assert.equal("vera-staging-photos-copies",
      w.deploy["api-elsewhere"]:get_env { names = { "S3_BUCKET" } }.S3_BUCKET.value)
  end)

  it("asks a person to stop what nobody can reach", function()
    w:fails("deploy/api:scale", { how = "failed", code = "unreachable" })
    local run = w:run("datacenter-outage", given, yes)
    assert.equal("done", run.outcome)
    assert.equal("stopped at railway.com", run.value.stopped)
  end)

  it("brings nothing up while nobody says that the old API is off", function()
    w:fails("deploy/api:scale", { how = "failed", code = "unreachable" })
    local run = w:run("datacenter-outage", given,
      { answers = { ["Move to the other region?"] = "approve" } })
    assert.equal("Make sure the old API is off", run.asks[1].name)
    assert.equal(0, w:times "database/elsewhere:restore")
  end)

  it("takes the dump before where the newest is damaged", function()
    w.database.primary:corrupt_backup { key = w.database.elsewhere:list_backups {}[1].key }
    assert.equal(21, w:run("datacenter-outage", given, yes).value.rows.users)
  end)

  it("changes nothing but the incident where a person refuses", function()
    local run = w:run("datacenter-outage", given, { answers = {
      ["Move to the other region?"] = { decision = "reject", reason = "Railway is back" } } })
    assert.equal("waits", run.outcome)
    assert.equal(0, w:times "deploy/api:scale")
    assert.equal(0, w:times "database/elsewhere:restore")
  end)

  it("leaves the name where it is until the API there is proved", function()
    local before = leads_to()
    w.http["api-elsewhere"]:answer { path = "/health", status = 503 }
    local run = w:run("datacenter-outage", given, yes)
    assert.equal("waits", run.outcome)
    assert.equal(before, leads_to())
  end)

  it("has no API there while the data is brought", function()
    w.deploy["api-elsewhere"]:scale { instances = 1 }
    w:prepared()
    assert.equal("done", w:run("datacenter-outage", given, yes).outcome)
    assert.is_true(w:place "deploy/api-elsewhere:scale" < w:place "database/elsewhere:restore")
    assert.equal(0, w.effects[w:place "deploy/api-elsewhere:scale"].arguments.instances)
  end)

  it("releases nothing on data that is not right", function()
    w:fails("database/elsewhere:verify", { how = "failed", code = "check_failed" })
    local run = w:run("datacenter-outage", given, yes)
    assert.equal("Verify the data", run.asks[1].name)
    assert.equal(0, w.deploy["api-elsewhere"].instances_healthy)
  end)

  it("does not serve without any photo", function()
    for key in pairs(w.storage.copies.objects) do w.storage.copies:delete { key = key } end
    local run = w:run("datacenter-outage", given, yes)
    assert.equal("waits", run.outcome)
    assert.contains("no copy of any photo", run.reason)
    assert.equal(0, w.deploy["api-elsewhere"].instances_healthy)
  end)

  it("does not say that it is over while the public name is not well", function()
    w.http.api:answer { path = "/health", status = 503 }
    local run = w:run("datacenter-outage", given, yes)
    assert.equal("the public name is well", run.asks[1].name)
    assert.equal("open", w.notify.team.incidents["datacenter-outage"].state)
  end)
end)
