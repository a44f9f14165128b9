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
