-- Backups, restores and maintenance: what is put back, behind which doors, and how it is proved.
local restore = require "patterns.restore"

describe("restore", function()
  local w
  before_each(function()
    w = world "test"
    w.deploy.web:serve { version = "1", instances = 2 }
    w.database.main:execute { sql = "create table orders (id integer primary key)" }
    w.database.main:execute { sql = "insert into orders values (1), (2), (3)" }
    w:run("backup", { key = "one.db" })
    w:advance("1d")
    w.database.main:execute { sql = "insert into orders values (4)" }
    w:run("backup", { key = "two.db" })
    w.database.main:execute { sql = "delete from orders" }
    w:prepared()
  end)

  local operations = { mode = "set_maintenance", scale = "scale", variable = "set_env" }
  for _, how in ipairs { "mode", "scale", "variable" } do
    it("restores the newest good backup while users are away: " .. how, function()
      local run = w:run("maintenance", { how = how })
      assert.equal("done", run.outcome)
      assert.same({ orders = 4 }, run.value.rows)
      assert.equal(2, w.deploy.web.instances_healthy)
      assert.is_false(w.deploy.web.maintenance)
      assert.same({}, w.deploy.web.env)
      assert.is_true(w:times("deploy/web:" .. operations[how]) >= 2)
    end)
  end

  it("gives each slot back the instances that it had", function()
    w.deploy.app:serve { slot = "blue", version = "1", instances = 3 }
    w.deploy.app:serve { slot = "green", version = "1", instances = 1 }
    w.deploy.web:scale { instances = 0 }
    local run = w:run("maintenance", { slots = true })
    assert.equal("done", run.outcome, tostring(run.reason))
    assert.equal(3, w.deploy.app.slots.blue.instances_healthy)
    assert.equal(1, w.deploy.app.slots.green.instances_healthy)
    assert.equal(4, w:times "deploy/app:scale")
  end)

  it("passes over a backup that is damaged", function()
    w.database.main:corrupt_backup { key = "two.db" }
    local run = w:run("maintenance")
    assert.same({ orders = 3 }, run.value.rows)
    assert.equal(1, run.value.rejected)
  end)

  it("passes over a backup with too few rows", function()
    local run = w:run("maintenance", { least = 4 })
    assert.equal("done", run.outcome)
    assert.same({ orders = 4 }, run.value.rows)
    assert.equal("waits", w:run("maintenance", { least = 5 }).outcome)
  end)

  it("takes a storage that does not answer for no bad backup", function()
    w:fails("database/main:verify_backup", { how = "failed", code = "unreachable" })
    local run = w:run("maintenance")
    assert.equal("waits", run.outcome)
  end)

  it("restores nothing where users cannot be sent away", function()
    w:fails("deploy/web:set_maintenance", { how = "failed", times = 5 })
    local run = w:run("maintenance")
    assert.equal("waits", run.outcome)
    assert.equal("Close it to users", run.asks[1].name)
    assert.equal(0, w:times "database/main:restore")
  end)

  it("keeps users away while the data is not right", function()
    w:fails("database/main:verify", { how = "failed", code = "check_failed" })
    local run = w:run("maintenance")
    assert.equal("Verify the data", run.asks[1].name)
    assert.is_true(w.deploy.web.maintenance)
  end)

  it("is undone without the damaged data coming back", function()
    w:undo(w:run("maintenance"))
    assert.equal(4, w.database.main.rows.orders)
  end)

  it("names the tables that differ", function()
    assert.same({}, restore.differences({ a = 1, b = { min = 1, max = 3 } }, { a = 1, b = 2 }))
    assert.same({}, restore.differences({ a = { min = 1 }, b = { max = 3 } }, { a = 9, b = 2 }))
    local found = restore.differences({ a = 1, b = { min = 3 }, c = 1 }, { a = 2, b = 2 })
    assert.equal(3, #found)
    assert.equal("a", found[1].table)
    assert.equal(2, found[2].found)
    assert.is_nil(found[3].found)
  end)
end)

describe("trying a restore", function()
  local w, first, second
  before_each(function()
    w = world "test"
    w.deploy.web:serve { version = "1", instances = 2 }
    w.database.main:execute { sql = "create table orders (id integer primary key)" }
    w.database.main:execute { sql = "insert into orders values (1), (2), (3)" }
    first = w:run("backup", { key = "one.db" }).value.id
    w:advance("1d")
    w.database.main:execute { sql = "insert into orders values (4)" }
    second = w:run("backup", { key = "two.db" }).value.id
    w:prepared()
  end)

  it("brings the newest complete backup, proves it, and leaves what serves alone", function()
    local run = w:run("try-out")
    assert.equal("done", run.outcome, tostring(run.reason))
    assert.equal(second, run.value.id)
    assert.same({ orders = 4 }, run.value.rows)
    assert.is_true(run.value.took_s > 0 and run.value.took_s < run.took_s)
    assert.equal(4, w.database.main.rows.orders)
  end)

  it("brings a named one, or one from before a moment", function()
    assert.equal(first, w:run("try-out", { id = first }).value.id)
    assert.equal(first, w:run("try-out", { before = w:now() - 3600 }).value.id)
    assert.is_true(w:run("try-out", { id = "none.db" }).value.none)
    assert.is_true(w:run("try-out", { before = w:now() - 3 * 86400 }).value.none)
  end)

  it("finds one of a kind", function()
    assert.is_true(w:run("try-out", { kind = "snapshot" }).value.none)
    w.database.main:snapshot { name = "newer" }
    assert.equal(second, w:run("try-out", { kind = "dump" }).value.id)
  end)

  it("finds no backup that is not complete", function()
    w.database.main:truncate_backup { key = "two.db" }
    assert.equal(first, w:run("try-out").value.id)
    assert.is_true(w:run("try-out", { id = second }).value.none)
  end)

  it("has nobody there while it is made", function()
    w:run("try-out")
    local stopped = w:place "deploy/web:scale"
    assert.is_true(stopped < w:place "database/copy:clone")
    assert.is_true(w:place "database/copy:clone" < w:place("deploy/web:scale", stopped))
    assert.equal(2, w.deploy.web.instances_healthy)
  end)

  for what, operation in pairs { ["cannot be brought"] = "clone", ["is no good"] = "verify" } do
    it("starts the application again where the data " .. what, function()
      w:fails("database/copy:" .. operation, { how = "failed", code = "check_failed" })
      local run = w:run("try-out")
      assert.equal("failed", run.outcome)
      assert.contains("the test says so", run.reason)
      assert.equal(2, w.deploy.web.instances_healthy)
    end)
  end

  local clean = { clean = "delete from orders where id = 1" }

  it("cleans what was proved before the application sees it", function()
    local run = w:run("try-out", clean)
    assert.equal("done", run.outcome)
    assert.same({ orders = 4 }, run.value.rows)
    assert.equal(3, w.database.copy.rows.orders)
    local started = w:place("deploy/web:scale", w:place "deploy/web:scale")
    assert.is_true(w:place "database/copy:execute" < started)
  end)

  it("cleans what is no good too, and keeps the application off where it cannot", function()
    w:fails("database/copy:verify", { how = "failed", code = "check_failed" })
    assert.equal("failed", w:run("try-out", clean).outcome)
    assert.equal(3, w.database.copy.rows.orders)
    assert.equal(2, w.deploy.web.instances_healthy)
    w:fails("database/copy:execute", { how = "failed" })
    assert.equal("failed", w:run("try-out", clean).outcome)
    assert.equal(0, w.deploy.web.instances_healthy)
  end)

  it("starts one that was found stopped", function()
    w.deploy.web:scale { instances = 0 }
    w:run("try-out")
    assert.equal(1, w.deploy.web.instances_healthy)
  end)
end)

describe("backup", function()
  local w
  before_each(function()
    w = world "test"
    w.database.main:execute { sql = "create table orders (id integer primary key)" }
    w.database.main:execute { sql = "insert into orders values (1), (2), (3)" }
  end)

  it("notes size, digest and rows beside it", function()
    local run = w:run("backup", { key = "one.db" })
    assert.equal("done", run.outcome)
    assert.same({ orders = { min = 3, max = 3 } }, run.value.rows)
    assert.equal(64, #run.value.note.digest)
    assert.is_true(run.value.note.size_bytes > 0)
  end)

  it("notes nothing of a backup that cannot be read back", function()
    w:fails("database/main:verify_backup", { how = "failed", code = "damaged" })
    local run = w:run("backup", { key = "one.db" })
    assert.equal("failed", run.outcome)
    assert.is_nil(w.storage.backups.objects["one.db.note.json"])
  end)

  it("thins out what is too old, and nothing where too much would go", function()
    for day = 1, 4 do
      assert.equal("done", w:run("backup", { key = "day" .. day }).outcome)
      w:advance("1d")
    end
    assert.equal(2, #w.database.main:list_backups {})
    for day = 5, 7 do w.database.main:backup { key = "day" .. day } end
    local run = w:run("backup", { key = "day8", at_most = 1 })
    assert.equal("failed", run.outcome)
    assert.equal("Thin out old backups", run.steps[#run.steps].name)
  end)
end)
