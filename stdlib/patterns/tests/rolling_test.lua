-- Rolling batches: order, pauses, and what a failure takes back.
local rolling = require "patterns.rolling"

describe("rolling", function()
  local w
  before_each(function() w = world "test" end)

  local function values()
    local found = {}
    for key in pairs(w.cache.main.keys) do found[#found + 1] = key end
    table.sort(found)
    return table.concat(found)
  end

  it("splits a list", function()
    assert.same({ { 1, 2 }, { 3 } }, rolling.split({ 1, 2, 3 }, 2))
    assert.same({}, rolling.split({}, 2))
  end)

  it("does all batches, with pauses between them", function()
    local run = w:run("rolling")
    assert.equal("done", run.outcome)
    assert.equal(3, run.value)
    assert.equal("abcde", values())
    assert.is_true(run.took_s >= 120 and run.took_s < 180)
  end)

  it("takes the batch back that is not well, and does no other", function()
    local run = w:run("rolling", { bad = "d" })
    assert.equal("failed", run.outcome)
    assert.equal("ab", values())
  end)

  it("takes all back where it is told to", function()
    local run = w:run("rolling", { bad = "d", undo = "all" })
    assert.equal("failed", run.outcome)
    assert.equal("", values())
  end)
end)
