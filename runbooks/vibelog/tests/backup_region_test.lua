-- backup-region: what has proved itself, only while nobody is led there, and told where it fails.
local vibelog_world = require "vibelog_world"

describe("backup-region", function()
  local w
  before_each(function()
    w = vibelog_world.open(world "production")
    w.deploy["web-backup"]:put_artifact { version = "ccccccc" }
    w.deploy.web:serve { version = "ccccccc" }
    w:advance("1h")
    w:prepared()
  end)

  local function variable(name)
    return w.deploy["web-backup"]:get_env({ names = { name } })[name]
  end
  -- What a failover would start.
  local function version()
    w.deploy["web-backup"]:scale { instances = 1 }
    w:advance("10m")
    return w.deploy["web-backup"].version
  end

  it("gives it version and variables, but no secret", function()
    local run = w:run("backup-region")
    assert.same({ changed = true, version = "ccccccc", before = "bbbbbbb" }, run.value)
    assert.equal("openai", variable("AI_PROVIDER").value)
    assert.is_true(w:place "deploy/web-backup:set_env" < w:place "deploy/web-backup:release")
    assert.is_nil(variable("NEXTAUTH_SECRET"))
    assert.equal(0, w.deploy["web-backup"].instances)
    assert.equal("ccccccc", version())
  end)

  it("has nothing to do the second time, and again after a change of a variable", function()
    w:run("backup-region")
    assert.same({ changed = false }, w:run("backup-region").value)
    w.deploy.web:set_env { values = { AI_PROVIDER = "anthropic" } }
    assert.is_true(w:run("backup-region").value.changed)
    assert.equal("anthropic", variable("AI_PROVIDER").value)
  end)

  it("leaves it alone while the release is young, or the application is not well", function()
    w.deploy.web:serve { version = "bbbbbbb" }
    assert.equal("not settled", w:run("backup-region").value.why)
    w:advance("1h")
    w.deploy.web:fail { instances = 1 }
    assert.equal("not settled", w:run("backup-region").value.why)
    assert.equal(0, w:times "deploy/web-backup:release")
  end)

  it("leaves it alone while it serves users", function()
    w.deploy["web-backup"]:scale { instances = 10 }
    assert.equal("it runs", w:run("backup-region").value.why)
    assert.equal(0, w:times "deploy/web-backup:release")
  end)

  it("tells the team where there is no image of the version", function()
    w = vibelog_world.open(world "production")
    w.deploy.web:serve { version = "ccccccc" }
    w:advance("1h")
    w.deploy["web-backup"]:set_env { values = { AI_PROVIDER = "old" } }
    local run = w:run("backup-region")
    assert.equal("failed", run.outcome)
    assert.contains("left behind", w:told "notify/team")
    assert.equal("bbbbbbb", version())
  end)
end)
