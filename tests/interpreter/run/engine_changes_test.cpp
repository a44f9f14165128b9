// Changes in the engine: their turn, their flush, lost answers, stopped scopes, replaced workers.
#include <doctest/doctest.h>

#include "tests/interpreter/run/engine_rig.h"

using namespace perilune;
using namespace perilune::test;

namespace {

Error lost() { return fail("lost", "The answer was lost.", Retry::unknown); }

Value step_data() { return Value().set("what", "step").set("attempt", 1); }

}  // namespace

TEST_CASE("an_act_starts_only_after_the_commit_that_covers_its_intent") {
    FakePort port;
    EngineRig rig(port);
    rig.begin();
    port.commits_wait = true;
    rig.operation(1, "again", "a");
    rig.found();
    CHECK(port.count("intent") == 1);
    CHECK(port.calls.size() == 1);
    port.commit();
    REQUIRE(port.calls.size() == 2);
    CHECK(port.calls.back().phase == Phase::act);
    CHECK(port.calls.back().call.key == port.last("intent")["key"].text());
}

TEST_CASE("changes_of_one_thing_run_one_at_a_time_and_of_others_at_once") {
    FakePort port;
    EngineRig rig(port);
    rig.begin();
    rig.operation(1, "again", "a");
    rig.operation(2, "again", "a");
    rig.operation(3, "again", "b");
    REQUIRE(port.calls.size() == 2);
    CHECK(port.calls[0].id.n == 1);
    CHECK(port.calls[1].id.n == 3);
    // The third is answered whole; the second begins when the first has settled, not before.
    rig.found();
    rig.acted(Outcome::done(Value().set("changed", true)));
    CHECK(port.count("result") == 1);
    CHECK(port.calls.back().id.n == 3);
}

TEST_CASE("nothing_is_sent_once_the_lease_may_be_lost") {
    FakePort port;
    EngineRig rig(port);
    rig.begin();
    port.acts = false;
    rig.operation(1, "again", "a");
    rig.found();
    CHECK(port.calls.size() == 1);
    CHECK(port.count("not_done") == 1);
    CHECK(port.last("not_done")["evidence"].text() == "not sent");
}

TEST_CASE("a_scope_that_stops_does_not_call_a_change_failed_that_may_have_happened") {
    FakePort port;
    EngineRig rig(port);
    rig.begin();
    rig.event("/", 1, "open", "Step", step_data());
    rig.operation(2, "again", "a", "/#1");
    rig.found();
    rig.acted(Outcome::unknown(lost()));  // Waits to be sent again.
    rig.event("/", 3, "settle", "Step", Value().set("scope", "/#1").set("why", "timeout"), "/#1");
    CHECK(port.last("result")["outcome"].text() == "unknown");
    CHECK(port.count("settled") == 1);
}

TEST_CASE("a_keyed_change_is_sent_until_it_is_answered_though_its_scope_stops") {
    FakePort port;
    EngineRig rig(port);
    rig.begin();
    rig.event("/", 1, "open", "Step", step_data());
    rig.operation(2, "keyed", "a", "/#1");
    rig.found();
    rig.acted(Outcome::unknown(lost()));
    rig.event("/", 3, "settle", "Step", Value().set("scope", "/#1").set("why", "timeout"), "/#1");
    CHECK(port.count("settled") == 0);
    rig.fire("R:/#2");
    CHECK(port.calls.back().phase == Phase::act);
    rig.acted(Outcome::done(Value().set("changed", true)));
    CHECK(port.last("result")["outcome"].text() == "done");
    CHECK(port.count("settled") == 1);
}

TEST_CASE("an_answer_that_comes_while_a_worker_is_replaced_is_delivered_once_and_replays") {
    FakePort port;
    EngineRig rig(port);
    rig.begin();
    rig.operation(1, "read", "");
    rig.engine().on_worker_death("It died.");
    const auto streamed = port.records;  // What the journal held when its successor was made.
    rig.observed(Value("answer"));
    CHECK(port.deliveries("/", 1) == 0);
    rig.replay(streamed);
    CHECK(port.deliveries("/", 1) == 1);
    rig.operation(1, "read", "");
    rig.quiet();
    CHECK(port.rests.empty());
    CHECK(port.count("read") == 1);
}

TEST_CASE("an_answer_that_comes_after_its_replay_has_asked_is_no_divergence") {
    FakePort port;
    EngineRig rig(port);
    rig.begin();
    rig.operation(1, "read", "");
    rig.engine().on_worker_death("It died.");
    rig.replay(port.records);
    rig.operation(1, "read", "");
    rig.observed(Value("answer"));
    rig.quiet();
    CHECK(port.rests.empty());
    CHECK(port.deliveries("/", 1) == 1);
}

TEST_CASE("a_worker_that_dies_three_times_without_a_new_record_parks_the_run") {
    FakePort port;
    EngineRig rig(port);
    rig.begin();
    for (int death = 1; death <= 3; ++death) {
        CHECK(port.rests.empty());
        rig.engine().on_worker_death("It died.");
        if (death < 3) rig.replay(port.records);
    }
    REQUIRE(port.rests.size() == 1);
    CHECK(port.rests[0].first == Rest::crashed);
    CHECK(port.rests[0].second.find("died three times") != std::string::npos);
    CHECK(port.count("fault") == 3);
}

TEST_CASE("a_run_that_floods_its_journal_is_parked_by_name") {
    FakePort port;
    port.records_before = 999990;
    EngineRig rig(port);
    rig.begin();
    for (int n = 1; n < 20; ++n) rig.event("/", n, "keep", "mark");
    REQUIRE(port.rests.size() == 1);
    CHECK(port.rests[0].first == Rest::crashed);
    CHECK(port.rests[0].second.find("A run may have 1,000,000 records") == 0);
    CHECK(port.records.size() <= 10);
}

TEST_CASE("of_two_running_steps_of_one_name_none_is_skipped_unless_its_path_is_said") {
    FakePort port;
    EngineRig rig(port);
    rig.begin();
    rig.event("/", 1, "open", "Left", step_data());
    rig.event("/a", 1, "open", "Wait", step_data(), "/#1");
    rig.event("/b", 1, "open", "Wait", step_data());
    Command command;
    command.kind = "skip";
    command.id = "one";
    command.body.set("step", "Wait").set("reason", "It is not needed.");
    CHECK(rig.engine().on_command(command).find("Several of that name run: ") == 0);
    CHECK(port.count("stop") == 0);
}

TEST_CASE("one_of_two_approvals_is_kept_and_not_delivered") {
    FakePort port;
    EngineRig rig(port);
    rig.begin();
    rig.event("/", 1, "question", "Go?", Value().set("what", "approve").set("count", 2));
    Command command;
    command.kind = "approve";
    command.id = "one";
    command.who = "ada";
    CHECK(rig.engine().on_command(command) == "");
    CHECK(port.count("answer") == 1);
    CHECK(port.deliveries("/", 1) == 0);
    command.id = "two";
    command.who = "grace";
    CHECK(rig.engine().on_command(command) == "");
    CHECK(port.deliveries("/", 1) == 1);
}

TEST_CASE("what_was_read_in_a_scope_that_has_stopped_needs_no_record_to_replay") {
    FakePort port;
    {
        EngineRig rig(port);
        rig.begin();
        rig.event("/", 1, "open", "Step", step_data());
        rig.operation(2, "read", "", "/#1");
        rig.event("/", 3, "settle", "Step", Value().set("scope", "/#1").set("why", "timeout"),
                  "/#1");
        rig.observed(Value("too late"));
        CHECK(port.count("read") == 0);
        CHECK(port.count("settled") == 1);
    }
    EngineRig again(port);
    again.load();
    again.event("/", 1, "open", "Step", step_data());
    again.operation(2, "read", "", "/#1");
    again.event("/", 3, "settle", "Step", Value().set("scope", "/#1").set("why", "timeout"), "/#1");
    again.quiet();
    for (const auto& [rest, reason] : port.rests) CHECK_MESSAGE(rest != Rest::diverged, reason);
}
