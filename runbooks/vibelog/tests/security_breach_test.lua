-- security-breach: nothing old stays valid, evidence first, sessions last, nothing else is lost.
local known = require "vibelog_secrets"
local vibelog_world = require "vibelog_world"

local answers = { ["Replace every secret?"] = "approve", ["Revoke the old keys"] = "all seven",
  ["Replace what the runbooks sign in with"] = "done, by sam" }

describe("security-breach", function()
  local w, since
  before_each(function()
    w = vibelog_world.breached(vibelog_world.open(world "production"))
    since = w:now() - duration("1h")
  end)

  local function go(more)
    local all = {}
    for name, value in pairs(answers) do all[name] = value end
    for name, value in pairs(more or {}) do all[name] = value end
    return w:run("security-breach", { since = since }, { answers = all })
  end
  local function issue_new_keys()
    for _, one in ipairs(known.issued) do
      w.secrets.vault:put { name = one.name, value = "new key of " .. one.name }
    end
    w:prepared()
  end
  -- Who got a new password first.
  local function first_user()
    for _, effect in ipairs(w.effects) do
      if effect.operation == "set_password" then return effect.arguments.user end
    end
  end
  local function version(name) return w.secrets.vault.secrets[name].version end

  it("replaces every secret, raises monitoring and signs everybody out", function()
    issue_new_keys()
    local run = go()
    assert.equal("done", run.outcome)
    assert.equal(2, run.value.sessions)
    for _, name in ipairs { "nextauth", "database/app-a", "database/app-b" } do
      assert.equal("2", version(name), name)
    end
    local has = {}
    for _, name in ipairs(w.deploy.web.env) do has[name] = true end
    for _, one in ipairs(known.issued) do assert.is_true(has[one.variable], one.variable) end
    assert.equal("enhanced",
      w.deploy.web:get_env({ names = { "SECURITY_MODE" } }).SECURITY_MODE.value)
    assert.equal(2, w:times "database/main:set_password")
  end)

  it("ends sessions, and no other key of Redis", function()
    issue_new_keys()
    go()
    assert.is_nil(w.cache.redis:get { key = "sess:one" })
    assert.equal("kept", w.cache.redis:get({ key = "queue:one" }).value)
  end)

  it("keeps evidence before it changes anything", function()
    issue_new_keys()
    go()
    local evidence = w:place "storage/backups:put"
    assert.is_true(evidence < w:place "secrets/maker:generate")
    assert.is_true(evidence < w:place "deploy/web:set_env")
  end)

  it("signs people out only after the new secrets serve", function()
    issue_new_keys()
    go()
    assert.is_true(w:place "deploy/web:set_env" < w:place "cache/redis:flush_sessions")
  end)

  it("waits for each key that a person has to make", function()
    local run = go()
    assert.equal("waits", run.outcome)
    assert.equal(#known.issued, #run.asks)
    assert.equal(0, w:times "deploy/web:set_env")
    issue_new_keys()
    local more = {}
    for name, value in pairs(answers) do more[name] = value end
    for _, one in ipairs(known.issued) do
      more["Put a new key of " .. one.name .. " into the vault"] = "made one"
    end
    assert.equal("done", w:resume(run, { answers = more }).outcome)
  end)

  it("changes no secret where a person refuses", function()
    issue_new_keys()
    local run = go { ["Replace every secret?"] = { decision = "reject", reason = "a test" } }
    assert.equal("waits", run.outcome)
    assert.equal("1", version "nextauth")
    assert.equal(0, w:times "cache/redis:flush_sessions")
    assert.equal("open", w.notify.oncall.incidents["security-breach"].state)
  end)

  it("does not make new secrets current that the application is not well with", function()
    issue_new_keys()
    vibelog_world.health(w.http.site, { "database" })
    local run = go()
    assert.equal("Let the application use the new secrets", run.asks[1].name)
    assert.equal("1", version "nextauth")
    assert.equal("kept", w.cache.redis:get({ key = "queue:one" }).value)
  end)

  it("signs in with the new password, as the pooler calls the user, before a build", function()
    issue_new_keys()
    go()
    local asked = {}
    for _, effect in ipairs(w.effects) do
      if effect.operation == "run" then asked[#asked + 1] = effect.arguments.arguments[5] end
    end
    table.sort(asked)
    local reference = "mnbvcxzlkjhgfdsapoiu"
    assert.same({
      ("postgresql://vibelog_a.%s@aws-0-us-east-1.pooler.supabase.com:5432/postgres"):format(
        reference),
      ("postgresql://vibelog_a@db.%s.supabase.co:5432/postgres"):format(reference) }, asked)
    assert.is_true(w:place "process/clients:run" < w:place "deploy/web:set_env")
  end)

  it("builds nothing with a user or an address that is refused", function()
    issue_new_keys()
    w.process.clients:program { name = "sign-in", exit_code = 2, errors = "user not found" }
    local run = go()
    assert.equal("Sign in with the new password", run.asks[1].name)
    assert.equal(0, w:times "deploy/web:set_env")
    assert.equal("1", version "nextauth")
  end)

  it("says what else whoever got in may have", function()
    issue_new_keys()
    local run = w:run("security-breach", { since = since }, { answers = {
      ["Replace every secret?"] = "approve", ["Revoke the old keys"] = "all seven" } })
    for _, wanted in ipairs { "REDIS_PASSWORD", "PRODUCTION_DATABASE_URL", "GITHUB_WEBHOOK_KEY" } do
      assert.contains(wanted, run.asks[1].detail)
    end
  end)

  it("changes nothing where the evidence cannot be kept", function()
    issue_new_keys()
    w:fails("storage/backups:put", { how = "failed" })
    local run = go()
    assert.equal("Keep evidence", run.asks[1].name)
    assert.equal(0, w:times "secrets/maker:generate")
    assert.equal(0, w:times "cache/redis:flush_sessions")
  end)

  it("gives the new secrets to a backup region that serves, and uses the idle user", function()
    issue_new_keys()
    w.secrets.vault:make_older { name = "database/app-b", by_s = 86400 }
    w.deploy["web-backup"]:scale { instances = 2 }
    w:prepared()
    assert.equal("done", go().outcome)
    assert.equal(2, w.deploy["web-backup"].instances_healthy)
    local there = w.deploy["web-backup"]:get_env {}
    for _, one in ipairs(known.issued) do assert.is_not_nil(there[one.variable], one.variable) end
    for _, name in ipairs { "NEXTAUTH_SECRET", "DATABASE_URL", "DIRECT_URL", "OPENAI_API_KEY" } do
      assert.contains("arn:aws:secretsmanager:us-west-2:", there[name].value)
    end
    assert.is_not_nil(w.secrets.vault.secrets["database-url"])
    assert.is_true(w:place "deploy/web:set_env" < w:place "deploy/web-backup:set_env")
    assert.equal("vibelog_b", first_user())
    w = vibelog_world.breached(vibelog_world.open(world "production"))
    since = w:now() - duration("1h")
    issue_new_keys()
    w.secrets.vault:make_older { name = "database/app-a", by_s = 86400 }
    w:prepared()
    assert.equal("done", go().outcome)
    assert.equal("vibelog_a", first_user())
  end)

  it("starts the backup region's tasks anew where they name every secret already", function()
    issue_new_keys()
    w.deploy["web-backup"]:scale { instances = 2 }
    w:prepared()
    assert.equal("done", go().outcome)
    assert.equal(0, w:times "deploy/web-backup:redeploy")
    since = w:now()
    w:advance("1h")
    issue_new_keys()
    assert.equal("done", go().outcome)
    assert.equal(1, w:times "deploy/web-backup:redeploy")
  end)

  it("ends the old user's connections, and has the old keys revoked", function()
    issue_new_keys()
    w.database.main:connect { user = "vibelog_b" }
    go()
    assert.equal(1, w:times "database/main:end_sessions")
    assert.equal(0, w.database.main.sessions)
    assert.contains("Revoke the old keys", w.questions)
  end)

  it("tells nobody outside", function()
    issue_new_keys()
    go()
    assert.equal("", w:told "notify/status")
    assert.equal("", w:told "notify/public")
    assert.contains("Somebody got into VibeLog", w:told "notify/leadership")
  end)

  it("keeps a post-mortem with its timeline", function()
    issue_new_keys()
    local run = go()
    local key = run.value.evidence:gsub("json$", "md")
    assert.contains("## Timeline", w.storage.backups.objects[key].body)
  end)

  it("does not bring old secrets back by undo", function()
    issue_new_keys()
    w:undo(go())
    assert.equal("enhanced",
      w.deploy.web:get_env({ names = { "SECURITY_MODE" } }).SECURITY_MODE.value)
  end)
end)
