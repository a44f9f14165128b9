-- Point-in-time recovery: the moment before the damage, inside what is kept.
local point_in_time = require "patterns.point_in_time"

local bad_at = 1767261600

describe("point_in_time", function()
  it("goes back to just before the bad moment", function()
    assert.equal(bad_at - 60, point_in_time.moment(bad_at))
    assert.equal(bad_at - 300, point_in_time.moment(bad_at, { margin = "5m" }))
  end)

  it("stays inside the window", function()
    local window = { from_at = bad_at - 3600, to_at = bad_at - 120 }
    assert.equal(bad_at - 120, point_in_time.moment(bad_at, { window = window }))
    local ok, failure = pcall(point_in_time.moment, bad_at - 4000, { window = window })
    assert.is_false(ok)
    assert.equal("outside_window", failure.code)
  end)

  it("wants the moment as a number", function()
    assert.has_error(function() point_in_time.moment("yesterday") end, "in Unix seconds")
  end)
end)
