// A run that follows a plan, without a script: what waits for a plan, and what an approval lets go.
#include <doctest/doctest.h>

#include "tests/interpreter/run/engine_rig.h"

namespace {

using namespace perilune;
using namespace perilune::test;

Value entry(int ordinal, const char* name, const char* sign = "~") {
    Value value;
    value.set("path", "").set("ordinal", ordinal).set("target", "rig/x").set("sign", sign);
    return value.set("operation", "again").set("args", Value().set("name", name));
}

// Begins a run whose script asks for one change at once.
void begin(EngineRig& rig, FakePort& port, List changes) {
    Value targets;
    targets.set("rig/x", List{"again", "keyed"});
    Value facts;
    facts.set("targets", targets).set("on_failure", "ask");
    Value record;
    record.set("kind", "begin").set("run", "r").set("facts", facts).set("bundle", "code one");
    record.set("params", Value(Map{})).set("plan", "0123").set("plan_changes", changes);
    rig.engine().start_recorded(port.append(record));
    rig.operation(1, "again", "a");
    rig.quiet();
}

Command approve(List changes, const char* bundle = "code one") {
    Command command;
    command.id = "c";
    command.kind = "plan";
    command.who = "somebody";
    command.body.set("plan", "4567").set("plan_changes", changes).set("bundle", bundle);
    return command;
}

}  // namespace

TEST_CASE("a_change_that_the_plan_does_not_show_waits_and_goes_on_once_one_does") {
    FakePort port;
    EngineRig rig(port);
    begin(rig, port, {});
    CHECK(port.calls.empty());
    CHECK(port.count("beyond") == 1);
    REQUIRE_FALSE(port.rests.empty());
    CHECK(port.rests.back().first == Rest::waits);
    CHECK(rig.engine().on_command(approve({entry(1, "other")})).empty());
    CHECK(port.calls.empty());
    CHECK(port.count("beyond") == 2);
    CHECK_FALSE(rig.engine().on_command(approve({entry(1, "a")}, "code two")).empty());
    CHECK(port.calls.empty());
    CHECK(rig.engine().on_command(approve({entry(1, "a")})).empty());
    CHECK(port.calls.size() == 1);
    CHECK(rig.engine().on_command(approve({entry(1, "a")})).find("does not wait") !=
          std::string::npos);
}

TEST_CASE("what_was_shown_as_being_so_already_and_is_not_any_more_waits_too") {
    FakePort port;
    EngineRig rig(port);
    begin(rig, port, {entry(1, "a", "=")});
    rig.found();
    CHECK(port.count("intent") == 0);
    CHECK(port.last("beyond")["text"].text().find("no longer is") != std::string::npos);
    CHECK(rig.engine().on_command(approve({entry(1, "a")})).empty());
    rig.found();
    CHECK(port.last("intent")["entry"].integer() == 1);
}

TEST_CASE("what_waits_for_a_plan_is_met_again_by_a_replay_and_recorded_once") {
    FakePort port;
    {
        EngineRig rig(port);
        begin(rig, port, {entry(1, "a")});
        rig.found();
        rig.acted(Outcome::done(Value().set("changed", true)));
        rig.operation(2, "again", "b");
        rig.quiet();
    }
    CHECK(port.count("beyond") == 1);
    EngineRig again(port);
    again.engine().load(port.records);
    port.told.clear();
    port.calls.clear();
    again.engine().replay(port.records);
    again.operation(1, "again", "a");
    again.operation(2, "again", "b");
    again.quiet();
    CHECK(port.count("beyond") == 1);
    CHECK(port.calls.empty());
    // The change before it counts: the plan of the rest shows the second.
    CHECK(again.engine().on_command(approve({entry(2, "b")})).empty());
    CHECK(port.calls.size() == 1);
}
