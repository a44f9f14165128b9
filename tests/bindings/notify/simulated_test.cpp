// The simulated channel: the family's conformance, and what is its own: people, pages, outages.
#include <doctest/doctest.h>

#include "bindings/notify/notify.h"
#include "tests/support/notify_conformance.h"
#include "tests/support/simulated_rig.h"

namespace perilune::test {

namespace {

struct SimulatedChannelRig {
    Value opening(const std::string& key = "outage") const {
        return fields("key", key, "summary", "The region is gone", "severity", "critical");
    }
    Value wait(const std::string& within, const std::string& key = "outage") {
        rig.timeout_s = 86400;
        const auto taken = rig.observe("wait_acknowledged", fields("key", key, "within", within));
        REQUIRE(taken.ok());
        return *taken;
    }

    SimulatedStage stage;
    SimulatedRig rig{stage, notify_family, simulated_notify, "notify/oncall"};
};

}  // namespace

TEST_CASE("the_simulated_channel_conforms_to_the_notify_family") {
    SimulatedStage stage;
    int channels = 0;
    check_notify_conformance([&] {
        const std::string target = "notify/oncall-" + std::to_string(++channels);
        const auto rig =
            std::make_shared<SimulatedRig>(stage, notify_family, simulated_notify, target);
        return NotifySubject{.rig = rig,
                             .count = [rig] { return rig->see()["sent"].list().size(); },
                             .break_channel = [rig] { rig->control("fail"); },
                             .channel = nullptr};
    });
}

TEST_CASE("the_simulated_channel_has_every_operation_of_the_family") {
    SimulatedChannelRig channel;
    for (const auto& row : notify_family.operations)
        CHECK_MESSAGE(channel.rig.has(std::string(row.name)), row.name);
}

TEST_CASE("what_was_sent_is_seen_in_order_as_its_readers_have_it") {
    SimulatedChannelRig channel;
    SimulatedRig& rig = channel.rig;
    REQUIRE(rig.change("open", channel.opening()).done());
    channel.stage.pass(60);
    REQUIRE(rig.change("update", fields("key", "outage", "text", "Failing over")).done());
    REQUIRE(rig.change("send", fields("text", "hello", "severity", "warning")).done());
    const List sent = rig.see()["sent"].list();
    REQUIRE(sent.size() == 3);
    CHECK(sent[0]["operation"].text() == "open");
    CHECK(sent[0]["severity"].text() == "critical");
    CHECK(sent[0]["summary"].text() == "The region is gone");
    CHECK(sent[0]["line"].text() == "CRITICAL outage opened: The region is gone");
    CHECK(sent[1]["text"].text() == "Failing over");
    CHECK(sent[1]["at"].number() >= sent[0]["at"].number() + 60);
    CHECK(sent[2]["severity"].text() == "warning");
    CHECK_FALSE(sent[2].has("on_undelivered"));
    CHECK(rig.see()["open"].list().size() == 1);
}

TEST_CASE("one_key_is_one_page_whoever_opens_it_and_how_often") {
    SimulatedChannelRig channel;
    SimulatedRig& rig = channel.rig;
    const Changed first = rig.change("open", channel.opening());
    REQUIRE(rig.change("open", channel.opening()).done());
    CHECK(rig.see()["pages"]["outage"].number() == 1);
    // A monitor has reported it before the runbook does.
    rig.control("open", channel.opening("disk"));
    rig.control("open", channel.opening("disk"));
    const Changed late = rig.change("open", channel.opening("disk"));
    CHECK_FALSE(late.outcome.value["changed"].boolean());
    CHECK_FALSE(late.outcome.value["id"].text().empty());
    CHECK(rig.see()["pages"]["disk"].number() == 1);
    CHECK(rig.see()["sent"].list().size() == 1);
    // What is resolved and comes back is another incident, and another page.
    REQUIRE(rig.change("resolve", fields("key", "outage", "text", "over")).done());
    channel.stage.pass(10);
    const Changed again = rig.change("open", channel.opening());
    CHECK(again.outcome.value["changed"].boolean());
    CHECK_FALSE(again.outcome.value["id"] == first.outcome.value["id"]);
    CHECK(rig.see()["pages"]["outage"].number() == 2);
}

TEST_CASE("an_open_whose_answer_was_lost_pages_once") {
    SimulatedChannelRig channel;
    SimulatedRig& rig = channel.rig;
    rig.fault(SimulatedFault::Kind::after, "open");
    const Changed lost = rig.change("open", channel.opening(), "intent-1");
    CHECK(lost.kind() == "unknown");
    const Sighting seen = rig.look("open", channel.opening(), "intent-1", lost.before.state);
    CHECK(seen.kind == Sighting::Kind::happened);
    CHECK(seen.value["delivered"].boolean());
    CHECK(seen.value["id"].text() == "intent-1");
    CHECK(rig.look("open", channel.opening(), "intent-2").kind == Sighting::Kind::did_not);
    // Again with the same key, as recovery does.
    Call call;
    call.operation = "open";
    call.target = "notify/oncall";
    call.arguments = channel.opening();
    call.key = "intent-1";
    call.deadline_s = boot_now_s() + 20;
    const Outcome again = rig.await(rig.driver().operations.at("open").act(call, {}));
    CHECK(again.kind == Outcome::Kind::done);
    CHECK(again.value["changed"].boolean());
    CHECK(rig.see()["pages"]["outage"].number() == 1);
    CHECK(rig.see()["sent"].list().size() == 1);
}

TEST_CASE("somebody_takes_an_incident_some_time_after_it_was_opened") {
    SimulatedChannelRig channel;
    SimulatedRig& rig = channel.rig;
    rig.control("acknowledges_after", fields("after", "5m", "by", "sam"));
    REQUIRE(rig.change("open", channel.opening()).done());
    const double opened_at = rig.see()["incidents"]["outage"]["opened_at"].number();
    CHECK(channel.wait("4m").is_nil());
    const Value taken = channel.wait("2m");
    CHECK(taken["acknowledged_by"].text() == "sam");
    CHECK(taken["acknowledged_at"].number() == opened_at + 300);
    CHECK(wall_now_s() < opened_at + 302);
    CHECK((*rig.observe("status", fields("key", "outage")))["state"].text() == "acknowledged");
    // It is open until it is resolved, and nobody takes what is over.
    CHECK(rig.observe("list_open", fields())->list().size() == 1);
    REQUIRE(rig.change("open", channel.opening("short")).done());
    rig.control("resolve", fields("key", "short"));
    channel.stage.pass(600);
    CHECK_FALSE(rig.see()["incidents"]["short"].has("acknowledged_by"));
}

TEST_CASE("who_is_faster_takes_it_and_each_only_what_concerns_them") {
    SimulatedChannelRig channel;
    SimulatedRig& rig = channel.rig;
    rig.control("acknowledges_after", fields("after", 600, "by", "sam"));
    rig.control("acknowledges_after", fields("after", 60, "by", "kim", "prefix", "db-"));
    REQUIRE(rig.change("open", channel.opening("db-lag")).done());
    REQUIRE(rig.change("open", channel.opening("web")).done());
    channel.stage.pass(1000);
    const Value incidents = rig.see()["incidents"];
    CHECK(incidents["db-lag"]["acknowledged_by"].text() == "kim");
    CHECK(incidents["web"]["acknowledged_by"].text() == "sam");
}

TEST_CASE("nobody_answers_for_hours_and_then_somebody_does_by_hand") {
    SimulatedChannelRig channel;
    SimulatedRig& rig = channel.rig;
    rig.control("acknowledges_after", fields("after", 60));
    REQUIRE(rig.change("open", channel.opening()).done());
    rig.control("nobody");
    CHECK(channel.wait("4h").is_nil());
    rig.control("acknowledge", fields("key", "outage", "by", "kim"));
    CHECK(channel.wait("1s")["acknowledged_by"].text() == "kim");
    // Who comes later takes nothing away.
    rig.control("acknowledges_after", fields("after", 60, "by", "sam"));
    channel.stage.pass(100);
    CHECK(channel.wait("1s")["acknowledged_by"].text() == "kim");
    CHECK_FALSE(rig.world.find("notify/oncall")->control("acknowledge", fields("key", "x")).ok());
}

TEST_CASE("waiting_for_people_ends_at_the_deadline_and_when_it_is_told_to") {
    SimulatedChannelRig channel;
    SimulatedRig& rig = channel.rig;
    REQUIRE(rig.change("open", channel.opening()).done());
    const double began_s = boot_now_s();
    CHECK(rig.observe("wait_acknowledged", fields("key", "outage", "within", "1h"))->is_nil());
    CHECK(boot_now_s() - began_s <= rig.timeout_s + 1);
    rig.cancel = std::make_shared<Cancel>();
    rig.cancel->ask();
    const auto stopped = rig.observe("wait_acknowledged", fields("key", "outage", "within", "1h"));
    REQUIRE_FALSE(stopped.ok());
    CHECK(stopped.error().code == "cancelled");
}

TEST_CASE("a_message_that_arrives_though_its_answer_is_lost_may_have_been_said") {
    SimulatedChannelRig channel;
    SimulatedRig& rig = channel.rig;
    rig.control("fail", fields("arrives", true));
    const Changed sent = rig.change("send", fields("text", "hello"));
    CHECK(sent.done());
    CHECK_FALSE(sent.outcome.value["delivered"].boolean());
    CHECK(sent.outcome.value["changed"].boolean());
    CHECK(sent.outcome.value["error"]["retry"].text() == "unknown");
    CHECK(rig.change("send", fields("text", "hello", "on_undelivered", "fail")).kind() ==
          "unknown");
    CHECK(rig.see()["sent"].list().size() == 2);
    CHECK_FALSE(rig.observe("list_open", fields()).ok());
    rig.control("recover");
    rig.control("fail", fields("code", "rate_limited"));
    const Changed lost = rig.change("send", fields("text", "hello"));
    CHECK(lost.outcome.value["error"]["code"].text() == "rate_limited");
    CHECK_FALSE(lost.outcome.value["changed"].boolean());
    CHECK(rig.look("send", fields("text", "x"), "k").kind == Sighting::Kind::cannot_tell);
    CHECK(rig.see()["sent"].list().size() == 2);
}

TEST_CASE("maintenance_is_announced_and_called_off") {
    SimulatedChannelRig channel;
    SimulatedRig& rig = channel.rig;
    const Value wish =
        fields("key", "move", "starts_at", 1.9e9, "ends_at", 1.9e9 + 3600, "text", "We move");
    const Changed made = rig.change("schedule_maintenance", wish);
    REQUIRE(made.done());
    CHECK(rig.see()["maintenance"]["move"] == made.outcome.after);
    const Changed undone = rig.undo("schedule_maintenance", wish, made);
    REQUIRE(undone.done());
    CHECK(undone.before.state == made.outcome.after);
    CHECK_FALSE(rig.see()["maintenance"].has("move"));
    CHECK_FALSE(rig.change("end_maintenance", fields("key", "move")).acted);
}

TEST_CASE("a_simulated_channel_outlives_the_hosts_that_use_it") {
    SimulatedChannelRig channel;
    REQUIRE(channel.rig.change("open", channel.opening()).done());
    channel.rig.restart();
    CHECK(channel.rig.observe("list_open", fields())->list().size() == 1);
}

}  // namespace perilune::test
