// Changes whose outcome is not known: tried again, looked for, and when "not there" counts.
#include <doctest/doctest.h>

#include "tests/interpreter/run/engine_rig.h"

using namespace perilune;
using namespace perilune::test;

namespace {

Error lost() { return fail("lost", "The answer was lost.", Retry::unknown); }

}  // namespace

TEST_CASE("a_lost_answer_of_a_repeatable_change_is_tried_again_and_then_unknown") {
    FakePort port;
    EngineRig rig(port);
    rig.begin();
    rig.operation(1, "again", "a");
    rig.found();
    int tries = 0;
    while (port.count("result") == 0 && tries < 50) {
        rig.acted(Outcome::unknown(lost()));
        if (port.count("result") > 0) break;
        rig.fire("R:/#1");
        ++tries;
    }
    CHECK(tries > 3);
    CHECK(port.count("try") == tries);
    CHECK(port.last("result")["outcome"].text() == "unknown");
    CHECK(port.last("result")["error"]["retry"].text() == "unknown");
}

TEST_CASE("a_repetition_that_is_refused_says_nothing_of_a_try_that_was_never_answered") {
    for (const bool answered : {false, true}) {
        FakePort port;
        EngineRig rig(port);
        rig.begin();
        rig.operation(1, "again", "a");
        rig.found();
        if (!answered) {
            rig.acted(Outcome::unknown(lost()));
            rig.fire("R:/#1");
        }
        rig.acted(Outcome::failed(fail("refused", "No.")));
        CHECK(port.last("result")["outcome"].text() == (answered ? "failed" : "unknown"));
        CHECK(port.last("result")["error"]["code"].text() == "refused");
    }
}

TEST_CASE("what_was_not_found_counts_once_it_can_land_no_more_or_when_its_driver_knows_that") {
    for (const bool settled : {false, true}) {
        FakePort port;
        EngineRig rig(port);
        rig.begin();
        rig.operation(1, "sought", "a");
        rig.found();
        rig.acted(Outcome::unknown(lost()));
        REQUIRE(port.calls.back().phase == Phase::look);
        Sighting sighting;
        sighting.kind = Sighting::Kind::did_not;
        sighting.settled = settled;
        rig.saw(sighting);
        CHECK(port.count("not_done") == (settled ? 1 : 0));
        if (settled) continue;
        port.wall += 31;  // Longer than it settles within.
        rig.fire("R:/#1");
        rig.saw(sighting);
        CHECK(port.count("not_done") == 1);
    }
}

TEST_CASE("what_a_dead_host_never_sent_is_looked_for_and_then_done") {
    FakePort port;
    EngineRig first(port);
    first.begin();
    first.operation(1, "sought", "a");
    first.found();
    REQUIRE(port.count("intent") == 1);
    EngineRig rig(port);
    rig.load();
    rig.operation(1, "sought", "a");
    rig.quiet();
    Sighting sighting;
    sighting.kind = Sighting::Kind::did_not;
    int looks = 0;
    for (; port.count("not_done") == 0 && looks < 50; ++looks) {
        REQUIRE(port.calls.back().phase == Phase::look);
        rig.saw(sighting);
        if (port.count("not_done") == 0) rig.fire("R:/#1");
    }
    CHECK(looks > 3);
    CHECK(port.count("result") == 0);
    rig.fire("R:/#1");
    CHECK(port.count("try") == 1);
    CHECK(port.calls.back().phase == Phase::act);
    rig.acted(Outcome::done(Value().set("changed", true)));
    CHECK(port.last("result")["outcome"].text() == "done");
}

TEST_CASE("what_is_not_found_counts_from_the_claim_where_the_host_before_may_have_sent_it_late") {
    for (const bool died : {false, true}) {
        FakePort port;
        EngineRig first(port);
        first.begin();
        first.operation(1, "sought", "a");
        first.found();
        port.wall += 20;
        port.boot += 20;
        Value claim;
        claim.set("kind", "claim");
        if (died) claim.set("from", "another host");
        port.append(claim);
        EngineRig rig(port);
        rig.load();
        rig.operation(1, "sought", "a");
        rig.quiet();
        Sighting sighting;
        sighting.kind = Sighting::Kind::did_not;
        rig.saw(sighting);
        while (port.wall < 1000031 && port.count("not_done") == 0) {
            rig.fire("R:/#1");
            rig.saw(sighting);
        }
        CHECK(port.count("not_done") == (died ? 0 : 1));
    }
}
