-- degraded-mode: named features off and said so; back to what each was, not simply on.
local vibelog_world = require "vibelog_world"

local yes = { answers = { ["Switch features off?"] = "approve" } }

describe("degraded-mode", function()
  local w
  before_each(function()
    w = vibelog_world.open(world "production")
    w.deploy.web:set_env { values = { FEATURE_ADVANCED_EDITING = "true",
      FEATURE_TEAM_COLLABORATION = "false" } }
    w:prepared()
  end)

  local function variable(name)
    local found = w.deploy.web:get_env({ names = { name } })[name]
    return found and found.value
  end
  local function banner() return w.cache.redis:get { key = "banner:degraded" } end
  local function off(params, options)
    params = params or {}
    params.state = "on"
    return w:run("degraded-mode", params, options or yes)
  end

  it("switches the named features off, and says so to users and on the status page", function()
    local run = off { features = { "advanced_editing", "ai_content_generation" } }
    assert.equal("done", run.outcome)
    assert.equal("false", variable "FEATURE_ADVANCED_EDITING")
    assert.equal("false", variable "FEATURE_AI_CONTENT_GENERATION")
    assert.contains("switched off", banner().value)
    assert.equal("degraded", w.notify.status.components.features)
    assert.contains("switched off", w:told "notify/status")
  end)

  it("goes back to what each feature was before, also after two times", function()
    off { features = { "advanced_editing" } }
    off()
    local run = w:run("degraded-mode", { state = "off" })
    assert.equal("done", run.outcome)
    assert.equal("true", variable "FEATURE_ADVANCED_EDITING")
    assert.equal("false", variable "FEATURE_TEAM_COLLABORATION")
    assert.is_nil(variable "FEATURE_AI_CONTENT_GENERATION")
    assert.is_nil(banner())
    assert.equal("operational", w.notify.status.components.features)
    assert.contains("All features are back", w:told "notify/status")
  end)

  it("leaves an incident's banner where it is", function()
    local incident = w:run("incident", { class = "P1", service = "Search" },
      { answers = { ["Who takes it?"] = "sam" } })
    off { features = { "advanced_editing" } }
    w:run("degraded-mode", { state = "off" })
    assert.is_not_nil(w.cache.redis:get { key = "banner:incident-" .. incident.id })
  end)

  it("has nothing to switch on where nothing was off", function()
    assert.same({ on = 0 }, w:run("degraded-mode", { state = "off" }).value)
    assert.equal(0, w:times "deploy/web:set_env")
    assert.is_nil(w:told("notify/status"):find("All features are back", 1, true))
  end)

  it("switches nothing off where a person refuses", function()
    local run = off(nil, { answers = {
      ["Switch features off?"] = { decision = "reject", reason = "it is over" } } })
    assert.equal("waits", run.outcome)
    assert.same({}, w.effects)
  end)

  it("sets the features back where the application is not well without them", function()
    vibelog_world.health(w.http.site, { "memory" })
    local run = off { features = { "advanced_editing" } }
    assert.is_not.equal("done", run.outcome)
    assert.equal("true", variable "FEATURE_ADVANCED_EDITING")
    assert.is_nil(banner())
  end)

  it("refuses an empty list of features", function()
    assert.has_error(function() off { features = {} } end, "Name the features")
  end)

  it("refuses a feature that there is not", function()
    assert.has_error(function() off { features = { "login" } } end, "There is no feature login")
  end)
end)
