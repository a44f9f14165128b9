-- scale: by the table of the load, up at once and down slowly, and never in the dark.
local load_of = require "load"
local vera_world = require "vera_world"

describe("the table of the load", function()
  it("gives instances for requests a second", function()
    for per_s, instances in pairs { [0] = 1, [100] = 1, [101] = 2, [500] = 2, [501] = 3,
      [666] = 3, [667] = 4, [834] = 5, [1000] = 5, [1001] = 6, [2000] = 10 } do
      assert.equal(instances, load_of.instances(per_s), per_s .. " a second")
    end
  end)

  it("goes up at once and down by one, as far as the last minutes allow", function()
    assert.equal(5, load_of.decide(1, { now_per_s = 900, most_per_s = 900 }))
    assert.equal(4, load_of.decide(5, { now_per_s = 50, most_per_s = 60 }))
    assert.equal(5, load_of.decide(5, { now_per_s = 50, most_per_s = 990 }))
    assert.equal(1, load_of.decide(1, { now_per_s = 0, most_per_s = 0 }))
  end)

  it("grows a disk that is more than 80 % full, to the next size that fits", function()
    local gibibyte = 2 ^ 30
    assert.is_nil(load_of.disk_to_grow_to(8 * gibibyte, 10 * gibibyte))
    assert.equal(50 * gibibyte, load_of.disk_to_grow_to(9 * gibibyte, 10 * gibibyte))
    assert.equal(100 * gibibyte, load_of.disk_to_grow_to(45 * gibibyte, 10 * gibibyte))
    assert.equal(600 * gibibyte, load_of.disk_to_grow_to(300 * gibibyte, 250 * gibibyte))
  end)
end)

describe("scale", function()
  local w
  local function at(per_s)
    w = vera_world.open(world "production")
    w.metrics.datadog:set { name = "requests", value = per_s }
    w:advance("15m")
    w:prepared()
  end

  it("leaves what is enough", function()
    at(300)
    local run = w:run("scale")
    assert.equal("done", run.outcome)
    assert.equal(2, run.value.instances)
    assert.same({}, w.effects)
  end)

  it("scales up, and says that more memory is needed, once", function()
    at(900)
    local run = w:run("scale")
    assert.equal(5, run.value.instances)
    assert.equal(5, w.deploy.api.instances_healthy)
    assert.contains("From 2 to 5 instances", w:told())
    assert.contains("needs 1 GB", w:told())
    w:run("scale")
    assert.equal(2, #w.sent)
  end)

  it("scales down by one, and not again while it cools down", function()
    at(20)
    assert.equal(1, w:run("scale").value.instances)
    w.metrics.datadog:set { name = "requests", value = 400 }
    assert.equal(1, w:run("scale").value.instances)
    w:advance("6m")
    assert.equal(2, w:run("scale").value.instances)
  end)

  it("goes no further than ten by itself, and says that more are needed", function()
    at(2500)
    local run = w:run("scale")
    assert.equal("done", run.outcome)
    assert.equal(10, run.value.instances)
    assert.contains("start scale with most=13", w:told())
    assert.same({}, w.questions)
  end)

  it("runs more than ten where a person agrees, also while it cools down", function()
    at(2500)
    w:run("scale")
    local run = w:run("scale", { most = 13 }, { answers = { ["Run that many?"] = "approve" } })
    assert.equal(13, run.value.instances)
  end)

  it("stays where it is where a person refuses", function()
    at(2500)
    local run = w:run("scale", { most = 13 }, { answers = {
      ["Run that many?"] = { decision = "reject", reason = "a robot" } } })
    assert.equal("failed", run.outcome)
    assert.equal(2, w.deploy.api.instances)
  end)

  it("leaves closed what a recovery has closed", function()
    at(900)
    w.deploy.api:scale { instances = 0 }
    w:prepared()
    local run = w:run("scale")
    assert.equal("done", run.outcome)
    assert.contains("It is closed", table.concat(run.log, "\n"))
    assert.same({}, w.effects)
    assert.equal(0, w.deploy.api.instances)
  end)

  it("scales nothing in the dark", function()
    at(900)
    w.metrics.datadog:empty { name = "requests" }
    local run = w:run("scale")
    assert.equal("failed", run.outcome)
    assert.contains("nobody knows the load", run.reason)
    assert.equal(2, w.deploy.api.instances)
  end)

  it("goes back where the new instances do not become healthy", function()
    at(900)
    w.deploy.api:set_capacity { instances = 3 }
    local run = w:run("scale")
    assert.equal("failed", run.outcome)
    assert.equal(2, w.deploy.api.instances)
  end)

  it("says when the database's disk must grow", function()
    at(300)
    local run = w:run("scale", { disk = 10000 })
    assert.equal("done", run.outcome)
    assert.is_number(run.value.disk_to_grow_to)
    assert.contains("The database has", w:told())
  end)
end)
