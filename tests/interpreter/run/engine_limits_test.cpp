// What a worker may ask that is not answered yet, and what begins while it reads no answers.
#include <doctest/doctest.h>

#include "tests/interpreter/run/engine_rig.h"

using namespace perilune;
using namespace perilune::test;

namespace {

constexpr int events_max = 20000;
constexpr std::size_t bytes_max = std::size_t{64} << 20;
constexpr std::size_t unread_max = std::size_t{16} << 20;

// Timers that never fire, each on a strand of its own; the rig's own one is open besides.
void ask(EngineRig& rig, int first, int last) {
    for (int i = first; i <= last; ++i)
        rig.event("/1." + std::to_string(i), 1, "timer", "never", timer_data(1e9));
}

Value large(std::size_t bytes) {
    return Value().set("what", "ask").set("detail", std::string(bytes, 'x'));
}

}  // namespace

TEST_CASE("twenty_thousand_events_may_be_unanswered_and_not_one_more") {
    FakePort port;
    EngineRig rig(port);
    rig.begin();
    ask(rig, 2, events_max);
    CHECK(port.rests.empty());
    CHECK(port.count("timer") == events_max);
    ask(rig, events_max + 1, events_max + 1);
    REQUIRE(port.rests.size() == 1);
    CHECK(port.rests[0].first == Rest::crashed);
    CHECK(port.rests[0].second.find("20,000 things at once") != std::string::npos);
    CHECK(port.count("timer") == events_max);
}

TEST_CASE("what_is_answered_or_stopped_counts_no_more") {
    FakePort port;
    EngineRig rig(port);
    rig.begin();
    rig.event("/", 1, "open", "Step", Value().set("what", "step").set("attempt", 1));
    for (int i = 2; i <= events_max; ++i)
        rig.event("/1." + std::to_string(i), 1, "timer", "never", timer_data(1e9), "/#1");
    rig.fire("T:/1.2#1");
    rig.fire("T:/1.3#1");
    ask(rig, events_max + 1, events_max + 1);
    CHECK(port.rests.empty());
    rig.event("/", 2, "settle", "Step", Value().set("scope", "/#1").set("why", "timeout"), "/#1");
    // All within the step are gone; the rig's own timer and the one above are left.
    ask(rig, events_max + 2, 2 * events_max - 1);
    CHECK(port.rests.empty());
    ask(rig, 2 * events_max, 2 * events_max);
    CHECK(port.rests.size() == 1);
}

TEST_CASE("what_was_unanswered_when_the_host_died_counts_for_the_next") {
    FakePort port;
    {
        EngineRig rig(port);
        rig.begin();
        ask(rig, 2, events_max);
    }
    EngineRig again(port);
    again.load();
    ask(again, 2, events_max);
    CHECK(port.rests.empty());
    ask(again, events_max + 1, events_max + 1);
    CHECK(port.rests.size() == 1);
}

TEST_CASE("unanswered_events_may_have_64_mebibytes_together_and_not_a_byte_more") {
    FakePort port;
    EngineRig rig(port);
    rig.begin();
    const std::size_t mebibyte = std::size_t{1} << 20;
    for (int i = 1; i < 64; ++i)
        rig.event("/1." + std::to_string(i), 1, "question", "Large?", large(mebibyte));
    CHECK(port.count("question") == 63);
    // What the names, the numbers and the rig's own timer take is less than a KiB for each.
    rig.event("/1.64", 1, "question", "Large?", large(mebibyte - 64 * 1024));
    CHECK(port.rests.empty());
    rig.event("/1.65", 1, "question", "Large?", large(64 * 1024));
    REQUIRE(port.rests.size() == 1);
    CHECK(port.rests[0].second.find("larger than 64 MiB") != std::string::npos);
    CHECK(port.count("question") == 64);
    CHECK(64 * mebibyte == bytes_max);
}

TEST_CASE("no_operation_begins_while_16_mebibytes_of_answers_are_unread") {
    FakePort port;
    EngineRig rig(port);
    rig.begin();
    port.unread = unread_max - 1;
    rig.operation(1, "read", "");
    CHECK(port.calls.size() == 1);
    port.unread = unread_max;
    rig.operation(2, "read", "");
    rig.operation(3, "again", "a");
    rig.quiet();
    CHECK(port.calls.size() == 1);
    port.unread = 0;
    rig.quiet();
    REQUIRE(port.calls.size() == 3);
    CHECK(port.calls[1].id.n == 2);
    CHECK(port.calls[2].phase == Phase::before);
}

TEST_CASE("what_waits_for_its_reader_begins_once_though_its_worker_is_replaced") {
    FakePort port;
    EngineRig rig(port);
    rig.begin();
    port.unread = unread_max;
    rig.operation(1, "read", "");
    rig.engine().on_worker_death("It died.");
    port.unread = 0;
    rig.replay(port.records);
    rig.operation(1, "read", "");
    rig.quiet();
    CHECK(port.calls.size() == 1);
}
