-- Metric watches: limits on either side, windows, and readings without samples.
local watch = require "patterns.watch"

describe("watch", function()
  local w
  before_each(function()
    w = world "test"
    w.metrics.main:set { name = "errors", value = 1, unit = "percent" }
  end)

  it("judges both sides of a limit", function()
    local errors = { name = "errors", above = 5 }
    assert.is_nil(watch.judge({ value = 5, unit = "percent" }, errors))
    assert.equal("errors is 6 percent, above 5",
      watch.judge({ value = 6, unit = "percent" }, errors))
    assert.equal("pool is 1, below 2", watch.judge({ value = 1 }, { name = "pool", below = 2 }))
    assert.is_nil(watch.judge({ value = 2 }, { name = "pool", below = 2 }))
  end)

  it("takes a metric without samples for a failure, unless told otherwise", function()
    w.metrics.main:empty { name = "errors" }
    assert.same({ "errors has no samples" }, w:run("watch", { how = "problems" }).value)
    assert.same({}, w:run("watch", { how = "problems", empty = "passes" }).value)
  end)

  it("raises what is over its limit", function()
    assert.equal("done", w:run("watch", { how = "ensure" }).outcome)
    w.metrics.main:set { name = "errors", value = 9, unit = "percent" }
    local run = w:run("watch", { how = "ensure" })
    assert.equal("failed", run.outcome)
    assert.contains("errors is 9 percent, above 5.", run.reason)
  end)

  it("watches for the whole time", function()
    assert.is_true(w:run("watch", { how = "stay" }).took_s >= 300)
    w.metrics.main:ramp { name = "errors", value = 20, over_s = 200 }
    assert.equal("failed", w:run("watch", { how = "stay" }).outcome)
  end)

  it("waits until it is quiet, and gives up", function()
    w.metrics.main:set { name = "errors", value = 20 }
    w.metrics.main:ramp { name = "errors", value = 0, over_s = 100 }
    assert.equal("done", w:run("watch", { how = "wait" }).outcome)
    w.metrics.main:set { name = "errors", value = 20 }
    assert.equal("failed", w:run("watch", { how = "wait" }).outcome)
  end)

  it("wants one side of a limit, not both and not none", function()
    assert.has_error(function() watch.problems("x", {}) end, "needs a target of the family metrics")
  end)
end)
