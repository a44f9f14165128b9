-- review: what people are asked when, what evidence passes, and what becomes of silence.
local care_world = require "care_world"

local evidence = {
  ["The database has connections left"] = 31,
  ["Redis has memory left"] = 80,
  ["Dependencies are up to date"] = "https://github.com/eleva-care/eleva-care-app/pull/812",
  ["Security alerts were reviewed"] = "none left",
  ["Documentation was reviewed"] = "https://github.com/eleva-care/eleva-care-app/pull/813",
  ["Access was audited"] = "nobody was removed",
  ["Performance was reviewed"] = "an index on appointments",
}

-- All points are answered, these otherwise.
local function answered(otherwise)
  local answers = {}
  for name, answer in pairs(evidence) do answers[name] = answer end
  for name, answer in pairs(otherwise or {}) do answers[name] = answer end
  return { answers = answers }
end

describe("review", function()
  local w
  before_each(function() w = care_world.warm_up(care_world.open(world "production")) end)

  it("keeps the evidence that people give of the weekly points", function()
    local run = w:run("review", { what = "weekly" }, answered())
    assert.equal("done", run.outcome)
    assert.equal(4, run.value.passed)
    assert.equal("none left", run.value.rows[4].evidence)
    assert.contains("Review: 4 passed, 0 failed", w:told "notify/team")
  end)

  it("asks for three points every month", function()
    local run = w:run("review", { what = "monthly" }, answered())
    assert.equal("done", run.outcome)
    assert.equal(3, run.value.passed)
  end)

  for name, answer in pairs {
    ["The database has connections left"] = 99,
    ["Redis has memory left"] = 81,
    ["Security alerts were reviewed"] = "No, 3 findings are open",
  } do
    it(("fails where somebody answers %s of \"%s\", and asks on"):format(answer, name), function()
      local run = w:run("review", { what = "weekly" }, answered { [name] = answer })
      assert.equal("failed", run.outcome)
      assert.contains(("%s: %s"):format(name, answer), run.reason)
      assert.equal(4, #w.questions)
      assert.contains("3 passed, 1 failed", w:told "notify/team")
    end)
  end

  for _, name in ipairs { "Access was audited", "Performance was reviewed" } do
    it(("fails where somebody says no to \"%s\""):format(name), function()
      local run = w:run("review", { what = "monthly" }, answered { [name] = "no time" })
      assert.contains(name .. ": no time", run.reason)
    end)
  end

  it("takes no text for an address", function()
    assert.has_error(function()
      w:run("review", { what = "weekly" }, answered { ["Dependencies are up to date"] = "no" })
    end, "Answer a URL")
  end)

  it("waits eight hours for each, then fails and tells the team", function()
    local run = w:run("review", { what = "monthly" })
    assert.equal("failed", run.outcome)
    assert.near(24 * 3600, run.took_s, 30)
    assert.contains("Access was audited: Nobody answered", run.reason)
    assert.contains("Review: 0 passed, 3 failed", w:told "notify/team")
  end)

  it("asks nobody how full Redis is where Redis says it", function()
    w.cache.redis:limit { memory = 1000, evicts = false }
    assert.equal(3, w:run("review", { what = "weekly" }, answered()).value.passed)
  end)

  it("asks how full Redis is where it does not answer", function()
    w.cache.redis:limit { memory = 1000, evicts = false }
    w.cache.redis:fail()
    assert.equal(4, w:run("review", { what = "weekly" }, answered()).value.passed)
  end)

  it("asks what is due, and tells nobody where nothing is", function()
    -- The world's second day is a Friday, 2 January 2026; Monday is the fifth.
    assert.same({}, w:run("review").value.rows)
    assert.same({}, w.sent)
    w:advance("3d")
    assert.equal(4, #w:run("review", {}, answered()).value.rows)
    w:advance("27d")
    assert.equal(3, #w:run("review", {}, answered()).value.rows)
  end)
end)
