-- escalate: who is told after how many failures, when the next one is, and what stops it.
local care_world = require "care_world"

describe("escalate", function()
  local w
  before_each(function() w = care_world.open(world "production") end)

  it("tells the one on call of a critical service at its first failure", function()
    care_world.break_service(w, "stripe")
    w.notify.oncall:acknowledges_after { after = "2m", by = "sam" }
    local run = w:run("escalate", { service = "stripe" })
    assert.equal("done", run.outcome)
    assert.equal("sam", run.value.by)
    assert.same({ "on call" }, run.value.told)
    assert.near(120, run.value.after_s, 15)
    assert.equal(0, w:times "notify/lead:open")
    assert.equal(1, w:times "http/site:check")
  end)

  for _, case in ipairs { { "database", 1, 300 }, { "redis", 2, 600 }, { "posthog", 3, 1800 } } do
    local service, failures, wait_s = case[1], case[2], case[3]
    it(("tells of %s after %d failures, and the next one %d s later"):format(service, failures,
      wait_s), function()
      care_world.break_service(w, service)
      w.notify.lead:acknowledges_after { after = "1m", by = "kim" }
      local run = w:run("escalate", { service = service, every = "1m" })
      assert.equal("lead", run.value.level)
      assert.near(wait_s + 60, run.value.after_s, 20)
      assert.near((failures - 1) * 60 + wait_s + 60, run.took_s, 25)
    end)
  end

  it("tells nobody of a service where another one of the combined endpoint fails", function()
    care_world.break_service(w, "analytics")
    assert.equal("well", w:run("escalate", { service = "novu" }).value.state)
    assert.same({}, w.sent)
  end)

  it("tells nobody where the service is well again before it counts", function()
    care_world.break_service(w, "redis", 1)
    local run = w:run("escalate", { service = "redis" })
    assert.equal("well", run.value.state)
    assert.same({}, w.sent)
  end)

  it("counts the failures that its starter has seen", function()
    care_world.break_service(w, "posthog")
    w.notify.oncall:acknowledges_after { after = "1m", by = "sam" }
    local run = w:run("escalate", { service = "posthog", failures_seen = 2 })
    assert.is_true(run.took_s < 120)
  end)

  it("stops where the first one takes it late, and calls the second off", function()
    care_world.break_service(w, "clerk")
    w.notify.oncall:acknowledges_after { after = "7m", by = "sam" }
    local run = w:run("escalate", { service = "clerk" })
    assert.equal("on call", run.value.level)
    assert.same({ "on call", "lead" }, run.value.told)
    assert.equal("sam", w.notify.lead.incidents["clerk-fails-2"].acknowledged_by)
  end)

  it("passes over who cannot be told", function()
    care_world.break_service(w, "stripe")
    w.notify.oncall:fail { code = "unreachable" }
    w.notify.lead:acknowledges_after { after = "1m", by = "kim" }
    local run = w:run("escalate", { service = "stripe" })
    assert.same({ "lead" }, run.value.told)
    assert.near(60, run.value.after_s, 20)
  end)

  it("fails loudly where nobody takes it, and keeps the incidents open", function()
    care_world.break_service(w, "database")
    local run = w:run("escalate", { service = "database" })
    assert.equal("failed", run.outcome)
    assert.contains("Nobody has taken", run.reason)
    assert.contains("Nobody has taken it", w:told())
    assert.equal("open", w.notify.oncall.incidents["database-fails"].state)
    assert.is_true(run.took_s >= 1200)
  end)

  it("ends where somebody resolves it, and closes it everywhere", function()
    care_world.break_service(w, "clerk")
    local run = w:run("escalate", { service = "clerk" }, { dies_at_commit = 80 })
    assert.equal("died", run.outcome)
    assert.equal("open", w.notify.lead.incidents["clerk-fails-2"].state)
    w.notify.oncall:resolve { key = "clerk-fails", text = "A false alarm." }
    run = w:resume(run)
    assert.equal("done", run.outcome)
    assert.equal("resolved", run.value.state)
    assert.equal("resolved", w.notify.lead.incidents["clerk-fails-2"].state)
  end)
end)
