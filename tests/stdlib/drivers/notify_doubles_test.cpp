// The notify drivers for PagerDuty, Slack, X and Novu against doubles of their APIs.
#include <doctest/doctest.h>

#include "tests/stdlib/drivers/notify_double.h"

namespace perilune::test {

namespace {

NotifyDouble pagerduty(bool with_api = true) {
    Value settings = fields("routing_key", make_secret("KEY"));
    const auto made = std::make_shared<Double>("pagerduty");
    settings.set("url", made->url()).set("api_url", made->url());
    if (with_api) settings.set("api_token", make_secret("KEY"));
    return {made, "pagerduty", "notify/oncall", settings};
}

NotifyDouble slack() {
    const auto made = std::make_shared<Double>("slack");
    NotifyDouble subject(made, "slack", "notify/team", fields("url", make_secret("HOOK")),
                         {{"HOOK", made->url() + "/services/T0/B0/" + Double::token}});
    return subject;
}

NotifyDouble x() {
    return NotifyDouble("x", "x", "notify/public", fields("token", make_secret("KEY")));
}

NotifyDouble novu() {
    return NotifyDouble(
        "novu", "novu", "notify/patients",
        fields("workflow", "incident", "to", List{"one", "two"}, "token", make_secret("KEY")));
}

const Value outage =
    fields("key", "outage", "summary", "The region is gone", "severity", "critical", "components",
           List{"web"}, "links", List{"https://wiki.example/outage"});

}  // namespace

TEST_CASE("pagerduty_conforms_to_the_notify_family_with_its_rest_api") {
    if (!has_doubles()) return;
    check_notify_conformance([] {
        NotifySubject subject = pagerduty().subject();
        subject.tells_who = false;
        return subject;
    });
}

TEST_CASE("pagerduty_says_what_it_needs_to_tell_of_incidents") {
    if (!has_doubles()) return;
    const NotifyDouble subject = pagerduty(false);
    REQUIRE(subject.rig->change("open", outage).outcome.value["delivered"].boolean());
    const auto status = subject.rig->observe("status", fields("key", "outage"));
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().code == "not_supported");
    CHECK(status.error().message.find("api_token") != std::string::npos);
    CHECK(subject.rig->change("resolve", fields("key", "outage", "text", "Over"))
              .outcome.value["changed"]
              .boolean());
}

TEST_CASE("pagerduty_opens_one_incident_though_answers_are_lost_and_throttled") {
    if (!has_doubles()) return;
    const NotifyDouble subject = pagerduty();
    subject.double_->fault({.path = "/v2/enqueue"});
    subject.double_->fault(throttled("POST", "/v2/enqueue"));
    const Changed opened = subject.rig->change("open", outage);
    CHECK(opened.outcome.value["delivered"].boolean());
    CHECK(opened.outcome.value["changed"].boolean());
    CHECK(subject.double_->count("POST", "/v2/enqueue") == 3);
    CHECK(subject.double_->state()["incidents"].list().size() == 1);
    check_lost_message(subject, "POST");
    subject.double_->fault(throttled("POST", "/v2/change"));
    CHECK(
        subject.rig->change("send", fields("text", "hello")).outcome.value["delivered"].boolean());
}

TEST_CASE("pagerduty_lists_open_incidents_of_every_page") {
    if (!has_doubles()) return;
    const NotifyDouble subject = pagerduty();
    for (const auto* key : {"a", "b", "c"}) {
        Value arguments = outage;
        REQUIRE(subject.rig->change("open", arguments.set("key", key)).done());
    }
    subject.double_->set_state(Value().set("page_size_max", 100));
    CHECK(subject.rig->observe("list_open", fields())->list().size() == 3);
    CHECK(subject.rig->observe("list_open", fields("prefix", "b"))->list().size() == 1);
}

TEST_CASE("pagerduty_names_refused_credentials") {
    if (!has_doubles()) return;
    check_refused_credentials(pagerduty(false));
}

TEST_CASE("slack_conforms_to_the_notify_family_with_bodies_that_its_types_allow") {
    if (!has_doubles()) return;
    check_notify_conformance([] { return slack().subject(); });
}

TEST_CASE("slack_sends_again_what_was_throttled_and_never_what_may_have_been_sent") {
    if (!has_doubles()) return;
    const NotifyDouble subject = slack();
    subject.double_->fault(throttled("POST"));
    CHECK(
        subject.rig->change("send", fields("text", "hello")).outcome.value["delivered"].boolean());
    CHECK(subject.double_->changes() == 1);
    check_lost_message(subject, "POST");
    subject.double_->set_state(Value().set("archived", true));
    const Changed gone = subject.rig->change("send", fields("text", "hello"));
    CHECK_FALSE(gone.outcome.value["delivered"].boolean());
    const std::string said = gone.outcome.value["error"]["message"].text();
    CHECK(said.find("channel_is_archived") != std::string::npos);
    CHECK(said.find(Double::token) == std::string::npos);
}

TEST_CASE("slack_s_messages_have_the_colour_of_their_severity") {
    if (!has_doubles()) return;
    const NotifyDouble subject = slack();
    const auto shown = [&subject](const std::string& operation, const Value& arguments) {
        REQUIRE(subject.rig->change(operation, arguments).done());
        const Value told = subject.double_->state()["messages"].list().back();
        const Value bar = told["attachments"].list().front();
        return told["text"].text().substr(0, 6) + " " + bar["color"].text() + " " +
               bar["text"].text();
    };
    CHECK(shown("open", outage) == ":red_c #ff0000 critical");
    CHECK(shown("send", fields("text", "late", "severity", "warning")) == ":large #ff9900 warning");
    CHECK(shown("send", fields("text", "wrong", "severity", "error")) == ":large #ff6600 error");
    CHECK(shown("send", fields("text", "done")) == ":large #36a64f info");
    CHECK(shown("update", fields("key", "outage", "text", "Found", "state", "identified")) ==
          ":large #ff9900 identified");
    CHECK(shown("resolve", fields("key", "outage", "text", "Over")) == ":white #36a64f resolved");
}

TEST_CASE("x_conforms_to_the_notify_family") {
    if (!has_doubles()) return;
    check_notify_conformance([] { return x().subject(); });
}

TEST_CASE("x_posts_a_text_once_though_the_answer_is_lost") {
    if (!has_doubles()) return;
    const NotifyDouble subject = x();
    subject.double_->fault({.method = "POST"});
    const Changed opened = subject.rig->change("open", outage);
    CHECK(opened.outcome.value["delivered"].boolean());
    CHECK(opened.outcome.value["changed"].boolean());
    CHECK(subject.double_->changes() == 1);
    const Changed same = subject.rig->change("open", outage);
    CHECK(same.outcome.value["delivered"].boolean());
    CHECK_FALSE(same.outcome.value["changed"].boolean());
    subject.double_->fault(throttled("POST"));
    CHECK(subject.rig->change("send", fields("text", "hi")).outcome.value["delivered"].boolean());
}

TEST_CASE("x_cuts_what_is_too_long_as_x_counts_it") {
    if (!has_doubles()) return;
    const NotifyDouble subject = x();
    std::string wide;
    for (int i = 0; i < 200; ++i) wide += "語";
    for (const auto& text : {std::string(400, 'a'), wide}) {
        const Changed sent = subject.rig->change(
            "send", fields("text", text, "links", List{"https://status.example/incidents/1"}));
        REQUIRE(sent.outcome.value["delivered"].boolean());
        const std::string posted = subject.double_->state()["posts"].list().back()["text"].text();
        CHECK(is_utf8(posted));
        CHECK(posted.ends_with("…\nhttps://status.example/incidents/1"));
    }
    const std::string last = subject.double_->state()["posts"].list().back()["text"].text();
    CHECK(last.find(std::string(wide, 0, 127 * 3)) == 0);
    CHECK(last.find(std::string(wide, 0, 128 * 3)) == std::string::npos);
}

TEST_CASE("x_names_refused_credentials") {
    if (!has_doubles()) return;
    check_refused_credentials(x());
}

TEST_CASE("novu_conforms_to_the_notify_family") {
    if (!has_doubles()) return;
    check_notify_conformance([] { return novu().subject(); });
}

TEST_CASE("novu_triggers_once_under_one_transaction") {
    if (!has_doubles()) return;
    const NotifyDouble subject = novu();
    subject.double_->fault({.method = "POST"});
    const Changed sent = subject.rig->change("send", fields("text", "hello"));
    CHECK(sent.outcome.value["delivered"].boolean());
    CHECK(subject.double_->count("POST") == 2);
    CHECK(subject.double_->changes() == 1);
    subject.double_->fault(throttled("POST"));
    CHECK(subject.rig->change("open", outage).outcome.value["delivered"].boolean());
    const Value payload = subject.double_->requests("POST").back()["body"]["payload"];
    CHECK(payload["severity"].text() == "critical");
    CHECK(payload["components"].list().size() == 1);
}

TEST_CASE("novu_tells_a_trigger_that_reaches_nobody_apart_from_one_that_does") {
    if (!has_doubles()) return;
    const NotifyDouble subject = novu();
    subject.double_->set_state(Value().set("inactive", List{"incident"}));
    const Changed sent = subject.rig->change("send", fields("text", "hello"));
    CHECK_FALSE(sent.outcome.value["delivered"].boolean());
    CHECK(sent.outcome.value["error"]["message"].text().find("not active") != std::string::npos);
}

TEST_CASE("novu_names_refused_credentials") {
    if (!has_doubles()) return;
    check_refused_credentials(novu());
}

}  // namespace perilune::test
