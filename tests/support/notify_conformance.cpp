// The conformance suite of the notify family.
#include "tests/support/notify_conformance.h"

#include <doctest/doctest.h>

namespace perilune::test {

namespace {

using Make = std::function<NotifySubject()>;

Value opening(const std::string& key) {
    return fields("key", key, "summary", "The region is gone", "severity", "critical");
}

void check_delivery(const Make& make) {
    const NotifySubject subject = make();
    DriverRig& rig = *subject.rig;
    if (rig.has("send")) {
        const Changed sent = rig.change("send", fields("text", "hello", "title", "A title",
                                                       "fields", fields("region", "west")));
        REQUIRE(sent.kind() == "done");
        CHECK(sent.outcome.value["delivered"].boolean());
        CHECK(sent.outcome.value["changed"].boolean());
        CHECK_FALSE(sent.outcome.value.has("error"));
        CHECK(subject.count() == 1);
    }
    const Changed opened = rig.change("open", opening("outage"));
    REQUIRE(opened.kind() == "done");
    CHECK(opened.outcome.value["key"].text() == "outage");
    CHECK(opened.outcome.value["delivered"].boolean());
    CHECK(opened.before.plan.find("outage") != std::string::npos);
    const Changed updated = rig.change(
        "update", fields("key", "outage", "text", "Failing over", "state", "identified"));
    CHECK(updated.outcome.value["delivered"].boolean());
    CHECK(rig.change("resolve", fields("key", "outage", "text", "Served again"))
              .outcome.value["delivered"]
              .boolean());
    CHECK(subject.count() == (rig.has("send") ? 4 : 3));
}

void check_refusals(const Make& make) {
    const NotifySubject subject = make();
    DriverRig& rig = *subject.rig;
    CHECK(rig.change("open", opening("")).kind() == "refused bad_argument");
    CHECK(rig.change("open", opening("two\nlines")).kind() == "refused bad_argument");
    CHECK(rig.change("open", opening(std::string(201, 'k'))).kind() == "refused bad_argument");
    CHECK(rig.change("open", fields("key", "a", "summary", "b", "severity", "P1")).kind() ==
          "refused bad_argument");
    Value loud = opening("a");
    CHECK(rig.change("open", loud.set("on_undelivered", "raise")).kind() == "refused bad_argument");
    CHECK(subject.count() == 0);
}

void check_failures(const Make& make) {
    const NotifySubject subject = make();
    DriverRig& rig = *subject.rig;
    subject.break_channel();
    const std::vector<std::pair<std::string, Value>> calls = {
        {"send", fields("text", "hello")},
        {"open", opening("outage")},
        {"update", fields("key", "outage", "text", "still down")}};
    for (const auto& [operation, arguments] : calls) {
        CAPTURE(operation);
        if (!rig.has(operation)) continue;
        const Changed quiet = rig.change(operation, arguments);
        REQUIRE(quiet.kind() == "done");
        CHECK_FALSE(quiet.outcome.value["delivered"].boolean());
        CHECK_FALSE(quiet.outcome.value["error"]["code"].text().empty());
        CHECK_FALSE(quiet.outcome.value["error"]["message"].text().empty());
        Value loud = arguments;
        loud.set("on_undelivered", "fail");
        const Changed raised = rig.change(operation, loud);
        CHECK_FALSE(raised.done());
        CHECK_FALSE(raised.refused);
    }
}

void check_incidents(const Make& make) {
    const NotifySubject subject = make();
    DriverRig& rig = *subject.rig;
    CHECK(rig.observe("status", fields("key", "outage"))->is_nil());
    CHECK(rig.observe("list_open", fields())->list().empty());
    const Changed opened = rig.change("open", opening("outage"));
    CHECK(opened.outcome.value["changed"].boolean());
    const Changed again = rig.change("open", opening("outage"));
    CHECK(again.done());
    CHECK_FALSE(again.outcome.value["changed"].boolean());
    CHECK(again.outcome.value["id"] == opened.outcome.value["id"]);
    CHECK(rig.observe("list_open", fields())->list().size() == 1);
    auto found = rig.observe("status", fields("key", "outage"));
    CHECK((*found)["state"].text() == "open");
    CHECK((*found)["opened_at"].number() <= wall_now_s());
    CHECK((*found)["opened_at"].number() > wall_now_s() - 60);
    REQUIRE(rig.change("open", opening("other")).done());
    CHECK(rig.observe("list_open", fields("prefix", "out"))->list().size() == 1);
    CHECK(rig.observe("list_open", fields())->list().size() == 2);
    REQUIRE(rig.change("resolve", fields("key", "outage", "text", "over")).done());
    found = rig.observe("status", fields("key", "outage"));
    CHECK((*found)["state"].text() == "resolved");
    CHECK(rig.observe("list_open", fields())->list().size() == 1);
    const Changed twice = rig.change("resolve", fields("key", "outage", "text", "over"));
    CHECK(twice.done());
    CHECK_FALSE(twice.outcome.value["changed"].boolean());
}

void check_acknowledgement(const Make& make) {
    const NotifySubject subject = make();
    DriverRig& rig = *subject.rig;
    REQUIRE(rig.change("open", opening("outage")).done());
    const auto nobody = rig.observe("wait_acknowledged", fields("key", "outage", "within", "50ms"));
    REQUIRE(nobody.ok());
    CHECK(nobody->is_nil());
    const Changed missing = rig.change("acknowledge", fields("key", "unknown"));
    CHECK(missing.done());
    CHECK_FALSE(missing.outcome.value["delivered"].boolean());
    REQUIRE(rig.change("acknowledge", fields("key", "outage", "by", "sam")).done());
    const auto taken = rig.observe("wait_acknowledged", fields("key", "outage", "within", "10s"));
    REQUIRE(taken.ok());
    CHECK((*taken)["state"].text() == "acknowledged");
    if (subject.tells_who) CHECK((*taken)["acknowledged_by"].text() == "sam");
    CHECK((*taken)["acknowledged_at"].is_number());
}

void check_components(const Make& make) {
    const NotifySubject subject = make();
    DriverRig& rig = *subject.rig;
    const Value wish = fields("component", "checkout", "state", "major_outage");
    const Changed made = rig.change("set_component", wish);
    REQUIRE(made.done());
    CHECK(made.outcome.value["before"].text() == "operational");
    CHECK(made.outcome.value["after"].text() == "major_outage");
    CHECK(made.outcome.value["changed"].boolean());
    const Changed again = rig.change("set_component", wish);
    CHECK_FALSE(again.acted);
    CHECK_FALSE(again.outcome.value["changed"].boolean());
    CHECK(again.before.state == made.outcome.after);
    const Changed undone = rig.undo("set_component", wish, made);
    REQUIRE(undone.done());
    CHECK(undone.outcome.value["after"].text() == "operational");
}

}  // namespace

void check_notify_conformance(const std::function<NotifySubject()>& make) {
    check_delivery(make);
    check_refusals(make);
    check_failures(make);
    const NotifySubject subject = make();
    if (subject.rig->has("status")) check_incidents(make);
    if (subject.rig->has("wait_acknowledged")) check_acknowledgement(make);
    if (subject.rig->has("set_component")) check_components(make);
}

}  // namespace perilune::test
