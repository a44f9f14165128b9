-- Scaling: decisions by rules alone, then against metrics that must hold for their whole time.
local scaling = require "patterns.scaling"

local rules = { up = { { name = "cpu", above = 70 }, { name = "memory", above = 80 } },
  down = { { name = "cpu", below = 30 }, { name = "memory", below = 40 } }, least = 1, most = 3 }

describe("scaling rules", function()
  it("go up by one where any rule holds, never beyond the most", function()
    assert.equal(2, (scaling.decide(rules, 1, { ["cpu above"] = true })))
    assert.equal(2, (scaling.decide(rules, 1, { ["memory above"] = true })))
    assert.equal(3, (scaling.decide(rules, 3, { ["cpu above"] = true })))
  end)

  it("go down by one where all rules hold, never below the least", function()
    local idle = { ["cpu below"] = true, ["memory below"] = true }
    assert.equal(2, (scaling.decide(rules, 3, idle)))
    assert.equal(1, (scaling.decide(rules, 1, idle)))
    assert.equal(3, (scaling.decide(rules, 3, { ["cpu below"] = true })))
  end)

  it("go up where something is short while something else is idle", function()
    assert.equal(3, (scaling.decide(rules, 2, { ["cpu above"] = true, ["cpu below"] = true,
      ["memory below"] = true })))
  end)

  it("hold only where every sample does", function()
    local rule = { name = "cpu", above = 70 }
    assert.is_true(scaling.holds({ { value = 71 }, { value = 90 } }, rule))
    assert.is_false(scaling.holds({ { value = 71 }, { value = 70 } }, rule))
    assert.is_false(scaling.holds({}, rule))
    assert.is_false(scaling.holds({ { at = 200, value = 90 } }, rule, 100))
    assert.is_true(scaling.holds({ { at = 100, value = 90 } }, rule, 100))
  end)

  it("need one side each", function()
    assert.has_error(function() scaling.decide({ up = { { name = "cpu" } }, down = {}, most = 3 },
      1, {}) end, "item 1 of scaling.decide: up needs either above or below.")
  end)
end)

describe("scaling", function()
  local w
  before_each(function()
    w = world "test"
    w.deploy.web:serve { version = "1", instances = 2 }
    for _, name in ipairs { "cpu", "memory" } do
      w.metrics.main:set { name = name, value = 50 }
    end
  end)

  it("does nothing while all is as it should be", function()
    local run = w:run("scaling")
    assert.equal("nothing to do", run.value.why)
    assert.equal(2, w.deploy.web.instances)
  end)

  it("scales up only when it has been short for the whole time", function()
    w.metrics.main:set { name = "cpu", value = 90 }
    w:advance("2m")
    assert.equal(2, w:run("scaling").value.instances)
    w:advance("6m")
    local run = w:run("scaling")
    assert.equal(3, run.value.instances)
    assert.equal(3, w.deploy.web.instances_healthy)
  end)

  it("cools down before it scales again", function()
    w.metrics.main:set { name = "cpu", value = 10 }
    w.metrics.main:set { name = "memory", value = 10 }
    w:advance("15m")
    assert.equal(1, w:run("scaling").value.instances)
    w.metrics.main:set { name = "cpu", value = 90, at = w:now() - 400 }
    w:advance("4m")
    assert.contains("still cooling down", w:run("scaling").value.why)
    w:advance("2m")
    assert.equal(2, w:run("scaling").value.instances)
  end)

  it("goes back where the new instances do not become healthy", function()
    w.metrics.main:set { name = "cpu", value = 90 }
    w:advance("10m")
    w.deploy.web:set_capacity { instances = 2 }
    local run = w:run("scaling")
    assert.equal("failed", run.outcome)
    assert.equal(2, w.deploy.web.instances)
  end)
end)
