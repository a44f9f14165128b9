-- restore-test: a past moment, proved against production, and nothing left behind.
local care_world = require "care_world"

describe("restore-test", function()
  local w
  before_each(function() w = care_world.keep_history(care_world.open(world "test"), 40) end)

  it("restores a past moment, proves it, and removes it again", function()
    local run = w:run("restore-test")
    assert.equal("done", run.outcome)
    assert.is_true(run.value.passed)
    assert.is_true(run.value.rows.payment_transfers >= 60)
    assert.is_true(run.value.took_s >= 0)
    assert.equal(1, w:times "database/restore-test:clone")
    assert.is_true(w.database["restore-test"].absent)
    assert.contains("Restore test passed", w:told())
  end)

  it("takes another moment every time, within 30 days", function()
    local one, other = w:run("restore-test").value.at, w:run("restore-test").value.at
    assert.is_not.equal(one, other)
    for _, at in ipairs { one, other } do
      assert.is_true(w:now() - at <= duration("30d"))
      assert.is_true(at < w:now())
    end
  end)

  it("restores the moment that it is asked for", function()
    local at = math.floor(w:now() - duration("3d"))
    assert.equal(at, w:run("restore-test", { at = at }).value.at)
  end)

  it("fails where Neon keeps less than was promised", function()
    w.database.platform:history { seconds = duration("7d") }
    local run = w:run("restore-test")
    assert.equal("failed", run.outcome)
    assert.contains("30 days are promised", run.reason)
    assert.equal(0, w:times "database/restore-test:clone")
  end)

  it("goes by the oldest backup where the database keeps no history of its own", function()
    w:fails("database/platform:restore_window", { how = "failed", code = "not_supported" })
    local run = w:run("restore-test")
    assert.equal("done", run.outcome)
    w:fails("database/platform:restore_window", { how = "failed", code = "credentials_refused" })
    assert.equal("failed", w:run("restore-test").outcome)
  end)

  it("refuses a moment that is not kept any more", function()
    local run = w:run("restore-test", { at = math.floor(w:now() - duration("90d")) })
    assert.contains("outside of what Neon keeps", run.reason)
  end)

  it("fails where the copy lacks rows of the ledger, and removes it all the same", function()
    w.database.care:execute { sql = "insert into payment_transfers values "
      .. "(900, 1, '2025-11-20 00:00:00')" }
    local run = w:run("restore-test")
    assert.equal("failed", run.outcome)
    assert.contains("payment_transfers had ", run.reason)
    assert.is_true(w.database["restore-test"].absent)
    assert.contains("Restore test failed", w:told())
  end)

  it("fails where the copy has less than it must, and where its data contradict each other",
    function()
      assert.contains("appointments", w:run("restore-test", { least_rows = 5000 }).reason)
      w:fails("database/restore-test:verify", { how = "failed", code = "check_failed" })
      assert.equal("failed", w:run("restore-test").outcome)
      assert.is_true(w.database["restore-test"].absent)
    end)

  it("removes what a failed restore has left", function()
    w:fails("database/restore-test:wait_ready", { how = "failed" })
    local run = w:run("restore-test")
    assert.equal("failed", run.outcome)
    assert.is_true(w.database["restore-test"].absent)
  end)

  it("fails where the branch cannot be removed, and the next test removes it first", function()
    w:fails("database/restore-test:drop", { how = "failed", skip = 1 })
    local run = w:run("restore-test")
    assert.equal("failed", run.outcome)
    assert.is_false(w.database["restore-test"].absent)
    assert.equal("done", w:run("restore-test").outcome)
    assert.is_true(w.database["restore-test"].absent)
  end)

  it("does not touch production", function()
    w:run("restore-test")
    for _, effect in ipairs(w.effects) do
      assert.is_not.equal("database/care", effect.target)
      assert.is_not.equal("database/platform", effect.target)
    end
  end)
end)
