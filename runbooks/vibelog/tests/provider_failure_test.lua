-- provider-failure: the other provider while OpenAI fails, never to one that fails too, and back.
local vibelog_world = require "vibelog_world"

describe("provider-failure", function()
  local w
  before_each(function() w = vibelog_world.open(world "production") end)

  local function openai_is_down(times)
    w.http.openai:answer { path = "/v1/models", status = 503, times = times }
    vibelog_world.health(w.http.site, { "openai" })
    w:prepared()
  end
  local function openai_is_back()
    w.http.openai:answer { path = "/v1/models", status = 200, json = { data = {} } }
    vibelog_world.health(w.http.site)
  end
  local function provider()
    return w.deploy.web:get_env({ names = { "AI_PROVIDER" } }).AI_PROVIDER.value
  end

  it("changes to Anthropic within ten minutes", function()
    openai_is_down()
    local run = w:run("provider-failure")
    assert.equal("done", run.outcome)
    assert.same({ provider = "anthropic", changed = true }, run.value)
    assert.equal("anthropic", provider())
    assert.equal("degraded", w.notify.status.components.ai)
    -- Three looks with pauses between them, and a build.
    assert.is_true(run.took_s > 20 and run.took_s < duration("10m"))
  end)

  it("does nothing while OpenAI is well, and nothing for one lost answer", function()
    assert.is_false(w:run("provider-failure").value.changed)
    openai_is_down(2)
    w.http.openai:answer { path = "/v1/models", status = 200 }
    assert.is_false(w:run("provider-failure").value.changed)
    assert.same({}, w.effects)
  end)

  it("goes back once OpenAI has been well for a while", function()
    openai_is_down()
    w:run("provider-failure")
    assert.is_false(w:run("provider-failure").value.changed)
    openai_is_back()
    local run = w:run("provider-failure")
    assert.same({ provider = "openai", changed = true }, run.value)
    assert.is_true(run.took_s > duration("5m"))
    assert.equal("operational", w.notify.status.components.ai)
  end)

  it("does not go back to an OpenAI that fails again", function()
    openai_is_down()
    w:run("provider-failure")
    w.http.openai:answer { path = "/v1/models", status = 200, times = 3 }
    local run = w:run("provider-failure")
    assert.equal("done", run.outcome)
    assert.equal("anthropic", provider())
  end)

  it("does not change to a provider that fails too, and calls the one on call", function()
    openai_is_down()
    w.http.anthropic:answer { path = "/v1/models", status = 500 }
    local run = w:run("provider-failure")
    assert.equal("failed", run.outcome)
    assert.contains("anthropic does not answer either", run.reason)
    assert.equal("openai", provider())
    assert.equal("open", w.notify.oncall.incidents["provider-failure"].state)
  end)

  it("is over for the one on call once OpenAI answers again", function()
    openai_is_down()
    w.http.anthropic:answer { path = "/v1/models", status = 500 }
    w:run("provider-failure")
    openai_is_back()
    assert.is_false(w:run("provider-failure").value.changed)
    assert.equal("resolved", w.notify.oncall.incidents["provider-failure"].state)
    local before = #w.effects
    w:run("provider-failure")
    assert.equal(before, #w.effects)
  end)

  it("says so to the one on call where a release holds the application", function()
    w = vibelog_world.open(vibelog_world.migrated(world, "production"))
    openai_is_down()
    assert.equal("died", w:run("deploy", { version = "ccccccc" }, { dies_at_commit = 6 }).outcome)
    assert.equal("failed", w:run("provider-failure").outcome)
    assert.contains("deploy/web", w:told "notify/oncall")
    assert.equal("openai", provider())
  end)

  it("lets a rollback by while it waits whether OpenAI stays well", function()
    openai_is_down()
    w:run("provider-failure")
    openai_is_back()
    local waits = w:run("provider-failure", { calm = "2h" }, { dies_at_commit = 6 })
    assert.equal("died", waits.outcome)
    assert.equal("done", w:run("rollback", { reason = "silent" }).outcome)
  end)

  it("puts the flag back where a build with it never serves", function()
    openai_is_down()
    w.deploy.web:set_health { healthy = false }
    local run = w:run("provider-failure")
    assert.equal("failed", run.outcome)
    assert.equal("openai", provider())
  end)

  it("takes the flag back where the application is not well with it", function()
    openai_is_down()
    vibelog_world.health(w.http.site, { "openai", "memory" })
    local run = w:run("provider-failure")
    assert.equal("failed", run.outcome)
    assert.contains("memory is unhealthy", run.reason)
    assert.equal("openai", provider())
  end)

  it("changes where a person says so, whatever is seen", function()
    assert.equal("done", w:run("provider-failure", { to = "anthropic" }).outcome)
    assert.equal("anthropic", provider())
    assert.equal("done", w:run("provider-failure", { to = "openai" }).outcome)
    assert.equal("openai", provider())
  end)
end)
