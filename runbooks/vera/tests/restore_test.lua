-- restore: tried on staging, behind closed doors, and only with a person's word.
local vera_world = require "vera_world"

local yes = { answers = { ["Restore production?"] = "approve" } }

describe("restore", function()
  local w
  before_each(function() w = vera_world.back_up(vera_world.open(world "production"), 2) end)

  local function go(given, options)
    given.watch_for = "10s"
    return w:run("restore", given, options or yes)
  end

  it("brings the newest dump back, tried on staging first", function()
    w.database.primary:execute { sql = "delete from photos" }
    local run = go {}
    assert.equal("done", run.outcome)
    assert.same({ users = 22, photos = 50 }, run.value.rows)
    assert.equal(22, w.database.staging.rows.users)
    assert.equal(1, w.deploy.staging.instances)
    assert.equal(2, w.deploy.api.instances_healthy)
    assert.is_true(run.took_s < duration("1h"))
  end)

  it("passes over a damaged dump", function()
    w.database.primary:corrupt_backup { key = w.database.primary:list_backups {}[1].key }
    assert.equal(21, go {}.value.rows.users)
  end)

  it("brings a chosen backup back", function()
    local older = w.database.primary:list_backups {}[2]
    assert.equal(21, go { backup = older.id }.value.rows.users)
    local run = go { backup = "db/none" }
    assert.contains("There is no complete backup db/none", run.reason)
  end)

  it("goes to a file and comes back from it", function()
    local run = go { to = "file", file = "by-hand.dump" }
    assert.equal("done", run.outcome)
    assert.is_true(run.value.size_bytes > 0)
    w.database.primary:execute { sql = "delete from photos" }
    run = go { file = "by-hand.dump" }
    assert.equal("done", run.outcome)
    assert.equal(50, w.database.primary.rows.photos)
    assert.contains("There is no file other.dump", go { file = "other.dump" }.reason)
  end)

  it("brings a moment back by the recovery server, looked at there first", function()
    w.database.recovery:execute { sql = [[
      create table users (id integer primary key, email text);
      create table photos (id integer primary key, user_id integer);
      insert into users values (1, 'a'); insert into photos values (1, 1);]] }
    w.database.recovery:history { seconds = 86400 * 7 }
    w:advance("1h")
    local at = w:now() - 600
    local run = go { at = at }
    assert.equal("done", run.outcome)
    assert.near(at, run.value.shows_at, 1)
    assert.same({ users = 1, photos = 1 }, run.value.rows)
  end)

  it("refuses a moment that is not kept any more, or has not been yet", function()
    local run = go { at = w:now() - 86400 * 8 }
    assert.contains("kept for 7 days", run.reason)
    w:cancel(run)
    assert.contains("has not been yet", go { at = w:now() + 60 }.reason)
  end)

  it("says so where the recovery server has nothing", function()
    w:fails("database/recovery:restore_window", { how = "failed" })
    assert.equal("waits", go { at = w:now() - 600 }.outcome)
    assert.equal(0, w:times "database/primary:restore")
  end)

  it("only tries it where it is to go to staging", function()
    local run = go { to = "staging" }
    assert.equal("done", run.outcome)
    assert.equal(0, w:times "database/primary:restore")
    assert.same({}, w.questions)
  end)

  -- Users of staging's database whose address is one that somebody reads.
  local function addresses()
    return w.database.staging:query {
      sql = "select count(*) as n from users where email not like '%@staging.invalid'" }[1].n
  end

  it("leaves no user's address in staging", function()
    go { to = "staging" }
    assert.equal(22, w.database.staging.rows.users)
    assert.equal(0, addresses())
    w:fails("database/staging:verify", { how = "failed", code = "check_failed" })
    go { to = "staging" }
    assert.equal(0, addresses())
  end)

  it("keeps staging off where the addresses cannot be taken away", function()
    w:fails("database/staging:execute", { how = "failed" })
    local run = go { to = "staging" }
    assert.equal("Clean staging", run.asks[1].name)
    assert.equal(0, w.deploy.staging.instances)
  end)

  it("leaves production alone where staging shows that it is no good", function()
    local run = go { least_users = 21, backup = w.database.primary:list_backups {}[1].id }
    assert.equal("done", run.outcome)
    run = go { least_users = 1000, backup = w.database.primary:list_backups {}[1].id }
    assert.equal("waits", run.outcome)
    assert.equal(1, w.deploy.staging.instances)
    assert.equal(1, w:times "database/primary:restore")
  end)

  it("notices rows that the note beside a file counts otherwise", function()
    go { to = "file", file = "by-hand.dump" }
    local key = "by-hand.dump.note.json"
    local note = json.decode(w.storage.files.objects[key].body)
    note.rows.users = { min = 99, max = 99 }
    w.storage.files:put { key = key, body = json.encode(note) }
    local run = go { file = "by-hand.dump" }
    assert.equal("waits", run.outcome)
    assert.contains("The rows differ", run.reason)
  end)

  it("closes nothing where a person refuses", function()
    local run = go({}, { answers = {
      ["Restore production?"] = { decision = "reject", reason = "the data is well" } } })
    assert.equal("waits", run.outcome)
    assert.equal(0, w:times "deploy/api:scale")
    assert.equal(0, w:times "database/primary:restore")
  end)

  it("keeps users away while the data is not proved", function()
    w:fails("database/primary:verify", { how = "failed", code = "check_failed" })
    local run = go {}
    assert.equal("Verify the data", run.asks[1].name)
    assert.equal(0, w.deploy.api.instances_healthy)
  end)

  it("lets nobody open the API meanwhile", function()
    local run = go({}, {})
    assert.equal("Restore production?", run.asks[1].name)
    for _, name in ipairs { "scale", "api-down" } do
      assert.has_error(function() w:run(name) end, "The lock deploy/api is held")
    end
  end)

  it("refuses two ways of choosing at once, and a dump without a file", function()
    assert.has_error(function() go { file = "a", backup = "b" } end, "one of them")
    assert.has_error(function() go { to = "file" } end, "needs file")
  end)
end)
