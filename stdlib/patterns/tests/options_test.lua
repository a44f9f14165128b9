-- Options of patterns: what is refused, and how the message names it.
local approvals = require "patterns.approvals"
local blue_green = require "patterns.blue_green"
local checklist = require "patterns.checklist"
local maintenance = require "patterns.maintenance"
local options = require "patterns.options"
local point_in_time = require "patterns.point_in_time"
local rolling = require "patterns.rolling"
local scaling = require "patterns.scaling"
local smoke = require "patterns.smoke"

local shape = { within = { "duration", default = "5m" }, version = { "text", required = true },
  how = { one_of = { "fast", "slow" } }, many = { "count" } }

local function read(given) return options.read(given, shape, "shop.open", 1) end

describe("options", function()
  it("fills in defaults, and gives durations in seconds", function()
    assert.same({ within = 300, version = "1" }, read { version = "1" })
    assert.equal(90, read { version = "1", within = "90s" }.within)
  end)

  it("names an option that there is not, and those that there are", function()
    assert.has_error(function() read { version = "1", wihtin = "5m" } end,
      "shop.open has no option wihtin. It has: how, many, version, within.")
  end)

  it("names a required option that is missing", function()
    assert.has_error(function() read {} end, "shop.open needs the option version.")
  end)

  it("names an option of the wrong kind, and what it is", function()
    assert.has_error(function() read { version = 1 } end,
      "The option version of shop.open must be a text, but it is 1.")
    assert.has_error(function() read { version = "1", within = "soon" } end,
      "The option within of shop.open must be a length of time")
    assert.has_error(function() read { version = "1", many = -1 } end, "a whole number, 0 or more")
    assert.has_error(function() read { version = "1", how = "best" } end,
      "must be one of \"fast\", \"slow\", but it is \"best\"")
    assert.has_error(function() read "5m" end,
      "shop.open needs a table of named options, but got \"5m\".")
  end)

  it("names the place of a wrong item of a list", function()
    assert.has_error(function()
      options.read_each({ { version = "1" }, { verzion = "1" } }, shape, "shop.all", 1)
    end, "item 2 of shop.all has no option verzion.")
  end)

  it("refuses what is no target", function()
    assert.has_error(function() blue_green.slots("app") end,
      "blue_green.slots needs a target of the family deploy, but got \"app\".")
  end)

  it("points at the line of the pattern's user", function()
    for _, misuse in ipairs {
      function() rolling.go({}, { bath = 2 }, function() end) end,
      function() rolling.go({}, { batch = 0 }, function() end) end,
      function() rolling.go({}, {}, "work") end,
      function() approvals.two_people("Now?", { people = 1 }) end,
      function() checklist.go { { name = "a" } } end,
      function() checklist.go { { name = "a", check = 1 } } end,
      function() checklist.go { { name = "a", check = print, judge = print } } end,
      function() maintenance.open(5) end,
      function() scaling.decide({ up = { { name = "cpu" } }, down = {}, most = 3 }, 1, {}) end,
      function() smoke.count "all" end,
      function() point_in_time.moment(1, { margin = "soon" }) end,
    } do
      local ok, failure = pcall(misuse)
      assert.is_false(ok)
      assert.contains("options_test.lua", tostring(failure.at or failure.message or failure))
    end
  end)

  it("refuses a canary's shares that are none", function()
    local w = world "test"
    w.deploy.app:serve { version = "1", slot = "blue" }
    w.deploy.app:serve { version = "1", slot = "green" }
    w.deploy.app:put_artifact { version = "2" }
    w.deploy.app:shift_traffic { weights = { blue = 100 } }
    w.metrics.main:set { name = "errors", value = 1 }
    w.http.app:answer { path = "/health", status = 200 }
    for _, shares in ipairs { "5,x", "50,25,100", "5,50" } do
      local run = w:run("traffic", { how = "canary", shares = shares })
      assert.equal("failed", run.outcome)
      assert.contains("shares of canary.shift", run.reason)
    end
  end)
end)
