-- scale: the team's rules, one step at a time, with a cool-down.
local clinic_world = require "clinic_world"

describe("scale", function()
  local w
  before_each(function()
    w = clinic_world.open(world "production")
    for name, value in pairs { cpu = 50, memory = 60, p95 = 0.5, pool = 30 } do
      w.metrics.app:set { name = name, value = value }
    end
    w:advance("15m")
    w:prepared()
  end)

  local function lasting(values, minutes)
    for name, value in pairs(values) do
      w.metrics.app:set { name = name, value = value }
    end
    w:advance(minutes .. "m")
    return w:run("scale")
  end

  it("does nothing while all is within its limits", function()
    local run = w:run("scale")
    assert.equal("done", run.outcome)
    assert.equal("nothing to do", run.value.why)
    assert.same({}, w.effects)
  end)

  for name, value in pairs { cpu = 71, memory = 81, p95 = 2.1, pool = 81 } do
    it("goes up for " .. name .. " after five minutes, and not before", function()
      assert.equal(2, lasting({ [name] = value }, 3).value.instances)
      assert.equal(3, lasting({ [name] = value }, 4).value.instances)
      assert.equal(3, w.deploy.app.instances_healthy)
    end)
  end

  it("goes down after ten idle minutes of both", function()
    assert.equal(2, lasting({ cpu = 20 }, 12).value.instances)
    assert.equal(2, lasting({ memory = 30 }, 8).value.instances)
    assert.equal(1, lasting({ memory = 30 }, 4).value.instances)
  end)

  it("waits five minutes between two changes", function()
    lasting({ cpu = 20, memory = 30 }, 12)
    assert.equal(1, w.deploy.app.instances)
    lasting({ cpu = 90 }, 2)
    assert.equal(1, w.deploy.app.instances)
    assert.equal(2, lasting({ cpu = 90 }, 4).value.instances)
  end)

  it("never goes beyond three or below one", function()
    lasting({ cpu = 90 }, 6)
    assert.contains("no more may run", lasting({ cpu = 90 }, 6).value.why)
    assert.equal(3, w.deploy.app.instances)
    for _ = 1, 4 do lasting({ cpu = 20, memory = 30 }, 12) end
    assert.equal(1, w.deploy.app.instances)
    assert.equal(1, w.deploy.app.instances_healthy)
  end)

  it("leaves an application closed that somebody has closed", function()
    w.deploy.app:scale { instances = 0 }
    w:prepared()
    local run = lasting({ cpu = 20, memory = 30 }, 12)
    assert.equal("it is closed", run.value.why)
    assert.equal(0, w.deploy.app.instances)
    assert.same({}, w.effects)
  end)

  it("stays where it is while the cool-down lasts, and where a rule of going up holds", function()
    assert.equal(2, lasting({ cpu = 20, memory = 30, p95 = 2.5 }, 3).value.instances)
    assert.equal(3, lasting({ cpu = 20, memory = 30, p95 = 2.5 }, 12).value.instances)
  end)

  it("goes back where the new instance does not become healthy", function()
    w.deploy.app:set_capacity { instances = 2 }
    local run = lasting({ cpu = 90 }, 6)
    assert.equal("failed", run.outcome)
    assert.equal(2, w.deploy.app.instances)
  end)

  it("leaves a rule out whose metric has no samples, and says so", function()
    w.metrics.app:empty { name = "p95" }
    w:advance("6m")
    local run = w:run("scale")
    assert.equal("done", run.outcome)
    assert.contains("p95 has no samples: its rule is left out.", run.log)
  end)

  it("does not scale where it cannot remember that it did", function()
    w.cache.redis:fail()
    local run = lasting({ cpu = 90 }, 6)
    assert.equal("failed", run.outcome)
    assert.equal(2, w.deploy.app.instances)
  end)
end)
