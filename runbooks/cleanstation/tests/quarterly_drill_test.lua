-- quarterly-drill: all three are executed, also after one has failed, and all of it is kept.
local station_world = require "station_world"

local answers = {
  ["Begin the quarter's drills?"] = "approve",
  ["Attach the measured drills"] = "https://drills.torvan.com/2026-Q1",
  ["Write down what went well, what did not, and who changes it"] = "the fence took long",
  ["Log the results in the incident management system"] = "https://incidents.torvan.com/77",
  ["Restore the database?"] = "approve", ["Lead readers to the restored data"] = "made anew",
  ["Make a new standby in us-west-2"] = "not in a drill",
  ["Fail over to us-west-2?"] = "approve", ["Fence the old primary by hand"] = "done",
  ["Isolate CleanStation?"] = "approve", ["Keep the database's log by hand"] = "two files",
  ["Give this program the database's new password"] = "done",
  ["Put the new public key in place"] = "stored", ["Replace smtp/credentials"] = "done",
  ["Replace s3/credentials"] = "done", ["Replace redis/url"] = "done",
  ["Replace the access keys of people and programs"] = "none in a drill",
  ["Replace the keys of PagerDuty, Slack and Prometheus"] = "none in a drill",
  ["Replace the certificate"] = "none in a drill", ["Who must be told?"] = "nobody else",
}

describe("quarterly-drill", function()
  local w
  before_each(function() w = station_world.open_drill(world "drill-aws") end)

  local function go(more, other)
    local all = {}
    for _, map in ipairs { answers, other or {} } do
      for name, answer in pairs(map) do all[name] = answer end
    end
    local given = { found_at = w:now() - 30 }
    for name, value in pairs(more or {}) do given[name] = value end
    return w:run("quarterly-drill", given, { answers = all })
  end

  it("executes the three and keeps what they took", function()
    local run = go()
    assert.equal("done", run.outcome, tostring(run.reason))
    assert.equal(3, #run.value.drills)
    for _, row in ipairs(run.value.drills) do assert.equal("met", row.outcome, row.name) end
    local page = w.storage.evidence.objects[run.value.evidence].body
    assert.contains("| Failover | regional-outage |", page)
    assert.contains("https://drills.torvan.com/2026-Q1", page)
    local kept = json.decode(w.storage.evidence.objects[
      run.value.evidence:gsub("md$", "json")].body)
    assert.equal(3, #kept.drills)
    assert.contains("Drills of 2026-Q1", w:told())
  end)

  it("waits where a drill waits for a person's decision", function()
    local run = go({}, { ["Restore the database?"] = { decision = "reject", reason = "tired" } })
    assert.equal("waits", run.outcome)
    assert.contains("of database-corruption", run.sentence)
    assert.equal(0, w:times "database/standby:promote")
  end)

  it("goes on with the next where one is given up, keeps that, and fails", function()
    local run = go({ security = false, backup = "nothing" },
      { ["Choose what to restore"] = "undo" })
    assert.equal("failed", run.outcome, tostring(run.reason))
    assert.contains("Backup restoration failed", run.reason)
    assert.equal("primary", w.database.standby.role)
    assert.contains("| Backup restoration | database-corruption |", w:told())
  end)

  it("calls a restoration missed that loses more than an hour", function()
    w:advance("3h")
    local run = go { security = false, failover = false }
    assert.equal("failed", run.outcome)
    assert.contains("more than 1 h of writes are lost", run.reason)
  end)

  it("can execute one alone", function()
    local run = go { security = false, restoration = false }
    assert.equal("done", run.outcome, tostring(run.reason))
    assert.equal(1, #run.value.drills)
    assert.equal("regional-outage", run.value.drills[1].runbook)
  end)

  it("needs no parameter where cron starts it, and keeps nobody from a recovery", function()
    local run = w:run("quarterly-drill", {})
    assert.equal("Begin the quarter's drills?", run.asks[1].name)
    assert.equal("waits", w:run("regional-outage", { outage_began = w:now() }).outcome)
  end)

  it("is never executed in production", function()
    w = world "production"
    local run = go()
    assert.contains("not for production", run.reason)
    assert.same({}, w.effects)
  end)

  it("executes nothing where a person refuses", function()
    local run = go({}, { ["Begin the quarter's drills?"] = { decision = "reject",
      reason = "somebody is ill" } })
    assert.equal("failed", run.outcome)
    assert.same({}, w.effects)
  end)
end)
