// The report reads what the run engine itself writes.
#include "interpreter/report/timeline.h"

#include <doctest/doctest.h>

#include "interpreter/report/history.h"
#include "interpreter/report/verdict.h"
#include "tests/interpreter/report/engine_rig.h"
#include "tests/interpreter/report/lines.h"

using namespace perilune;
using namespace perilune::report;
using namespace perilune::report_test;

namespace {

Value begin_record() {
    const Value facts = table({{"summary", "Lights"},
                               {"targets", table({{"lamp/hall", List{"set"}}})},
                               {"on_failure", "ask"}});
    return table({{"kind", "begin"}, {"run", "r-1"}, {"runbook", "lights"},
                  {"environment", "drill"}, {"who", "ada@bastion"},
                  {"started_at", Journal::first_s}, {"facts", facts}, {"params", Value(Map{})}});
}

Outcome done_with(Value after) {
    Outcome outcome;
    outcome.kind = Outcome::Kind::done;
    outcome.value = table({{"changed", true}});
    outcome.after = std::move(after);
    return outcome;
}

// A step that turns the lamp on; what becomes of the act is the test's to say.
void turn_on(EngineRig& rig) {
    rig.begin(begin_record());
    rig.event(1, "", "open", "Light", "", table({{"what", "step"}, {"attempt", 1}}));
    rig.event(2, "/#1", "operation", "set", "lamp/hall", table({{"to", "on"}}));
    rig.quiet();
    rig.now += 1;
    rig.found(table({{"is", "off"}}));
    rig.now += 2;
}

std::string history_text(const Timeline& timeline) {
    std::string text;
    for (const auto& line : history_of(timeline)) {
        text += line.text + "\n";
        for (const auto& detail : line.details)
            text += "  " + detail.label + "|" + detail.text + "\n";
    }
    return text;
}

}  // namespace

TEST_CASE("reads_what_the_engine_writes_of_a_change_and_an_approval") {
    EngineRig rig;
    turn_on(rig);
    rig.acted(done_with(table({{"is", "on"}})));
    rig.event(3, "/#1", "close", "Light", "", table({{"outcome", "done"}, {"value", 7}}));
    rig.event(4, "", "question", "Go?", "", table({{"what", "approve"}, {"count", 2}}));
    rig.now += 10;
    rig.command("approve", table({{"name", "Go?"}, {"how", "typed"}}));
    CHECK(rig.refused.empty());
    const Timeline half = build_timeline(rig.records);
    CHECK(half.questions.at(0).open);
    CHECK(half.questions.at(0).answers.at(0).partial);
    rig.command("approve", table({{"name", "Go?"}, {"reason", "bright"}}));
    rig.tell(List{"end"});
    const Timeline timeline = build_timeline(rig.records);
    CHECK(timeline.steps.at(0).path == "Light");
    CHECK(timeline.steps.at(0).value == Value(7));
    CHECK(timeline.changes.at(0).path == "Light");
    CHECK(effect_text(timeline.changes.at(0), 80) == "is off → on");
    CHECK(timeline.changes.at(0).ended - timeline.changes.at(0).began == 2);
    CHECK(timeline.questions.at(0).answers.at(1).reason == "bright");
    CHECK(timeline.run.ends.at(0).outcome == "done");
    CHECK(verdict_of(timeline.state, {}).word == "done");
}

TEST_CASE("reads_what_the_engine_writes_of_a_doubt_and_its_end") {
    EngineRig rig;
    turn_on(rig);
    Outcome lost;
    lost.kind = Outcome::Kind::unknown;
    lost.error = fail("no_answer", "The connection was reset.", Retry::unknown);
    rig.acted(lost);
    Timeline timeline = build_timeline(rig.records);
    CHECK(timeline.changes.at(0).in_doubt);
    CHECK(verdict_of(timeline.state, {}).exit == 9);
    CHECK(has(history_text(timeline), "in doubt|02:00:03 Whether lamp/hall:set"));
    rig.command("settle", table({{"how", "happened"}, {"reason", "it shines"}}));
    CHECK(rig.refused.empty());
    timeline = build_timeline(rig.records);
    CHECK_FALSE(timeline.changes.at(0).in_doubt);
    CHECK(timeline.changes.at(0).outcome == "done");
    CHECK(has(history_text(timeline), "doubt settled by|ada@bastion at 02:00:03 — happened: it "
                                      "shines"));
}

TEST_CASE("reads_what_the_engine_writes_of_a_failure_and_an_undo") {
    EngineRig rig;
    turn_on(rig);
    rig.acted(done_with(table({{"is", "on"}})));
    const Value error = table({{"code", "x"}, {"message", "It flickers."}, {"retry", "never"}});
    rig.event(3, "/#1", "failure", "Light", "",
              table({{"what", "step"}, {"error", error}, {"guarded", false}}));
    Timeline timeline = build_timeline(rig.records);
    const Verdict waits = verdict_of(timeline.state, {});
    CHECK(waits.reason == "It flickers.");
    CHECK(waits.at == "runbooks/lamp.lua:7");
    CHECK(waits.left.at(0).what == "lamp/hall:set { to = on }");
    CHECK(waits.next.at(0).command == "perilune retry r-1");
    rig.now += 60;
    rig.command("undo", table({{"reason", "too bright"}}));
    CHECK(rig.refused.empty());
    rig.found(table({{"is", "on"}}));  // The look before the undo.
    rig.found(table({{"is", "on"}}));  // The undoing change's own.
    rig.acted(done_with(table({{"is", "off"}})));
    timeline = build_timeline(rig.records);
    CHECK(timeline.failures.at(0).decision == "undo");
    CHECK(timeline.failures.at(0).decided_by == "ada@bastion");
    CHECK(timeline.waited_for_people_s == 60);
    CHECK(timeline.steps.at(0).outcome == "stopped");
    CHECK(timeline.undos.at(0).outcome == "done");
    CHECK(timeline.changes.at(0).undone == "done");
    CHECK(timeline.changes.at(1).undoing);
    CHECK(verdict_of(timeline.state, {}).word == "undone");
    CHECK(has(history_text(timeline), "the run was stopped by ada@bastion: undo: too bright\n"));
}
