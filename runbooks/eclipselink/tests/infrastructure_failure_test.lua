-- infrastructure-failure: all from the backup project, in an order in which nothing is unproved.
local clinic_world = require "clinic_world"

local given = { version = "bbbbbbb", watch_for = "1m" }
local yes = { answers = { ["Move to the backup project?"] = "approve",
  ["Make sure the old application is off"] = "stopped at railway.com" } }

describe("infrastructure-failure", function()
  local w
  before_each(function()
    w = clinic_world.point(clinic_world.back_up(clinic_world.open(world "production"), 2))
    w.deploy.app:fail { instances = 2 }
    w.database.clinic:fail()
  end)

  local function app_leads_to()
    return w.dns.clinic:get { name = "app", type = "CNAME" }.values[1]
  end

  it("serves the newest dump from the backup project, and moves all six names", function()
    local run = w:run("infrastructure-failure", given, yes)
    assert.equal("done", run.outcome)
    assert.equal(42, w.database["clinic-backup"].rows.handoffs)
    assert.equal("bbbbbbb", w.deploy["app-backup"].version)
    local led = { app = w.deploy["app-backup"]:endpoint(), api = w.deploy["app-backup"]:endpoint(),
      audio = "eclipselink-audio-prod.r2.dev", staging = w.deploy.staging:endpoint(),
      ["@"] = "192.0.2.1", www = "eclipselink.ai" }
    for name, to in pairs(led) do
      local set = w.dns.clinic:get { name = name, type = name == "@" and "A" or "CNAME" }
      assert.same({ to }, set.values)
      assert.is_true(set.proxied)
      assert.equal(300, set.ttl_s)
    end
    assert.contains("# The infrastructure has failed", run.value.post_mortem)
    assert.is_true(run.took_s < duration("4h"))
  end)

  it("leads staging's names to its own things, and uses its own database there", function()
    w = clinic_world.point(clinic_world.back_up(clinic_world.open(world "staging"), 1))
    local run = w:run("infrastructure-failure", given, yes)
    assert.equal("done", run.outcome)
    for name, to in pairs { audio = "eclipselink-audio-staging.r2.dev",
      www = "staging-eclipselink.ai" } do
      assert.same({ to }, w.dns.clinic:get { name = name, type = "CNAME" }.values)
    end
    for _, change in ipairs(w.changes) do
      if change[1] == "deploy/app-backup:set_env" then
        assert.equal("[secret STAGING_BACKUP_DATABASE_URL]", change[2].values.DATABASE_URL)
      end
    end
  end)

  it("says how much is lost, against the day that may be", function()
    w:advance("20d")
    local run = w:run("infrastructure-failure", given)
    assert.contains("(30241 min); the objective is 1440 min.", run.asks[1].detail)
  end)

  it("wants what the dump's note counted", function()
    local key = "db_20260102.note.json"
    local note = json.decode(w.storage.backups.objects[key].body)
    note.rows.handoffs = { min = 50, max = 50 }
    w.storage.backups:put { key = key, body = json.encode(note) }
    assert.equal("Verify the data", w:run("infrastructure-failure", given, yes).asks[1].name)
  end)

  it("asks for the number where the dump has no note", function()
    w.storage.backups:delete { key = "db_20260102.note.json" }
    local run = w:run("infrastructure-failure", given, yes)
    assert.equal("How many hand-offs must be there at least?", run.asks[1].name)
  end)

  it("releases nothing there while Redis or the audio does not answer", function()
    w.storage.audio:fail()
    assert.equal("waits", w:run("infrastructure-failure", given, yes).outcome)
    assert.is_nil(w:place "dns/clinic:batch")
  end)

  it("has no application running there while its database is restored", function()
    w.deploy["app-backup"]:scale { instances = 1 }
    w:prepared()
    w:run("infrastructure-failure", given, yes)
    local off = w:place "deploy/app-backup:scale"
    assert.is_true(w:place "deploy/app:scale" < off)
    assert.is_true(off < w:place "database/clinic-backup:restore")
  end)

  it("tells the application there which database it serves, before it is released", function()
    w:run("infrastructure-failure", given, yes)
    assert.same({ "DATABASE_URL" }, w.deploy["app-backup"].env)
    assert.is_true(w:place "deploy/app-backup:set_env" < w:place "deploy/app-backup:release")
  end)

  it("leaves the old application closed, whatever the rules of scaling say", function()
    w:run("infrastructure-failure", given, yes)
    for name, value in pairs { cpu = 90, memory = 90, p95 = 9, pool = 90 } do
      w.metrics.app:set { name = name, value = value }
    end
    w:advance("15m")
    assert.equal("it is closed", w:run("scale").value.why)
    assert.equal(0, w.deploy.app.instances)
  end)

  it("gives it today's secrets, but not those of the database that is gone", function()
    clinic_world.fill_vault(w)
    w:run("infrastructure-failure", given, yes)
    assert.same({ "AZURE_OPENAI_API_KEY", "DATABASE_URL", "JWT_SECRET", "LOGTAIL_SOURCE_TOKEN",
      "R2_SECRET_ACCESS_KEY", "REFRESH_TOKEN_SECRET", "UPSTASH_REDIS_REST_TOKEN" },
      w.deploy["app-backup"].env)
  end)

  it("moves without them where the vault is silent", function()
    w.secrets.vault:seal {}
    assert.equal("done", w:run("infrastructure-failure", given, yes).outcome)
    assert.same({ "DATABASE_URL" }, w.deploy["app-backup"].env)
  end)

  it("is undone without the old application beginning to write again", function()
    w:undo(w:run("infrastructure-failure", given, yes))
    assert.equal(0, w.deploy.app.instances)
  end)

  it("gives the old application its instances back where it is undone before anything is proved",
    function()
      w:fails("database/clinic-backup:verify", { how = "failed", code = "check_failed" })
      local run = w:run("infrastructure-failure", given, yes)
      assert.equal(0, w.deploy.app.instances)
      run = w:undo(run)
      assert.equal("undone", run.outcome)
      assert.equal(2, w.deploy.app.instances)
      assert.contains("the incident is still open", w:told())
    end)

  it("does not start by itself what was stopped by hand", function()
    w:fails("deploy/app:scale", { how = "failed", code = "unreachable" })
    w:fails("database/clinic-backup:verify", { how = "failed", code = "check_failed" })
    w:undo(w:run("infrastructure-failure", given, yes))
    assert.equal(1, w:times "deploy/app:scale")
    assert.contains("what was stopped by hand is started by hand", w:told())
  end)

  it("waits for Railway no longer than it is told to", function()
    local told = { stop_within = "5s" }
    for name, value in pairs(given) do told[name] = value end
    w:run("infrastructure-failure", told, yes)
    assert.equal(5, w.effects[w:place "deploy/app:scale"].arguments.timeout)
  end)

  it("moves names at a provider without a proxy", function()
    local other = clinic_world.back_up(clinic_world.open(world "production"), 1)
    other.dns.clinic:offer { proxied = false, apex_cname = false }
    local run = other:run("infrastructure-failure", { version = "bbbbbbb", proxied = false,
      watch_for = "10s" }, yes)
    assert.equal("done", run.outcome)
    assert.same({ other.deploy["app-backup"]:endpoint() },
      other.dns.clinic:get { name = "app", type = "CNAME" }.values)
  end)

  it("asks a person to stop what nobody can reach", function()
    w:fails("deploy/app:scale", { how = "failed", code = "unreachable" })
    local run = w:run("infrastructure-failure", given, yes)
    assert.equal("done", run.outcome)
    assert.equal("stopped at railway.com", run.value.stopped)
  end)

  it("leaves the names where they are until the backup project is proved", function()
    local before = app_leads_to()
    w.http["app-backup"]:answer { path = "/api/health", status = 503 }
    local run = w:run("infrastructure-failure", given, yes)
    assert.equal("waits", run.outcome)
    assert.equal(before, app_leads_to())
  end)

  it("changes nothing where a person refuses", function()
    local run = w:run("infrastructure-failure", given, { answers = {
      ["Move to the backup project?"] = { decision = "reject", reason = "Railway is back" } } })
    assert.equal("waits", run.outcome)
    assert.equal(0, w:times "deploy/app:scale")
    assert.equal(0, w:times "database/clinic-backup:restore")
  end)

  it("releases nothing on data that is not right", function()
    w:fails("database/clinic-backup:verify", { how = "failed", code = "check_failed" })
    local run = w:run("infrastructure-failure", given, yes)
    assert.equal("Verify the data", run.asks[1].name)
    assert.equal(0, w.deploy["app-backup"].instances_healthy)
  end)

  it("does not say that it is over while the public name is not healthy", function()
    w.http.app:answer { path = "/api/health", status = 503 }
    local run = w:run("infrastructure-failure", given, yes)
    assert.equal("the public name is healthy", run.asks[1].name)
    assert.equal("open", w.notify.team.incidents["infrastructure-failure"].state)
  end)
end)
