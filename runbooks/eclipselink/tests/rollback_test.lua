-- rollback: what serves afterwards, with which secrets, and what people are told.
local clinic_world = require "clinic_world"

describe("rollback", function()
  local w
  before_each(function() w = clinic_world.open(world "production") end)

  it("goes back to the release before, proves it and says why", function()
    local run = w:run("rollback", { reason = "reports are empty" })
    assert.equal("done", run.outcome)
    assert.equal("aaaaaaa", w.deploy.app.version)
    assert.equal("rolled back", run.value.how)
    assert.contains("bbbbbbb was rolled back to aaaaaaa: reports are empty", w:told())
  end)

  it("releases a named commit where going back fails", function()
    w:fails("deploy/app:rollback", { how = "failed", code = "cannot_roll_back" })
    local run = w:run("rollback", { reason = "x", commit = "ccccccc" })
    assert.equal("done", run.outcome)
    assert.equal("released anew", run.value.how)
    assert.equal("ccccccc", w.deploy.app.version)
  end)

  it("waits for a person where going back fails and nothing else is named", function()
    w:fails("deploy/app:rollback", { how = "failed", code = "cannot_roll_back" })
    local run = w:run("rollback", { reason = "x" })
    assert.equal("waits", run.outcome)
    assert.equal("Roll back", run.asks[1].name)
  end)

  -- The log has so many lines with errors while it is followed.
  local function followed(errors)
    w:fails("deploy/app:logs", { how = "failed" })
    local run = w:run("rollback", { reason = "x" })
    assert.equal("logs", run.asks[1].name)
    for _ = 1, errors do w.deploy.app:log { text = "ERROR: no report", source = "app" } end
    w.deploy.app:log { text = "all is well", source = "app" }
    return w:resume(run, { answers = { logs = "retry" } })
  end

  it("counts the errors of its log, and says where ten a minute are exceeded", function()
    local run = followed(20)
    assert.equal(20, run.value.errors)
    assert.contains("ERROR: no report", run.log)
    assert.is_false(w:told():find("too many", 1, true) ~= nil)
    w = clinic_world.open(world "production")
    followed(21)
    assert.contains("21 errors in 120 s, which is too many", w:told())
  end)

  it("follows its health for two minutes", function()
    w.http.app:answer { path = "/api/health", status = 200, json = { status = "healthy" },
      times = 5 }
    w.http.app:answer { path = "/api/health", status = 503 }
    assert.equal("it stays healthy", w:run("rollback", { reason = "x" }).asks[1].name)
  end)

  it("is not proved by the endpoint's word alone", function()
    w.cache.redis:fail()
    assert.contains("Redis does not answer", w:run("rollback", { reason = "x" }).reason)
  end)

  local function rotated(name)
    clinic_world.fill_vault(w)
    w.secrets.vault:make_older { name = "jwt/secret", by_s = 91 * 86400 }
    for _, other in ipairs { "jwt/refresh", "api/azure-openai", "api/r2", "api/upstash",
      "api/logtail", "api/supabase", "database/app-a", "database/app-b" } do
      w.secrets.vault:make_older { name = other, by_s = 86400 }
    end
    w.secrets.vault:put { name = name, value = "what is valid now" }
    w:prepared()
  end

  it("gives the release before what was rotated since it was made", function()
    for name, variable in pairs { ["jwt/secret"] = "JWT_SECRET",
      ["database/app-b"] = "DATABASE_URL", ["api/r2"] = "R2_SECRET_ACCESS_KEY" } do
      w = clinic_world.open(world "production")
      w:advance("1h")
      rotated(name)
      assert.equal("done", w:run("rollback", { reason = "x" }).outcome)
      assert.contains("Set anew: " .. variable, w:told())
      assert.contains(variable, w.deploy.app.env)
      assert.equal(1, w:times "deploy/app:set_env")
    end
  end)

  it("sets nothing anew where nothing was rotated since", function()
    clinic_world.fill_vault(w)
    w.secrets.vault:make_older { name = "jwt/secret", by_s = 86400 }
    w:run("rollback", { reason = "x" })
    assert.is_false(w:told():find("JWT_SECRET", 1, true) ~= nil)
  end)

  it("goes back while the vault is silent, and says so", function()
    w.secrets.vault:seal {}
    assert.equal("done", w:run("rollback", { reason = "x" }).outcome)
    assert.contains("Its secrets may be old", w:told())
  end)

  it("gives the release before 100 s to become healthy", function()
    w.http.app:answer { path = "/api/health", status = 503, times = 20 }
    assert.equal("done", w:run("rollback", { reason = "x" }).outcome)
  end)

  it("does not call a release proved that is not", function()
    w.http.app:answer { path = "/api/docs", status = 500 }
    local run = w:run("rollback", { reason = "x" })
    assert.equal("waits", run.outcome)
    assert.contains("the API's documentation is there", run.reason)
  end)
end)
