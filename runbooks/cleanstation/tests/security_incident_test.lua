-- security-incident: isolated first, evidence before replacements, and nothing left as it was.
local evidence = require "evidence"
local station_world = require "station_world"

local function with(more)
  local all = {
    ["Keep the database's log by hand"] = "two files", ["Isolate CleanStation?"] = "approve",
    ["Give this program the database's new password"] = "done",
    ["Put the new public key in place"] = "stored", ["Replace smtp/credentials"] = "done",
    ["Replace s3/credentials"] = "done", ["Replace redis/url"] = "done",
    ["Replace the access keys of people and programs"] = "four keys",
    ["Replace the keys of PagerDuty, Slack and Prometheus"] = "three keys",
    ["Replace the certificate"] = "issued", ["Start security-watch"] = "run-9",
  }
  for name, answer in pairs(more or {}) do all[name] = answer or nil end
  return { answers = all }
end

describe("security-incident", function()
  local w, found_at
  local function before()
    w = station_world.fill_stores(
      station_world.follow_snapshots(station_world.open(world "production")))
    found_at = w:now()
    w:advance("10m")
    station_world.replace_issued(w)
  end
  before_each(before)

  local function go(options, more)
    local given = { found_at = found_at }
    for name, value in pairs(more or {}) do given[name] = value end
    -- As security-watch notes it, which a person has started by then.
    w.storage.evidence:put { key = evidence.watch_key(given.found_at), body = "{}" }
    return w:run("security-incident", given, options or with())
  end
  local function version(name, store)
    return w.secrets[store or "parameters"].secrets[name].version
  end

  it("isolates, keeps evidence, replaces everything, and serves again", function()
    local run = go()
    assert.equal("done", run.outcome, tostring(run.reason))
    assert.equal(3, w.deploy.app.slots.blue.instances_healthy)
    assert.equal("none", w.database.primary.fenced)
    for _, name in ipairs { "jwt/private_key", "encryption/key", "database/url",
      "database/readonly_url" } do
      assert.equal("2", version(name), name)
      assert.equal("2", version(name, "parameters-west"), name)
    end
    assert.same({ "rds/master" }, run.value.managed)
    assert.equal("resolved", w.notify.oncall.incidents["security-incident"].state)
  end)

  it("writes the addresses of its own environment, and no other's", function()
    w = world "drill-aws"
    station_world.replace_issued(station_world.fill_stores(
      station_world.follow_snapshots(station_world.open(w))))
    local run = go(nil, { found_at = w:now() - 60 })
    assert.equal("done", run.outcome, tostring(run.reason))
    local written = {}
    for _, effect in ipairs(w.effects) do
      if (effect.arguments.name or ""):find("^database/.*url$") then
        written[#written + 1] = tostring(effect.arguments.value)
        assert.matches("@cleanstation%-drill.*/cleanstation_drill$", written[#written])
      end
    end
    assert.equal(4, #written)
  end)

  it("is isolated before anything is replaced, and while it is", function()
    w:fails("secrets/maker:generate", { how = "failed", times = 5 })
    local run = go()
    assert.equal("Replace jwt/private_key", run.asks[1].name)
    assert.equal(0, w.deploy.app.slots.blue.instances)
    assert.equal("network", w.database.primary.fenced)
  end)

  it("keeps logs, the database's snapshot and a list of digests", function()
    local old, trail = station_world.access_log(w, 70), station_world.audit_trail(w, 1)
    w.storage["access-logs"]:put { key = old, body = "GET / of long ago" }
    local run = go()
    local kept = w.storage.evidence.objects
    assert.is_not_nil(kept[station_world.access_log(w, 1)])
    assert.is_not_nil(kept[trail])
    assert.is_nil(kept[old], "longer ago than anybody asked for")
    assert.is_not_nil(kept["incidents/" .. run.id .. "/database.log"])
    local listed = json.decode(kept[run.value.evidence.listed].body)
    assert.is_string(listed.digests[trail])
    assert.equal(run.value.evidence.snapshot, listed.snapshot)
    local snapshot = w.database.snapshots:list_backups({})[1]
    assert.is_true(snapshot.keep_until_at > w:now() + duration("3649d"))
    assert.equal("on", w.storage.evidence.versioning)
  end)

  it("replaces nothing where what was kept differs", function()
    local day = date("AWSLogs/210987654321/elasticloadbalancing/us-east-1/%Y/%m/", w:now())
    w = world("production", { recorded = { ["storage/evidence:compare"] = { { at = 0, times = 9,
      arguments = { with = "storage/access-logs", prefix = day, by = "digest" },
      value = { missing = {}, different = { day .. "a.log" }, extra = {}, same = 0 } } } } })
    station_world.replace_issued(station_world.fill_stores(
      station_world.follow_snapshots(station_world.open(w))))
    local run = go(nil, { since = w:now() })
    assert.contains("Not all of the access logs are kept", run.asks[1].detail)
    assert.equal("1", version "jwt/private_key")
  end)

  it("asks a person for the log where it is not given", function()
    w:fails("database/snapshots:logs", { how = "failed", code = "denied", times = 3 })
    local run = go()
    assert.equal("done", run.outcome, tostring(run.reason))
    assert.equal("two files", run.value.evidence.log)
  end)

  it("keeps the database's log itself where the log is given", function()
    local since = found_at - duration("1h")
    w = world("production", { recorded = { ["database/snapshots:logs"] = { { at = 0, times = 9,
      arguments = { lines_max = 1000, since = since }, value = { truncated = true, lines = {
        { at = since + 60, text = "connection authorized: user=postgres", source = "log" },
      } } } } } })
    station_world.replace_issued(station_world.fill_stores(
      station_world.follow_snapshots(station_world.open(w))))
    local run = go(with { ["Keep the database's log by hand"] = false }, { since = since })
    assert.equal("done", run.outcome, tostring(run.reason))
    local kept = w.storage.evidence.objects["incidents/" .. run.id .. "/database.log"]
    assert.contains("connection authorized: user=postgres", kept.body)
    assert.contains("1 lines, the newest ones", run.value.evidence.log)
  end)

  it("closes the database again where it is undone before users are let in", function()
    w.secrets.parameters:make_older { name = "s3/credentials", by_s = 86400 }
    local run = go(with { ["Replace s3/credentials"] = false })
    assert.equal("undone", w:undo(run, { reason = "a false alarm" }).outcome)
    assert.equal(2, w:times "database/primary:fence")
    assert.equal("none", w.database.primary.fenced)
    assert.equal(3, w.deploy.app.slots.blue.instances)
    assert.equal("2", version "jwt/private_key")
  end)

  it("replaces nothing before the evidence is whole", function()
    w:fails("storage/evidence:sync", { how = "failed", times = 5 })
    local run = go()
    assert.equal("waits", run.outcome)
    assert.equal("1", version "jwt/private_key")
    -- Taken back while all of it is isolated, users have what they had.
    assert.equal("network", w.database.primary.fenced)
    assert.equal("undone", w:undo(run, { reason = "a false alarm" }).outcome)
    assert.equal("none", w.database.primary.fenced)
    assert.equal(3, w.deploy.app.slots.blue.instances)
  end)

  it("stops the application in us-west-2 too", function()
    w.deploy["app-west"]:scale { instances = 2 }
    w:prepared()
    assert.equal("done", go().outcome)
    assert.equal(0, w.deploy["app-west"].instances)
  end)

  it("waits until the certificate is really another one, where there is one", function()
    w.http.site:certificate { starts_at = found_at - 86400 }
    local run = go()
    assert.equal("Replace the certificate", run.asks[1].name)
    assert.equal(0, w.deploy.app.slots.blue.instances)
    w:cancel(run, { reason = "next" })
    before()
    w.http.site:certificate { starts_at = found_at - 86400 }
    run = go(with { ["Replace the certificate"] = false }, { certificate = false })
    assert.equal("done", run.outcome, tostring(run.reason))
  end)

  it("asks a person for what Secrets Manager cannot rotate", function()
    w:fails("secrets/managed:rotate", { how = "failed", code = "unsupported", times = 3 })
    local run = go()
    assert.equal("Replace rds/master in Secrets Manager", run.asks[1].name)
    w.secrets.managed:put { name = "rds/master", value = "another one" }
    run = w:resume(run, with { ["Replace rds/master in Secrets Manager"] = "done" })
    assert.equal("done", run.outcome, tostring(run.reason))
  end)

  it("keeps the old encryption key for what was encrypted with it", function()
    go()
    assert.is_not_nil(w.secrets.parameters.secrets["encryption/previous_key"])
    assert.is_not_nil(w.secrets["parameters-west"].secrets["encryption/previous_key"])
  end)

  it("keeps it also where the key's step is tried again, or a second run follows", function()
    w:fails("secrets/parameters-west:put", { how = "failed", skip = 2 })
    local run = go(with { ["Replace encryption/key"] = "retry" })
    assert.equal("done", run.outcome, tostring(run.reason))
    assert.equal("3", version "encryption/key")
    assert.equal("2", version("encryption/key", "parameters-west"))
    run = go()
    assert.equal("done", run.outcome, tostring(run.reason))
    -- Put once in each region: a second time it would have been the new key.
    assert.equal("1", version "encryption/previous_key")
    assert.equal("1", version("encryption/previous_key", "parameters-west"))
    assert.equal("3", version "encryption/key")
  end)

  it("goes on only with credentials that this program has too", function()
    local asked = {
      ["Give this program the database's new password"] = "database/primary-sql:status",
      ["Replace redis/url"] = "cache/redis:status",
      ["Replace the access keys of people and programs"] = "storage/audit-trail:list" }
    for question, use in pairs(asked) do
      w:fails(use, { how = "failed", code = "denied", times = 99 })
      local run = go()
      assert.equal(question, run.asks[1].name)
      assert.contains("this program's secrets", run.asks[1].detail)
      assert.equal(0, w.deploy.app.slots.blue.instances)
      w:cancel(run, { reason = "next" })
      before()
    end
  end)

  it("ends the sessions of everybody", function()
    w.cache.redis:put { key = "sess:1", value = "somebody" }
    w.database["primary-sql"]:connect { user = "cleanstation_app", client = "10.0.0.9" }
    go()
    assert.is_nil(w.cache.redis.keys["sess:1"])
    assert.equal(0, w.database["primary-sql"].sessions)
  end)

  it("does not let users in while a credential is as it was", function()
    w.secrets.parameters:put { name = "billing/token", value = "unknown to the runbook" }
    w.secrets.parameters:make_older { name = "billing/token", by_s = 86400 }
    local run = go()
    assert.equal("waits", run.outcome)
    assert.contains("billing/token (east)", run.reason)
    assert.equal(0, w.deploy.app.slots.blue.instances)
  end)

  it("waits until a credential is really another one", function()
    w.secrets.parameters:make_older { name = "s3/credentials", by_s = 86400 }
    local run = go(with { ["Replace s3/credentials"] = false })
    assert.equal("Replace s3/credentials", run.asks[1].name)
    assert.equal(0, w.deploy.app.slots.blue.instances)
    w.secrets.parameters:put { name = "s3/credentials", value = "another one" }
    run = w:resume(run, with { ["Replace s3/credentials"] = "done" })
    assert.equal("done", run.outcome, tostring(run.reason))
  end)

  it("asks a person to close a database that RDS does not close", function()
    w:fails("database/primary:fence", { how = "failed", code = "unreachable", times = 2 })
    local run = go(with { ["Close the database by hand"] = "groups removed",
      ["Open the database by hand"] = "groups are back" })
    assert.equal("done", run.outcome, tostring(run.reason))
    assert.contains("Close the database by hand", w.questions)
    assert.contains("by hand", w:told())
  end)

  it("asks of a role that nobody knows, and shuts it out", function()
    local intruder = 'in"truder'
    w = world("production", { recorded = { ["database/primary-sql:execute"] = { { at = 0,
      arguments = { sql = 'alter role "in""truder" nologin' }, outcome = "done",
      value = { rows = 0 } } } } })
    station_world.replace_issued(station_world.fill_stores(
      station_world.follow_snapshots(station_world.open(w))))
    local sql = w.database["primary-sql"]
    sql:execute { sql = "insert into pg_roles values ('" .. intruder .. "', 1)" }
    sql:connect { user = intruder, client = "203.0.113.9" }
    local run = go(with { ["Does the role in?truder belong here?"] = false })
    assert.equal("Does the role in?truder belong here?", run.asks[1].name)
    run = w:resume(run, with { ["Does the role in?truder belong here?"] = "no" })
    assert.equal("done", run.outcome, tostring(run.reason))
    assert.same({ intruder }, run.value.strangers)
    assert.equal(0, w.database["primary-sql"].sessions)
  end)

  it("lets go of its locks only when somebody watches", function()
    local run = go(with { ["Start security-watch"] = false })
    assert.equal("Start security-watch", run.asks[1].name)
    assert.contains("perilune run security-watch -e production found_at=", run.asks[1].detail)
    assert.equal(3, w.deploy.app.slots.blue.instances_healthy)
    assert.equal("open", w.notify.oncall.incidents["security-incident"].state)
  end)

  it("does not take a person's word for it that security-watch was started", function()
    local given = { found_at = found_at }
    local run = w:run("security-incident", given, with())
    assert.equal("Start security-watch", run.asks[1].name)
    assert.equal("open", w.notify.oncall.incidents["security-incident"].state)
    given.evidence = "incidents/" .. run.id .. "/digests.json"
    assert.equal("waits", w:run("security-watch", given).outcome)
    run = w:resume(run, with())
    assert.equal("done", run.outcome, tostring(run.reason))
    assert.equal("resolved", w.notify.oncall.incidents["security-incident"].state)
  end)

  it("changes nothing where a person refuses", function()
    local run = go(with { ["Isolate CleanStation?"] = { decision = "reject",
      reason = "a penetration test" } })
    assert.equal("waits", run.outcome)
    assert.equal("resolved", w.notify.oncall.incidents["security-incident"].state)
    assert.contains("Nothing was done", w:told "notify/oncall")
    assert.equal(3, w.deploy.app.slots.blue.instances_healthy)
    assert.equal(0, w:times "database/primary:fence")
  end)
end)
