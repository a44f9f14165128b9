// Test files in a simulator: what they hold, what they come to, and runs in worlds without targets.
#include "tests/interpreter/simulator/simulator_rig.h"

// A host that dies leaves the calls it had in flight suspended for ever, as a process that is
// killed does: a simulator is replaced before that adds up.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
    return "leak:perilune::Rehearsal::Visit::work\n";
}

namespace perilune::test {

namespace {

constexpr const char* patient = R"(
return runbook {
  summary = "Waits and asks",
  targets = {},
  parameters = { n = { type = "integer", default = 2 } },
  run = function(params)
    step("Wait", function() sleep("4h") end)
    local ok = confirm("Go on?")
    return { n = params.n, ok = ok }
  end,
}
)";

constexpr const char* here =
    "kind: development\n"
    "targets:\n"
    "  dns/site: { driver: zone_file, path: zone, zone: shop.example }\n"
    "  notify/team: { driver: console }\n";

constexpr const char* mover = R"(
return runbook {
  summary = "Moves the site",
  targets = { ["dns/site"] = { "upsert" }, ["notify/team"] = { "open", "resolve" } },
  run = function()
    local site, team = dns("site"), notify("team")
    team:open { key = "move", severity = "info", summary = "Moving" }
    step("Move", function()
      site:upsert { name = "www", type = "A", value = "192.0.2.9", ttl = "1m" }
    end)
    wait_until("it is seen", { within = "10m", every = "10s" }, function()
      return site:resolves { name = "www", to = "192.0.2.9" }
    end)
    team:resolve { key = "move", text = "done" }
  end,
}
)";

}  // namespace

TEST_CASE("four_virtual_hours_and_a_question_pass_in_a_simulated_world") {
    SimulatorRig rig({{"runbooks/patient.lua", patient},
                      {"environments/here.yaml", here},
                      {"tests/patient_test.lua", R"(
describe("patient", function()
  it("takes four hours", function()
    local w = world "here"
    local run = w:run("patient", { n = 3 }, { answers = { ["Go on?"] = "yes" } })
    assert.equal("done", run.outcome)
    assert.same({ n = 3, ok = true }, run.value)
    assert.near(4 * 3600, run.took_s, 1)
  end)
  it("waits without an answer, and goes on with one", function()
    local w = world "here"
    local run = w:run("patient")
    assert.equal("waits", run.outcome)
    assert.equal("Go on?", run.asks[1].name)
    run = w:resume(run, { answers = { ["Go on?"] = { decision = "no", after = 60 } } })
    assert.equal("done", run.outcome)
    assert.is_false(run.value.ok)
  end)
end)
)"}});
    CHECK(rig.load("tests/patient_test.lua").size() == 2);
    rig.passes(1);
    rig.passes(2);
}

TEST_CASE("a_world_is_looked_at_disturbed_and_acted_on") {
    SimulatorRig rig(
        {{"runbooks/move.lua", mover}, {"environments/here.yaml", here}, {"tests/move_test.lua", R"(
local function count(w, operation)
  local found = 0
  for _, effect in ipairs(w.effects) do
    if effect.operation == operation then found = found + 1 end
  end
  return found
end
describe("move", function()
  local w
  before_each(function() w = world "here" end)
  it("waits for what resolvers still keep", function()
    w.dns.site:put { name = "www", type = "A", value = "192.0.2.1", ttl = 300 }
    assert.is_false(w.dns.site:resolves { name = "www", to = "192.0.2.9" })
    local run = w:run("move")
    assert.equal("done", run.outcome)
    assert.equal(2, #w.sent)
    assert.near(300, run.took_s, 20)
    assert.same({ "192.0.2.9" }, w.dns.site:get { name = "www", type = "A" }.values)
  end)
  it("does again what may be repeated where the answer is lost", function()
    w:fails("dns/site:upsert", { how = "after" })
    assert.equal("done", w:run("move").outcome)
    assert.equal(2, count(w, "upsert"))
  end)
  it("asks where a step fails, and takes the test's decision", function()
    w:fails("dns/site:upsert", { how = "failed", code = "denied" })
    local run = w:run("move")
    assert.equal("waits", run.outcome)
    assert.equal("failure", run.asks[1].what)
    run = w:resume(run, { answers = { Move = "retry" } })
    assert.equal("done", run.outcome)
  end)
  it("goes on where its host died before any commit", function()
    local died, n = 0, 1
    while true do
      local fresh = world "here"
      local run = fresh:run("move", {}, { dies_at_commit = n })
      if run.outcome ~= "died" then break end
      died, n = died + 1, n + 1
      if run.id then
        run = fresh:resume(run)
        assert.equal("done", run.outcome)
        assert.equal(2, #fresh.sent)
      end
    end
    assert.is_true(died > 5)
  end)
  it("is undone", function()
    local run = w:run("move")
    run = w:undo(run)
    assert.equal("undone", run.outcome)
    assert.is_nil(w.dns.site:get { name = "www", type = "A" })
  end)
end)
)"}});
    CHECK(rig.load("tests/move_test.lua").size() == 5);
    for (int i = 1; i <= 5; ++i) rig.passes(i);
}

TEST_CASE("each_assertion_holds_and_fails_where_it_must") {
    SimulatorRig rig({{"environments/here.yaml", here}, {"tests/words_test.lua", R"(
local function fails(body, message)
  local ok, raised = pcall(body)
  if ok then error("nothing was raised", 2) end
  if not tostring(raised):find(message, 1, true) then error(tostring(raised), 2) end
end
it("holds", function()
  assert.equal(1, 1) assert.are.equal("a", "a") assert.is_not.equal(1, 2)
  assert.same({ 1, { a = 2 } }, { 1, { a = 2 } }) assert.are_not.same({ 1 }, { 1, 2 })
  assert.is_true(true) assert.is_false(false) assert.is_nil(nil) assert.is_not_nil(0)
  assert.truthy(0) assert.falsy(nil) assert.matches("^a+$", "aaa") assert.contains("b", "abc")
  assert.contains(2, { 1, 2 }) assert.near(10, 10.5, 1) assert.is_string("x")
  assert.has_error(function() error("no") end) assert.error(function() error("no") end, "no")
  assert.has_no.error(function() end)
  assert(1 == 1, "one is one")
end)
it("fails", function()
  fails(function() assert.equal(1, 2) end, "assert.equal")
  fails(function() assert.equal(1, "1") end, "assert.equal")
  fails(function() assert.same({ 1 }, { 1, 2 }) end, "assert.same")
  fails(function() assert.is_true(1) end, "assert.is_true")
  fails(function() assert.is_not.equal(1, 1) end, "assert.is_not.equal")
  fails(function() assert.is_not_nil(nil) end, "assert.is_not.nil")
  fails(function() assert.matches("^b", "abc") end, "assert.matches")
  fails(function() assert.near(10, 12, 1) end, "assert.near")
  fails(function() assert.has_error(function() end) end, "assert.has_error")
  fails(function() assert.error(function() error("x") end, "y") end, "assert.error")
  fails(function() assert(false, "said so") end, "said so")
  fails(function() assert.equal(1) end, "assert.equal needs 2 values, but got 1.")
  fails(function() assert.eqal(1, 1) end, 'Did you mean \"equal\"?')
end)
it("names what a world does not have", function()
  local w = world "here"
  fails(function() return w.dns.sote end, 'Did you mean \"site\"?')
  fails(function() return w.dns.site.recods end, 'Did you mean \"records\"?')
  fails(function() w:rum("x") end, 'Did you mean \"run\"?')
  fails(function() world "her" end, "here")
  fails(function() w:run("nothing") end, "nothing")
  fails(function() w:fails("dns/site:upsert", { how = "often" }) end, "how is one of")
end)
)"}});
    CHECK(rig.load("tests/words_test.lua").size() == 3);
    for (int i = 1; i <= 3; ++i) rig.passes(i);
}

TEST_CASE("a_failure_says_what_was_expected_found_and_where") {
    SimulatorRig rig({{"environments/here.yaml", here},
                      {"tests/a_test.lua",
                       "it('is wrong', function()\n"
                       "  assert.equal('x', 'y')\n"
                       "end)\n"}});
    rig.load("tests/a_test.lua");
    const Value problem = rig.test(1)["problem"];
    CHECK(problem["at"].text() == "tests/a_test.lua:2");
    CHECK(problem["expected"].text() == "\"x\"");
    CHECK(problem["found"].text() == "\"y\"");
}

TEST_CASE("what_fails_after_a_test_fails_it") {
    SimulatorRig rig({{"environments/here.yaml", here}, {"tests/after_test.lua", R"(
describe("group", function()
  after_each(function() error("not cleared away") end)
  it("is well itself", function() end)
end)
)"}});
    rig.load("tests/after_test.lua");
    const Value result = rig.test(1);
    CHECK(result["outcome"].text() == "failed");
    CHECK(result["problem"]["message"].text() == "not cleared away");
}

TEST_CASE("what_stands_around_tests_is_executed_in_order_also_where_one_fails") {
    SimulatorRig rig({{"environments/here.yaml", here}, {"tests/order_test.lua", R"(
local order = {}
local function note(word) return function() order[#order + 1] = word end end
setup(note "S")
describe("outer", function()
  setup(note "s") teardown(note "t") before_each(note "b") after_each(note "a")
  it("one", note "1")
  describe("inner", function()
    before_each(note "c") after_each(note "d")
    it("two", function() order[#order + 1] = "2" error("no") end)
  end)
end)
it("three", function() assert.equal("S s b 1 a b c 2 d a t", table.concat(order, " ")) end)
)"}});
    CHECK(rig.load("tests/order_test.lua").size() == 3);
    rig.passes(1);
    CHECK(rig.test(2)["outcome"].text() == "failed");
    rig.passes(3);
    CHECK_FALSE(rig.session.answer({"finish"})[1].has("message"));
}

TEST_CASE("a_runbook_is_replaced_until_the_next_is_and_one_that_cannot_be_loaded_is_unfit") {
    const std::string broken =
        "return runbook { summary = 'x', targets = {}, run = function() return 7 end }";
    SimulatorRig rig({{"runbooks/patient.lua", patient},
                      {"runbooks/move.lua", mover},
                      {"environments/here.yaml", here},
                      {"tests/patient_test.lua",
                       "it('gives seven', function()\n"
                       "  assert.equal(7, world('here'):run('patient').value)\n"
                       "end)\n"}});
    const auto replace = [&](const std::string& path, const std::string& text) {
        return rig.session.answer({"replace", path, text})[0].text();
    };
    const auto outcome = [&] {
        rig.load("tests/patient_test.lua");
        return rig.test(1)["outcome"].text();
    };
    CHECK(outcome() == "failed");
    CHECK(replace("runbooks/patient.lua", broken) == "replaced");
    CHECK(outcome() == "passed");
    CHECK(replace("runbooks/patient.lua", "return 1") == "unfit");
    CHECK(replace("runbooks/patient.lua", "return (") == "unfit");
    CHECK(replace("runbooks/nothing.lua", broken) == "refused");
    CHECK(replace("runbooks/move.lua", broken) == "replaced");
    CHECK(outcome() == "failed");
}

TEST_CASE("hits_of_probes_come_with_each_answer_and_are_counted_once") {
    SimulatorRig rig({{"runbooks/probed.lua",
                       "__hit(1) return runbook { summary = 'x', targets = {},\n"
                       "  run = function() __hit(2) __hit(2) return __hit(9) end }"},
                      {"lib/there.lua", "__hit(3) return {}"},
                      {"environments/here.yaml", here},
                      {"tests/probed_test.lua",
                       "require 'there'\n"
                       "it('runs', function()\n"
                       "  assert.is_true(world('here'):run('probed').value)\n"
                       "end)\n"}},
                     4);
    const List loaded = rig.session.answer({"load", "tests/probed_test.lua"});
    CHECK(to_json(loaded[2]) == "[3,1]");
    const List told = rig.session.answer({"test", 1});
    CHECK(told[1]["outcome"].text() == "passed");
    CHECK(to_json(told[2]) == "[1,1,2,2]");
    CHECK(to_json(rig.session.answer({"finish"})[2]) == "[]");
}

}  // namespace perilune::test
