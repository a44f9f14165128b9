-- security-watch: who is told, who is woken, and what it does not keep from others.
local evidence = require "evidence"
local station_world = require "station_world"

describe("security-watch", function()
  local w, found_at
  before_each(function()
    w = station_world.follow(station_world.open(world "production"))
    found_at = w:now() - 3600
  end)

  local function go(answers)
    return w:run("security-watch", { found_at = found_at, evidence = "incidents/run-1/d.json",
      watch_for = "10m" }, { answers = answers or { ["Who must be told?"] = "customers" } })
  end
  -- What lies beside the evidence: that it watches, or who was told.
  local function noted(told)
    local key = evidence.watch_key(found_at)
    local object = w.storage.evidence.objects[told and key:gsub("json$", "told.json") or key]
    return object and json.decode(object.body)
  end

  it("tells whom the quality manager says, and nobody before", function()
    local run = go {}
    assert.equal("Who must be told?", run.asks[1].name)
    assert.equal(run.id, noted().run)
    assert.is_nil(noted(true))
    assert.contains("incidents/run-1/d.json", run.asks[1].detail)
    assert.equal(0, #w.notify.stakeholders.sent)
    run = w:resume(run, { answers = { ["Who must be told?"] = "customers and authorities",
      ["Report it to the authorities"] = "number 17" } })
    assert.equal("done", run.outcome, tostring(run.reason))
    assert.equal(1, #w.notify.stakeholders.sent)
    assert.equal("number 17", run.value.told.report)
    assert.same({ whom = "customers and authorities", report = "number 17" }, noted(true).told)
    assert.contains("The security incident is over", w:told "notify/team")
  end)

  it("tells nobody else where nobody must know", function()
    assert.equal("done", go({ ["Who must be told?"] = "nobody else" }).outcome)
    assert.equal(0, #w.notify.stakeholders.sent)
  end)

  it("says so where the stakeholders' mail is not delivered", function()
    w.notify.stakeholders:fail {}
    assert.equal("Tell the stakeholders", go().asks[1].name)
  end)

  it("asks whether they have the mail where nobody can tell", function()
    w:fails("notify/stakeholders:send", { how = "dropped" })
    assert.equal("Make sure that the stakeholders have the mail", go().asks[1].name)
  end)

  it("wakes the one on call where something unusual happens, whoever is still asked", function()
    w.metrics.app:set { name = "refused-logins", value = 500 }
    local run = go {}
    assert.equal("Who must be told?", run.asks[1].name)
    assert.equal("open", w.notify.oncall.incidents["security-watch"].state)
    run = w:resume(run, { answers = { ["Who must be told?"] = "customers" } })
    assert.is_not.equal("done", run.outcome)
    assert.contains("nothing unusual happens", noted(true).unusual)
    assert.equal(1, #w.notify.stakeholders.sent)
  end)

  it("keeps no recovery from beginning while it waits", function()
    assert.equal("waits", go({}).outcome)
    local other = w:run("regional-outage", { outage_began = w:now() })
    assert.equal("Fail over to us-west-2?", other.asks[1].name)
  end)
end)
