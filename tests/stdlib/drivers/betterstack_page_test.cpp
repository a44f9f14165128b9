// The notify driver for Better Stack's status pages against a double that checks every request by
// what Better Stack's own pages describe.
#include <doctest/doctest.h>

#include "tests/stdlib/drivers/notify_double.h"

namespace perilune::test {

namespace {

NotifyDouble page() {
    const Value resources = fields("app", "8001", "payments", "8002", "sign-in", "8003");
    return NotifyDouble("betterstack_page", "betterstack_page", "notify/page",
                        fields("page", "p1", "token", make_secret("KEY"), "resources", resources));
}

Value opening(const std::string& severity, const List& components = {}) {
    return fields("key", "outage", "summary", "Payments fail", "severity", severity, "detail",
                  "We are looking at it.", "components", components);
}

Value report(const NotifyDouble& subject) {
    return subject.double_->state()["reports"].list().at(0)["attributes"];
}

// "8001 downtime 8002 degraded": what the report says of the page's parts.
std::string affected(const NotifyDouble& subject) {
    std::string shown;
    const Value told = report(subject);
    for (const auto& one : told["affected_resources"].list())
        shown += (shown.empty() ? "" : " ") + one["status_page_resource_id"].text() + " " +
                 one["status"].text();
    return shown;
}

bool delivered(const Changed& made) { return made.outcome.value["delivered"].boolean(); }

}  // namespace

TEST_CASE("betterstack_page_conforms_to_the_notify_family") {
    if (!has_doubles()) return;
    check_notify_conformance([] { return page().subject(); });
}

TEST_CASE("betterstack_page_shows_what_an_incident_means_for_parts_of_the_page") {
    if (!has_doubles()) return;
    const NotifyDouble subject = page();
    REQUIRE(delivered(subject.rig->change("open", opening("critical", {"payments", "app"}))));
    CHECK(report(subject)["title"].text() == "Payments fail (outage)");
    CHECK(affected(subject) == "8002 downtime 8001 downtime");
    REQUIRE(delivered(
        subject.rig->change("update", fields("key", "outage", "text", "Half is back", "severity",
                                             "warning", "components", List{"app"}))));
    CHECK(affected(subject) == "8002 downtime 8001 degraded");
    REQUIRE(delivered(subject.rig->change("update", fields("key", "outage", "text", "Wait"))));
    CHECK(affected(subject) == "8002 downtime 8001 degraded");
    REQUIRE(delivered(subject.rig->change("resolve", fields("key", "outage", "text", "Over"))));
    CHECK(affected(subject) == "8002 resolved 8001 resolved");
    CHECK(report(subject)["aggregate_state"].text() == "operational");
    const List updates = subject.double_->state()["updates"]["501"].list();
    REQUIRE(updates.size() == 4);
    CHECK(updates[0]["message"].text() == "We are looking at it.");
    CHECK(updates[3]["message"].text() == "Over");
    for (const auto& one : updates) CHECK(one["notify_subscribers"].boolean());
}

TEST_CASE("betterstack_page_is_about_all_where_no_part_is_named") {
    if (!has_doubles()) return;
    const NotifyDouble subject = page();
    REQUIRE(delivered(subject.rig->change("open", opening("warning"))));
    CHECK(affected(subject) == "8001 degraded 8002 degraded 8003 degraded");
    REQUIRE(delivered(subject.rig->change(
        "update", fields("key", "outage", "text", "Over", "state", "resolved"))));
    CHECK((*subject.rig->observe("status", fields("key", "outage")))["state"].text() == "resolved");

    const int changes = subject.double_->changes();
    const Changed unknown = subject.rig->change("open", opening("critical", {"billing"}));
    CHECK_FALSE(delivered(unknown));
    CHECK(unknown.outcome.value["error"]["code"].text() == "not_found");
    CHECK(unknown.outcome.value["error"]["message"].text() ==
          "notify/page: the settings name no resource \"billing\" of the status page. Add it to "
          "`resources`.");
    const Changed none = subject.rig->change("update", fields("key", "none", "text", "t"));
    CHECK(none.outcome.value["error"]["message"].text() ==
          "notify/page: no incident \"none\" is open on the status page.");
    CHECK(subject.double_->changes() == changes);
}

TEST_CASE("betterstack_page_opens_and_ends_one_report_though_answers_are_lost") {
    if (!has_doubles()) return;
    const NotifyDouble subject = page();
    subject.double_->fault({.method = "POST", .path = "/status-reports$"});
    const Changed opened = subject.rig->change("open", opening("critical"));
    CHECK(delivered(opened));
    CHECK(opened.outcome.value["changed"].boolean());
    CHECK(subject.double_->changes() == 1);
    subject.double_->fault({.method = "POST", .path = "/status-updates$"});
    const Changed updated = subject.rig->change("update", fields("key", "outage", "text", "Half"));
    CHECK_FALSE(delivered(updated));
    CHECK(updated.outcome.value["changed"].boolean());
    CHECK(updated.outcome.value["error"]["retry"].text() == "unknown");
    CHECK(subject.double_->changes() == 2);
    subject.double_->fault({.method = "POST", .path = "/status-updates$"});
    const Changed ended = subject.rig->change("resolve", fields("key", "outage", "text", "Over"));
    CHECK(delivered(ended));
    CHECK(ended.outcome.value["changed"].boolean());
    CHECK(subject.double_->changes() == 3);
    subject.double_->fault(throttled("POST"));
    CHECK(delivered(subject.rig->change("open", opening("error"))));
    CHECK(subject.double_->state()["reports"].list().size() == 2);
}

TEST_CASE("betterstack_page_finds_a_report_on_a_later_page_and_no_other_s") {
    if (!has_doubles()) return;
    const NotifyDouble subject = page();
    REQUIRE(subject.rig->change("open", opening("critical")).done());
    const Value ours = subject.double_->state()["reports"].list()[0];
    Value other = ours;
    Value told = ours["attributes"];
    other.set("attributes", told.set("title", "Planned work")).set("id", "77");
    List many(120, other);
    many.push_back(ours);
    subject.double_->set_state(Value().set("reports", many));
    CHECK((*subject.rig->observe("status", fields("key", "outage")))["state"].text() == "open");
    CHECK(subject.rig->observe("list_open", fields())->list().size() == 1);
    CHECK(subject.rig->observe("status", fields("key", "out"))->is_nil());
}

TEST_CASE("betterstack_page_names_refusals_and_refused_credentials") {
    if (!has_doubles()) return;
    check_refused_credentials(page());
    const NotifyDouble subject = page();
    subject.double_->set_state(fields("resources", List{"8001"}));
    const Changed refused = subject.rig->change("open", opening("critical"));
    CHECK(refused.outcome.value["error"]["message"].text() ==
          "notify/page: Better Stack refused POST /api/v2/status-pages/p1/status-reports (422): "
          "affected_resources: is no resource of this status page");
    subject.double_->fault({.kind = Fault::Kind::answer, .status = 403});
    const auto read = subject.rig->observe("list_open", fields());
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().code == "credentials_refused");
    CHECK(read.error().message.find("Uptime API tokens") != std::string::npos);
}

}  // namespace perilune::test
