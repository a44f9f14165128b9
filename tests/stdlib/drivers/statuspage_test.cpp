// The driver for Statuspage against a double that checks every request by the published document.
#include <doctest/doctest.h>

#include "tests/stdlib/drivers/notify_double.h"

namespace perilune::test {

namespace {

NotifyDouble statuspage() {
    return NotifyDouble("statuspage", "statuspage", "notify/status",
                        fields("page", "p1", "token", make_secret("KEY")));
}

Value opening(const std::string& key) {
    return fields("key", key, "summary", "The region is gone", "severity", "critical", "detail",
                  "West does not answer.", "components", List{"checkout", "api"}, "links",
                  List{"https://wiki.example/outage"});
}

}  // namespace

TEST_CASE("statuspage_conforms_to_the_notify_family") {
    if (!has_doubles()) return;
    check_notify_conformance([] { return statuspage().subject(); });
}

TEST_CASE("statuspage_shows_what_an_incident_means_for_components") {
    if (!has_doubles()) return;
    const NotifyDouble page = statuspage();
    REQUIRE(page.rig->change("open", opening("outage")).outcome.value["delivered"].boolean());
    Value incident = page.double_->state()["incidents"].list()[0];
    CHECK(incident["name"].text() == "The region is gone");
    CHECK(incident["impact"].text() == "critical");
    CHECK(incident["incident_updates"].list()[0]["body"].text() ==
          "West does not answer.\nhttps://wiki.example/outage");
    CHECK(page.double_->state()["components"].list()[0]["status"].text() == "major_outage");
    CHECK(page.double_->state()["components"].list()[2]["status"].text() == "operational");
    REQUIRE(page.rig
                ->change("update", fields("key", "outage", "text", "Half of it is back", "state",
                                          "monitoring", "severity", "warning", "components",
                                          List{"checkout"}))
                .outcome.value["delivered"]
                .boolean());
    CHECK(page.double_->state()["components"].list()[0]["status"].text() == "degraded_performance");
    CHECK(page.double_->state()["incidents"].list()[0]["status"].text() == "monitoring");
    REQUIRE(page.rig->change("resolve", fields("key", "outage", "text", "Over")).done());
    incident = page.double_->state()["incidents"].list()[0];
    CHECK(incident["status"].text() == "resolved");
    CHECK(page.double_->state()["components"].list()[0]["status"].text() == "operational");

    const Changed unknown = page.rig->change(
        "open", fields("key", "two", "summary", "s", "severity", "info", "components", List{"x"}));
    CHECK_FALSE(unknown.outcome.value["delivered"].boolean());
    CHECK(unknown.outcome.value["error"]["code"].text() == "not_found");
    const Changed none = page.rig->change("update", fields("key", "none", "text", "t"));
    CHECK(none.outcome.value["error"]["code"].text() == "not_found");
}

TEST_CASE("statuspage_schedules_maintenance_once_and_calls_it_off") {
    if (!has_doubles()) return;
    const NotifyDouble page = statuspage();
    Value wish = fields("key", "db-move", "starts_at", 1893456000, "ends_at", 1893459600, "text",
                        "The database moves\nReads go on.", "components", List{"api"});
    page.double_->fault({.method = "POST"});
    const Changed made = page.rig->change("schedule_maintenance", wish);
    REQUIRE(made.outcome.value["delivered"].boolean());
    CHECK(made.outcome.value["changed"].boolean());
    REQUIRE(page.double_->state()["incidents"].list().size() == 1);
    Value planned = page.double_->state()["incidents"].list()[0];
    CHECK(planned["scheduled_for"].text() == "2030-01-01T00:00:00Z");
    CHECK(planned["name"].text() == "The database moves");
    wish.set("ends_at", 1893463200);
    REQUIRE(page.rig->change("schedule_maintenance", wish).done());
    REQUIRE(page.double_->state()["incidents"].list().size() == 1);
    CHECK(page.double_->state()["incidents"].list()[0]["scheduled_until"].text() ==
          "2030-01-01T02:00:00Z");
    const Changed undone = page.rig->undo("schedule_maintenance", wish, made);
    REQUIRE(undone.done());
    CHECK(page.double_->state()["incidents"].list()[0]["status"].text() == "completed");
    const Changed again = page.rig->change("end_maintenance", fields("key", "db-move"));
    CHECK_FALSE(again.outcome.value["changed"].boolean());
}

TEST_CASE("statuspage_opens_one_incident_though_the_answer_is_lost") {
    if (!has_doubles()) return;
    const NotifyDouble page = statuspage();
    page.double_->fault({.method = "POST"});
    const Changed opened = page.rig->change("open", opening("outage"));
    CHECK(opened.outcome.value["delivered"].boolean());
    CHECK(opened.outcome.value["changed"].boolean());
    CHECK(page.double_->state()["incidents"].list().size() == 1);
    CHECK(page.double_->changes() == 1);
    page.double_->fault({.method = "PATCH"});
    const Changed resolved = page.rig->change("resolve", fields("key", "outage", "text", "Over"));
    CHECK(resolved.outcome.value["delivered"].boolean());
    CHECK(resolved.outcome.value["changed"].boolean());
    CHECK(page.double_->changes() == 2);
    check_lost_message(page, "POST");
}

TEST_CASE("statuspage_waits_where_it_was_asked_too_often") {
    if (!has_doubles()) return;
    const NotifyDouble page = statuspage();
    for (const int status : {420, 429})
        page.double_->fault({.kind = Fault::Kind::answer,
                             .method = "POST",
                             .status = status,
                             .body = Value().set("message", "Slow down")});
    const Changed sent = page.rig->change("send", fields("text", "hello"));
    CHECK(sent.outcome.value["delivered"].boolean());
    CHECK(page.double_->changes() == 1);
    CHECK(page.double_->count("POST") == 3);
}

TEST_CASE("statuspage_finds_an_incident_on_a_later_page") {
    if (!has_doubles()) return;
    const NotifyDouble page = statuspage();
    REQUIRE(page.rig->change("open", opening("first")).done());
    Value incident = page.double_->state()["incidents"].list()[0];
    List many(150, Value(incident).set("metadata", Map{}));
    many.push_back(incident);
    page.double_->set_state(Value().set("incidents", many));
    CHECK((*page.rig->observe("status", fields("key", "first")))["state"].text() == "open");
    CHECK(page.rig->observe("list_open", fields())->list().size() == 1);
}

TEST_CASE("statuspage_names_refused_credentials") {
    if (!has_doubles()) return;
    check_refused_credentials(statuspage());
}

}  // namespace perilune::test
