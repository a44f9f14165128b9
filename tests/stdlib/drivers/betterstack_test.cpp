// The notify driver for Better Stack against a double of its API.
#include <doctest/doctest.h>

#include "tests/stdlib/drivers/notify_double.h"

namespace perilune::test {

namespace {

NotifyDouble betterstack(const std::string& policy = "") {
    Value settings = fields("token", make_secret("KEY"), "requester", "runbooks@example.com");
    if (!policy.empty()) settings.set("policy", policy);
    return NotifyDouble("betterstack", "betterstack", "notify/oncall", settings);
}

Value opening(const std::string& severity) {
    return fields("key", "outage", "summary", "The region is gone", "severity", severity);
}

Value attributes(const NotifyDouble& subject) {
    return subject.double_->state()["incidents"].list().at(0)["attributes"];
}

}  // namespace

TEST_CASE("betterstack_conforms_to_the_notify_family") {
    if (!has_doubles()) return;
    // A message is an incident that is over at once, and an end has a comment: two changes each.
    check_notify_conformance([] {
        const NotifyDouble made = betterstack();
        NotifySubject subject = made.subject();
        const auto double_ = made.double_;
        subject.count = [double_] {
            return double_->count("POST", "/v3/incidents$") + double_->count("POST", "comments$");
        };
        return subject;
    });
}

TEST_CASE("betterstack_calls_by_severity_or_by_the_policy") {
    if (!has_doubles()) return;
    const NotifyDouble plain = betterstack();
    REQUIRE(plain.rig->change("open", opening("critical")).done());
    CHECK(attributes(plain)["call"].boolean());
    const NotifyDouble ruled = betterstack("p-1");
    REQUIRE(ruled.rig->change("open", opening("critical")).done());
    const Value body = ruled.double_->requests("POST").back()["body"];
    CHECK(body["policy_id"].text() == "p-1");
    CHECK_FALSE(body.has("call"));
    CHECK(body["requester_email"].text() == "runbooks@example.com");
}

TEST_CASE("betterstack_opens_and_ends_an_incident_once_though_answers_are_lost") {
    if (!has_doubles()) return;
    const NotifyDouble subject = betterstack();
    subject.double_->fault({.method = "POST", .path = "/v3/incidents$"});
    const Changed opened = subject.rig->change("open", opening("critical"));
    CHECK(opened.outcome.value["delivered"].boolean());
    CHECK(opened.outcome.value["changed"].boolean());
    CHECK(subject.double_->state()["incidents"].list().size() == 1);

    subject.double_->fault({.method = "POST", .path = "/resolve$"});
    subject.double_->fault({.method = "POST", .path = "/comments$"});
    const Changed ended = subject.rig->change("resolve", fields("key", "outage", "text", "Over"));
    CHECK(ended.outcome.value["delivered"].boolean());
    CHECK(ended.outcome.value["changed"].boolean());
    CHECK(attributes(subject)["status"].text() == "Resolved");
    const Value comments = subject.double_->state()["comments"];
    REQUIRE(comments.map().size() == 1);
    CHECK(comments.map().begin()->second.list().size() == 1);
}

TEST_CASE("betterstack_leaves_what_may_have_been_sent_and_sends_what_was_throttled") {
    if (!has_doubles()) return;
    const NotifyDouble subject = betterstack();
    check_lost_message(subject, "POST");
    subject.double_->fault(throttled("POST"));
    REQUIRE(subject.rig->change("open", opening("error")).outcome.value["delivered"].boolean());
    subject.double_->fault({.method = "POST", .path = "/comments$"});
    const Changed lost = subject.rig->change("update", fields("key", "outage", "text", "Half"));
    CHECK_FALSE(lost.outcome.value["delivered"].boolean());
    CHECK(lost.outcome.value["changed"].boolean());
    CHECK(subject.double_->state()["comments"].map().begin()->second.list().size() == 1);
}

TEST_CASE("betterstack_finds_an_incident_on_a_later_page") {
    if (!has_doubles()) return;
    const NotifyDouble subject = betterstack();
    REQUIRE(subject.rig->change("open", opening("critical")).done());
    Value others = subject.double_->state()["incidents"].list()[0];
    const Value ours = others;
    Value changed = others["attributes"];
    others.set("attributes", changed.set("name", "another"));
    List many(120, others);
    many.push_back(ours);
    subject.double_->set_state(Value().set("incidents", many));
    CHECK((*subject.rig->observe("status", fields("key", "outage")))["state"].text() == "open");
    CHECK(subject.rig->observe("list_open", fields("prefix", "out"))->list().size() == 1);
}

TEST_CASE("betterstack_names_refused_credentials") {
    if (!has_doubles()) return;
    check_refused_credentials(betterstack());
    const NotifyDouble subject = betterstack();
    subject.double_->fault({.kind = Fault::Kind::answer, .status = 403});
    const auto read = subject.rig->observe("list_open", fields());
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().code == "credentials_refused");
}

}  // namespace perilune::test
