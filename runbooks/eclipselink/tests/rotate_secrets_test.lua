-- rotate-secrets: nothing but what is due, never a moment in which nothing is valid.
local clinic_world = require "clinic_world"
local known = require "clinic_secrets"

local yes = { ["Rotate them?"] = "approve" }

describe("rotate-secrets", function()
  local w
  before_each(function() w = clinic_world.fill_vault(clinic_world.open(world "production")) end)

  local function older(name, days)
    w.secrets.vault:make_older { name = name, by_s = days * 86400 }
  end
  local function version(name) return w.secrets.vault.secrets[name].version end
  -- Whose password was changed, in order.
  local function changed(operation)
    local users = {}
    for _, change in ipairs(w.changes) do
      if change[1] == operation then users[#users + 1] = change[2].user end
    end
    return users
  end
  local function rotate(answers)
    local all = {}
    for _, map in ipairs { yes, answers or {} } do
      for name, value in pairs(map) do all[name] = value end
    end
    return w:run("rotate-secrets", nil, { answers = all })
  end

  it("does nothing while nothing is due", function()
    older("jwt/secret", 89)
    for name in pairs(known.issued) do older(name, 179) end
    older("database/app-a", 364)
    older("database/app-b", 500)
    local run = rotate()
    assert.equal("done", run.outcome)
    assert.same({}, run.value.rotated)
    assert.same({}, w.effects)
  end)

  it("rotates a JWT secret after 90 days, and lets both be valid", function()
    older("jwt/secret", 91)
    local run = rotate()
    assert.equal("done", run.outcome)
    assert.same({ "jwt/secret" }, run.value.rotated)
    assert.same({ "JWT_SECRET", "JWT_SECRET_PREVIOUS" }, w.deploy.app.env)
    assert.equal("2", version "jwt/secret")
  end)

  it("forgets the old one two hours later, and not before", function()
    older("jwt/secret", 91)
    rotate()
    w:advance("1h")
    assert.same({}, rotate().value.retired)
    w:advance("2h")
    assert.same({ "jwt/secret" }, rotate().value.retired)
    assert.same({ "JWT_SECRET" }, w.deploy.app.env)
  end)

  it("goes on with the old one where the application is not well with the new one", function()
    older("jwt/secret", 91)
    w.http.app:answer { path = "/api/health", status = 503 }
    local run = rotate()
    assert.equal("failed", run.outcome)
    assert.contains("Secrets were not all rotated", w:told())
    assert.equal("1", version "jwt/secret")
  end)

  it("rotates the others where one cannot be", function()
    older("jwt/refresh", 91)
    older("jwt/secret", 91)
    w.http.app:answer { path = "/api/health", status = 503, times = 60 }
    local run = rotate()
    assert.equal("failed", run.outcome)
    assert.contains("jwt/refresh: ", run.reason)
    assert.equal("1", version "jwt/refresh")
    assert.equal("2", version "jwt/secret")
  end)

  it("is in no recovery's way while it waits for people", function()
    older("jwt/secret", 91)
    assert.has_error(function() w:run("rotate-secrets", nil, { within = "1h" }) end,
      "still went on")
    assert.equal("done", w:run("rollback", { reason = "x" }).outcome)
  end)

  it("ends where nobody answers in eight hours, and says so", function()
    older("jwt/secret", 91)
    local run = w:run("rotate-secrets", nil, { answers = {
      ["Rotate them?"] = { decision = "approve", after = duration("9h") } } })
    assert.equal("failed", run.outcome)
    assert.contains("Secrets were not all rotated", w:told())
  end)

  it("names a due secret that nobody here can rotate", function()
    w.secrets.vault:put { name = "api/slack", value = "an old one" }
    older("api/slack", 181)
    local run = rotate()
    assert.same({ "api/slack" }, run.value.unknown)
    assert.contains("no runbook knows how: api/slack", w:told())
  end)

  it("rotates nothing where a person refuses", function()
    older("jwt/secret", 91)
    local run = w:run("rotate-secrets", nil, { answers = {
      ["Rotate them?"] = { decision = "reject", reason = "release day" } } })
    assert.equal("failed", run.outcome)
    assert.contains("release day", run.reason)
    assert.same({}, w.deploy.app.env)
  end)

  it("has a person make an API key, proves it, and has the old one revoked", function()
    older("api/r2", 181)
    local asked = "Put a new api/r2 into the vault"
    local run = rotate { [asked] = "made one" }
    assert.equal("failed", run.outcome)
    assert.contains(asked, run.reason)
    w.secrets.vault:put { name = "new/api/r2", value = "a new value of r2" }
    run = rotate { ["Revoke the old api/r2"] = "revoked" }
    assert.equal("done", run.outcome)
    assert.same({ "R2_SECRET_ACCESS_KEY" }, w.deploy.app.env)
    assert.equal("2", version "api/r2")
    assert.contains("Revoke the old api/r2", json.encode(w.questions))
  end)

  it("rotates one alone, and refuses to end an overlap that there is not", function()
    local given = { name = "api/r2", project = "x", address = "y" }
    assert.contains("The vault has no new/api/r2", w:run("rotate-secret", given).reason)
    given.retire = true
    assert.has_error(function() w:run("rotate-secret", given) end, "has no overlap")
  end)

  it("takes no undo for a key that is revoked", function()
    older("api/r2", 181)
    w.secrets.vault:put { name = "new/api/r2", value = "a new value of r2" }
    local run = rotate { ["Revoke the old api/r2"] = "revoked" }
    assert.equal("partly undone", w:undo(run).outcome)
    assert.same({ "R2_SECRET_ACCESS_KEY" }, w.deploy.app.env)
    assert.equal("2", version "api/r2")
  end)

  it("leaves an API key due that the application was not well with, and tries it again", function()
    older("api/r2", 181)
    w.secrets.vault:put { name = "new/api/r2", value = "a new value of r2" }
    w.http.app:answer { path = "/api/health", status = 503 }
    assert.equal("failed", rotate().outcome)
    assert.same({}, w.deploy.app.env)
    assert.equal("1", version "api/r2")
    w:advance("1d")
    clinic_world.answer_well(w.http.app)
    local run = rotate { ["Revoke the old api/r2"] = "revoked" }
    assert.same({ "api/r2" }, run.value.rotated)
    assert.same({ "R2_SECRET_ACCESS_KEY" }, w.deploy.app.env)
    assert.contains("Revoke the old api/r2", json.encode(w.questions))
  end)

  it("gives the idle database user a new password once both are a year old", function()
    older("database/app-a", 366)
    assert.same({}, rotate().value.rotated)
    older("database/app-b", 400)
    local run = rotate()
    assert.equal("done", run.outcome)
    assert.same({ "database" }, run.value.rotated)
    assert.same({ "DATABASE_URL" }, w.deploy.app.env)
    assert.same({ "eclipselink_b", "eclipselink_a" }, changed "database/clinic:set_password")
    assert.equal("2", version "database/app-b")
    assert.equal("1", version "database/app-a")
  end)

  local function both_due()
    older("database/app-a", 366)
    older("database/app-b", 400)
  end

  local function urls(operation)
    local found = {}
    for _, change in ipairs(w.changes) do
      if change[1] == operation then
        found[#found + 1] = change[2].value or change[2].values.DATABASE_URL
      end
    end
    return found
  end

  it("gives the application the pooler's user, and keeps the whole URL", function()
    both_due()
    rotate()
    local url = "postgresql://eclipselink_b.qwertyuiopasdfghjklz:[secret database/app-b]"
      .. "@aws-0-us-east-1.pooler.supabase.com:5432/postgres?sslmode=require"
    assert.same({ url }, urls "deploy/app:set_env")
    assert.same({ url }, urls "secrets/vault:put")
  end)

  it("takes no undo for an old password that is valid nowhere any more", function()
    both_due()
    assert.equal("partly undone", w:undo(rotate()).outcome)
    assert.same({ "DATABASE_URL" }, w.deploy.app.env)
    assert.equal("2", version "database/app-b")
  end)

  it("goes back to the vault's own URL where the application is not well with the new one",
    function()
      both_due()
      w.deploy.app:set_env { values = { DATABASE_URL = "as the vault has it" } }
      w:prepared()
      w.http.app:answer { path = "/api/health", status = 503 }
      local run = rotate()
      assert.equal("failed", run.outcome)
      assert.equal("[secret database/app-a]", urls("deploy/app:set_env")[2])
      assert.same({ "eclipselink_b" }, changed "database/clinic:set_password")
      assert.equal("1", version "database/app-b")
    end)
end)
