-- rollback: only to what is there, proved while it serves, and everybody is told why.
local vibelog_world = require "vibelog_world"

describe("rollback", function()
  local w
  before_each(function() w = vibelog_world.open(world "production") end)

  local function go(more, options)
    local params = { reason = "recordings are silent" }
    for name, value in pairs(more or {}) do params[name] = value end
    return w:run("rollback", params, options)
  end

  it("goes back to the deployment before, and says why to team and customers", function()
    local run = go()
    assert.equal("done", run.outcome)
    assert.equal("bbbbbbb", run.value.from)
    assert.equal("aaaaaaa", run.value.to)
    assert.equal("aaaaaaa", w.deploy.web.version)
    for _, channel in ipairs { "notify/team", "notify/status" } do
      assert.contains("recordings are silent", w:told(channel))
    end
  end)

  it("goes back to a named deployment, by version or id", function()
    w.deploy.web:serve { version = "ccccccc" }
    assert.equal("aaaaaaa", go({ deployment = "aaaaaaa" }).value.to)
    w = vibelog_world.open(world "production")
    local id = w.deploy.web:previous_release({}).release_id
    assert.equal(id, go({ deployment = id }).value.release_id)
  end)

  it("changes nothing where there is no deployment before", function()
    w = world "production"
    w.deploy.web:serve { version = "aaaaaaa" }
    w:prepared()
    local run = go()
    assert.contains("There is no deployment to go back to", run.reason)
    assert.equal(0, w:times "deploy/web:rollback")
  end)

  it("changes nothing where there is no such deployment", function()
    local run = go { deployment = "ffffffff" }
    assert.equal("waits", run.outcome)
    assert.contains("There is no deployment ffffffff", run.reason)
    assert.same({}, w.effects)
  end)

  it("changes nothing where that one serves now", function()
    local run = go { deployment = "bbbbbbb" }
    assert.contains("is what serves now", run.reason)
    assert.same({}, w.effects)
  end)

  it("waits until it serves, and tells nobody before", function()
    w:fails("deploy/web:wait_serving", { how = "failed", code = "timed_out" })
    local run = go()
    assert.equal("Roll back", run.asks[1].name)
    assert.equal("", w:told())
  end)

  it("says so where the smoke tests fail", function()
    w.http.site:answer { path = "/api/vibelogs", status = 502 }
    local run = go()
    assert.equal("Roll back", run.asks[1].name)
    assert.contains("the API of vibelogs does not fail", run.reason)
  end)

  it("does not wait for an OpenAI that is down", function()
    vibelog_world.health(w.http.site, { "openai" })
    assert.equal("done", go().outcome)
  end)

  it("is done also where Sentry is not told", function()
    w:fails("metrics/releases:record_deployment", { how = "failed" })
    assert.equal("done", go().outcome)
  end)
end)
