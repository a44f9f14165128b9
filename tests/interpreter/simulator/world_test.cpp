// What a test sees and does of a whole world: its targets, those it may use, what they share.
#include "tests/interpreter/simulator/simulator_rig.h"

namespace perilune::test {

TEST_CASE("the_targets_that_executed_runbooks_name_are_told_each_once") {
    std::string environment = "kind: development\ntargets:\n";
    std::string targets;
    for (int i = 10; i < 90; ++i) {
        const std::string name =
            "notify/a-channel-with-a-name-that-needs-memory-of-its-own-" + std::to_string(i);
        environment += "  " + name + ": { driver: console }\n";
        targets += "[\"" + name + "\"] = {}, ";
    }
    SimulatorRig rig({{"environments/here.yaml", environment},
                      {"runbooks/many.lua", "return runbook { summary = 'x', targets = { " +
                                                targets + "}, run = function() end }"},
                      {"tests/many_test.lua", R"(
it("names them", function()
  local w = world "here"
  for _ = 1, 3 do
    assert.equal("done", w:run("many").outcome)
    assert.same(w.targets, w.may_use)
    assert.equal(80, #w.may_use)
  end
end)
)"}});
    rig.load("tests/many_test.lua");
    rig.passes(1);
}

TEST_CASE("a_target_that_is_the_same_as_another_is_one_thing_under_two_names") {
    SimulatorRig rig({{"environments/here.yaml",
                       "kind: development\n"
                       "targets:\n"
                       "  database/main: { driver: sqlite, path: a.db }\n"
                       "  database/reports: { same_as: database/main }\n"
                       "  notify/team: { driver: console }\n"
                       "  notify/oncall: { driver: console, same_as: notify/team }\n"},
                      {"runbooks/write.lua", R"(
return runbook { summary = "x", targets = { ["database/reports"] = { "execute" },
    ["notify/oncall"] = { "send" } },
  run = function()
    database("reports"):execute { sql = "insert into items values (1);" }
    notify("oncall"):send { text = "written" }
  end }
)"},
                      {"tests/same_test.lua", R"(
it("is one", function()
  local w = world "here"
  w.database.main:execute { sql = "create table items (id);" }
  assert.equal("done", w:run("write").outcome)
  assert.equal(1, w.database.main.rows.items)
  assert.equal(1, w.database.reports.rows.items)
  assert.equal(1, #w.notify.team.sent)
  assert.equal(1, #w.sent)
  assert.equal("database/reports", w.effects[1].target)
  w.database.reports:fail()
  assert.is_false(w.database.main.reachable)
end)
it("is counted once", function()
  local w = world "here"
  assert.same({ "main" }, w.families.database:primaries())
  assert.same({ "main" }, w.families.database:writers())
  assert.same({ "database/main", "notify/team" }, w.things)
  assert.equal(4, #w.targets)
  assert.equal("database/main", w:own_name("database/reports"))
end)
)"}});
    rig.load("tests/same_test.lua");
    rig.passes(1);
    rig.passes(2);
}

TEST_CASE("what_a_drill_knows_of_its_services_is_made_up") {
    SimulatorRig rig({{"environments/drill.yaml",
                       "kind: drill\n"
                       "services:\n"
                       "  app: { kind: web }\n"
                       "  second: { kind: web }\n"
                       "targets:\n"
                       "  http/app: { driver: http, url: 'http://{services.app.host}:18600' }\n"
                       "  http/second: { driver: http, url: '{services.second.url}' }\n"},
                      {"tests/drill_test.lua", R"(
it("answers", function()
  local w = world "drill"
  for _, name in ipairs { "app", "second" } do
    w.http[name]:answer { path = "/health", status = 200, body = name }
    assert.equal(name, w.http[name]:get { path = "/health" }.body)
  end
end)
)"}});
    rig.load("tests/drill_test.lua");
    rig.passes(1);
}

TEST_CASE("migrations_come_from_the_librarys_folders") {
    SimulatorRig rig({{"environments/here.yaml",
                       "kind: development\n"
                       "targets:\n"
                       "  database/main: { driver: postgres, url: 'secret:URL' }\n"},
                      {"migrations/001_items.sql", "create table items (id integer)"},
                      {"migrations/001_items.down.sql", "drop table items"},
                      {"migrations/002_more.sql", "insert into items values (7)"},
                      {"migrations/old/003_not_this.sql", "drop table items"},
                      {"runbooks/migrate.lua", R"(
return runbook { summary = "x", targets = { ["database/main"] = { "migrate" } },
  run = function()
    local db = database("main")
    local pending = #db:pending_migrations { folder = "migrations" }
    db:migrate { folder = "migrations" }
    return { before = pending, after = #db:pending_migrations { folder = "./migrations/" } }
  end }
)"},
                      {"tests/migrate_test.lua", R"(
it("applies them", function()
  local w = world "here"
  local run = w:run("migrate")
  assert.same({ before = 2, after = 0 }, run.value)
  assert.equal(7, w.database.main.tables.items[1].id)
end)
it("reverts what can be", function()
  local w = world "here"
  w.database.main:migrate { folder = "migrations", only = { "001_items" } }
  w.database.main:revert_migrations { folder = "migrations", count = 1 }
  assert.is_nil(w.database.main.rows.items)
end)
it("says where there are none", function()
  local w = world "here"
  assert.error(function() w.database.main:pending_migrations { folder = "lib" } end,
    "has the .sql files of the library's own folders, and none is there")
end)
)"}});
    rig.load("tests/migrate_test.lua");
    for (int i = 1; i <= 3; ++i) rig.passes(i);
}

TEST_CASE("an_answer_that_does_not_verify_is_not_given_again") {
    SimulatorRig rig({{"environments/here.yaml",
                       "kind: development\n"
                       "targets: { storage/box: { driver: folder, path: b } }\n"},
                      {"runbooks/by_hand.lua", R"(
return runbook { summary = "x", targets = { ["storage/box"] = {} },
  run = function()
    manual("Put it there", { within = "1h", evidence = "text",
      verify = function() return storage("box"):head { key = "it" } ~= nil end })
    return manual("Say it", { evidence = "text" })
  end }
)"},
                      {"tests/by_hand_test.lua", R"(
local function answers(one) return { answers = { ["Put it there"] = one, ["Say it"] = "done" } } end
it("leaves the question unanswered", function()
  local w = world "here"
  local run = w:run("by_hand", {}, answers "it is there")
  assert.equal("waits", run.outcome)
  assert.equal("Put it there", run.asks[1].name)
  assert.is_true(run.took_s < duration("2h"))
end)
it("goes on where it verifies", function()
  local w = world "here"
  w.storage.box:put { key = "it", body = "x" }
  assert.equal("done", w:run("by_hand", {}, answers "it is there").value)
end)
it("gives the next of a list, each once", function()
  local w = world "here"
  local run = w:run("by_hand", {}, answers { { value = "a" }, { value = "b", after = 60 } })
  local asked = 0
  for _, line in ipairs(run.log) do
    if line:find("does not hold yet", 1, true) then asked = asked + 1 end
  end
  assert.equal(2, asked)
  assert.is_not.equal("done", run.outcome)
end)
)"}});
    rig.load("tests/by_hand_test.lua");
    for (int i = 1; i <= 3; ++i) rig.passes(i);
}

TEST_CASE("a_restore_counts_the_applications_that_use_the_database") {
    const std::string apps =
        "  database/shop: { driver: sqlite, path: a.db, backups: storage/kept }\n"
        "  storage/kept: { driver: folder, path: b }\n"
        "  deploy/other: { driver: local, folder: o, artifacts: x, command: [x], port: 18600 }\n"
        "  deploy/shop: { driver: local, folder: s, artifacts: x, command: [x], port: 18700 }\n";
    SimulatorRig rig({{"environments/unsaid.yaml", "kind: development\ntargets:\n" + apps},
                      {"environments/said.yaml",
                       "kind: development\nextends: unsaid.yaml\ntargets:\n"
                       "  deploy/shop: { uses: database/shop }\n"},
                      {"runbooks/restore.lua", R"(
return runbook { summary = "x", targets = { ["database/shop"] = { "restore" } },
  run = function()
    database("shop"):restore { backup = database("shop"):list_backups {}[1].id }
  end }
)"},
                      {"lib/restoring.lua", R"(
return function(environment, app)
  return explore { runbook = "restore", world = function()
    local w = world(environment)
    w.database.shop:execute { sql = "create table items (id);" }
    w.database.shop:backup { key = "one" }
    w.deploy[app]:serve { version = "1", instances = 1 }
    w:advance("10m")
    return w
  end }
end
)"},
                      {"explorations/other.lua", "return require 'restoring'('said', 'other')"},
                      {"explorations/own.lua", "return require 'restoring'('said', 'shop')"},
                      {"explorations/any.lua", "return require 'restoring'('unsaid', 'other')"},
                      {"tests/uses_test.lua", R"(
local function found(name)
  local names = {}
  for _, one in ipairs(explored("explorations/" .. name .. ".lua", "")) do
    names[#names + 1] = one.name .. ": " .. one.why
  end
  return names
end
it("leaves others alone", function() assert.same({}, found "other") end)
it("finds its own", function()
  assert.same({ "traffic is off during a restore: database/shop was restored while deploy/shop "
    .. "served" }, found "own")
end)
it("counts all where nobody says", function()
  assert.same({ "traffic is off during a restore: database/shop was restored while deploy/other "
    .. "served" }, found "any")
end)
)"}});
    rig.load("tests/uses_test.lua");
    for (int i = 1; i <= 3; ++i) rig.passes(i);
}

}  // namespace perilune::test
