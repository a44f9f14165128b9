// Undo, without a script: what cannot be undone, how much there may be of it, and what is said
// first.
#include <doctest/doctest.h>

#include "tests/interpreter/run/engine_rig.h"

namespace {

using namespace perilune;
using namespace perilune::test;

void change(EngineRig& rig, FakePort& port, int n) {
    rig.operation(n, "again", "x" + std::to_string(n));
    rig.found();
    rig.acted(Outcome::done(Value().set("changed", true)));
    port.calls.clear();
}

std::string undo(EngineRig& rig) {
    Command command;
    command.id = "undo";
    command.kind = "undo";
    command.who = "somebody";
    return rig.engine().on_command(command);
}

}  // namespace

TEST_CASE("what_cannot_be_undone_is_said_before_and_however_much_it_is_needs_no_stack") {
    constexpr int changes = 20000;
    FakePort port;
    EngineRig rig(port);
    rig.begin();
    for (int n = 1; n <= changes; ++n) change(rig, port, n);
    CHECK(undo(rig).empty());
    const Value end = port.last("end");
    CHECK(end["outcome"].text() == "partly undone");
    CHECK(end["exit"].integer() == 8);
    CHECK(port.count("undone") == changes);
    Value note;
    for (const auto& record : port.records)
        if (record["kind"].text() == "undo" && record["settled"].boolean()) note = record;
    CHECK(note["cannot"].list().size() == changes);
    CHECK(note["takes_back"].list().empty());
    CHECK(note["seq"].integer() < port.last("undone")["seq"].integer());
}

TEST_CASE("a_change_whose_outcome_nobody_knows_is_taken_back_as_if_it_had_happened") {
    FakePort port;
    port.restore = Restore{"again", Value().set("name", "back")};
    EngineRig rig(port);
    rig.begin();
    rig.operation(1, "again", "x");
    rig.found(Value().set("is", "old"));
    port.boot += 1e6;  // Past its deadline.
    rig.acted(Outcome::unknown(fail("lost", "The connection was lost.", Retry::unknown)));
    REQUIRE(port.last("result")["outcome"].text() == "unknown");
    CHECK(undo(rig).empty());
    rig.found(Value().set("is", "new"));
    rig.found(Value().set("is", "new"));
    CHECK(port.last("intent")["args"]["name"].text() == "back");
    rig.acted(Outcome::done(Value().set("changed", true)));
    CHECK(port.last("end")["outcome"].text() == "undone");
}

TEST_CASE("what_only_a_lost_answer_said_is_left_to_a_person") {
    FakePort port;
    port.restore = Restore{"again", Value().set("made", Value())};
    EngineRig rig(port);
    rig.begin();
    rig.operation(1, "again", "x");
    rig.found(Value().set("is", "old"));
    port.boot += 1e6;
    rig.acted(Outcome::unknown(fail("lost", "The connection was lost.", Retry::unknown)));
    CHECK(undo(rig).empty());
    CHECK(port.last("undone")["outcome"].text() == "impossible");
    CHECK(port.last("end")["outcome"].text() == "partly undone");
}

TEST_CASE("a_change_that_tells_no_state_before_it_is_taken_back_and_never_passed_over") {
    FakePort port;
    port.restore = Restore{"again", Value().set("name", "back")};
    EngineRig rig(port);
    rig.begin();
    rig.operation(1, "again", "x");
    rig.found(Value());
    rig.acted(Outcome::done(Value().set("changed", true), Value().set("is", "new")));
    CHECK(undo(rig).empty());
    rig.found(Value());
    rig.found(Value().set("is", "new"));
    CHECK(port.last("intent")["args"]["name"].text() == "back");
    rig.acted(Outcome::done(Value().set("changed", true)));
    CHECK(port.last("end")["outcome"].text() == "undone");
}

// A pause of all that had `what` to change, undone where `before` finds `now` and the reversal's
// `before` finds `seen`.
std::string undone_by_reversal(const Value& now, const Value& seen) {
    FakePort port;
    port.restore = Restore{"keyed", Value().set("name", "back")};
    EngineRig rig(port);
    rig.begin();
    rig.operation(1, "again", "x");
    rig.found(Value().set("first", "active"));
    rig.acted(Outcome::done(Value().set("changed", true), Value().set("first", "paused")));
    CHECK(undo(rig).empty());
    rig.found(now);
    rig.found(seen);
    if (port.last("intent")["name"].text() == "keyed")
        rig.acted(Outcome::done(Value().set("changed", true)));
    return port.last("end")["outcome"].text();
}

TEST_CASE(
    "where_a_change_read_more_than_it_changed_its_reversal_says_whether_that_is_as_it_was_left") {
    const Value paused = Value().set("first", "paused"), none{Map{}};
    CHECK(undone_by_reversal(none, paused) == "undone");
    CHECK(undone_by_reversal(none, Value().set("first", "deleted")) == "partly undone");
    CHECK(undone_by_reversal(none, none) == "partly undone");
}
