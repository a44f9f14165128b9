// The driver for Datadog against its double, whose requests are checked by Datadog's documents.
#include <cmath>

#include <doctest/doctest.h>

#include "bindings/metrics/metrics.h"
#include "tests/interpreter/driver/lua_rig.h"
#include "tests/support/metrics_conformance.h"
#include "tests/support/record_conformance.h"

namespace perilune::test {

namespace {

Value named(const std::string& text) { return fields("query", text, "unit", "percent"); }

struct Place {
    Place() {
        rig.secrets = {{"KEY", Double::token}, {"APP", "application-token-of-the-test"}};
        const Value queries =
            fields("some", named("avg:some{*}.rollup(avg, {over})"), "zero", named("avg:zero{*}"),
                   "none", named("avg:none{*}"), "two", named("avg:some{*}, avg:zero{*}"));
        REQUIRE(rig.make(fields("url", double_.url(), "api_key", make_secret("KEY"),
                                "application_key", make_secret("APP"), "service", "shop",
                                "environment", "prod", "queries", queries))
                    .ok());
        const double now = std::floor(wall_now_s());
        const auto point = [](double at, Value value) { return Value(List{at, std::move(value)}); };
        const List some = {point(1000, 1),         point(1060, 2),      point(1061, Value()),
                           point(1120, 3),         point(now - 90, 41), point(now - 30, 42.5),
                           point(now - 3, Value())};
        double_.set_state(fields("series", fields("some", some, "zero", List{point(now - 20, 0)})));
    }
    void set_alarm(const std::string& state) {
        Value monitors = double_.state()["monitors"];
        monitors.as_list()[0].set("overall_state", state);
        double_.set_state(fields("monitors", monitors));
    }
    // The downtimes that are in force.
    List downtimes() const {
        List found;
        const Value state = double_.state();
        for (const auto& one : state["downtimes"].list())
            if (one["attributes"]["status"].text() == "active") found.push_back(one["attributes"]);
        return found;
    }

    Double double_{"datadog"};
    DriverRig rig{metrics_family, builtin_kind("metrics", "datadog"), "metrics/site"};
};

ChangeSubject subject(const std::shared_ptr<Place>& place, const std::string& operation,
                      const Value& arguments) {
    return {.rig = {place, &place->rig},
            .faults = &place->double_,
            .operation = operation,
            .arguments = arguments,
            .method = "POST",
            .path = operation == "silence" ? "/downtime$" : "/events$",
            .refusal = fields("errors", List{"Not like this"}),
            .made = {},
            .place = place};
}

Value silence(const List& monitors) {
    return fields("monitors", monitors, "during", "10m", "reason", "the failover");
}

}  // namespace

TEST_CASE("datadog_conforms_to_the_metrics_family") {
    if (!has_doubles()) return;
    check_metrics_conformance([] {
        const auto place = std::make_shared<Place>();
        return MetricsSubject{.rig = {place, &place->rig},
                              .set_alarm =
                                  [place](const std::string& state) {
                                      place->set_alarm(state == "firing" ? "Alert" : "OK");
                                  },
                              .place = place};
    });
}

TEST_CASE("datadog_s_downtimes_conform_to_the_metrics_family_s_silences") {
    if (!has_doubles()) return;
    check_silence_conformance([] {
        const auto place = std::make_shared<Place>();
        ChangeSubject made = subject(place, "silence", silence({"errors"}));
        made.made = [place] { return static_cast<int>(place->downtimes().size()); };
        return made;
    });
}

TEST_CASE("datadog_records_a_deployment_once_though_its_answer_is_lost") {
    if (!has_doubles()) return;
    check_change_conformance([] {
        const auto place = std::make_shared<Place>();
        ChangeSubject made =
            subject(place, "record_deployment", fields("version", "1.2", "state", "succeeded"));
        made.made = [place] {
            return static_cast<int>(place->double_.state()["events"].list().size());
        };
        return made;
    });
}

TEST_CASE("a_reading_of_datadog_names_its_time_and_refuses_several_series") {
    if (!has_doubles()) return;
    Place place;
    REQUIRE(place.rig.observe("read", fields("name", "some", "over", "10m")).ok());
    const Value asked = place.double_.requests("GET", "/query$").back()["query"];
    CHECK(asked["query"].text() == "avg:some{*}.rollup(avg, 600)");
    CHECK(std::stod(asked["to"].text()) - std::stod(asked["from"].text()) <= 601);
    CHECK(place.rig.observe("read", fields("name", "two")).error().code == "bad_query");
    const auto wrong = place.rig.observe("query", fields("expression", "avg(some{*}"));
    REQUIRE_FALSE(wrong.ok());
    CHECK(wrong.error().code == "bad_query");
    CHECK(wrong.error().message.find("unexpected end") != std::string::npos);
    const auto found = place.rig.observe("query", fields("expression", "avg:some{*}"));
    REQUIRE(found.ok());
    CHECK(found->list().at(0)["labels"]["host"].text() == "a");
    CHECK(found->list().at(0)["value"].number() == 42.5);
    place.set_alarm("Warn");
    CHECK(place.rig.observe("alarms", fields("names", List{"errors"}))->list()[0]["state"].text() ==
          "firing");
    place.set_alarm("No Data");
    CHECK(place.rig.observe("alarms", fields())->list()[0]["state"].text() == "unknown");
}

TEST_CASE("a_downtime_is_of_one_monitor_by_its_exact_name_or_of_all_with_tags") {
    if (!has_doubles()) return;
    Place place;
    const Changed made = place.rig.change("silence", silence({"errors", "service:web,team:shop"}));
    REQUIRE_MESSAGE(made.done(), made.error().message);
    const List downtimes = place.downtimes();
    REQUIRE(downtimes.size() == 2);
    CHECK(downtimes[0]["monitor_identifier"]["monitor_id"].integer() == 11);
    CHECK(downtimes[0]["scope"].text() == "*");
    CHECK(downtimes[1]["monitor_identifier"]["monitor_tags"].list().size() == 2);
    CHECK(place.rig.change("silence", silence({"error"})).error().code == "not_found");
    CHECK(place.rig.change("silence", silence({})).error().code == "bad_argument");
    CHECK(place.downtimes().size() == 2);
}

TEST_CASE("a_deployment_s_event_says_what_came_of_it") {
    if (!has_doubles()) return;
    Place place;
    const Changed made = place.rig.change(
        "record_deployment",
        fields("version", "1.2", "state", "rolled_back", "url", "https://ci.example/7"));
    REQUIRE_MESSAGE(made.done(), made.error().message);
    CHECK(made.outcome.value["id"].text() == "8000000000000000001");
    const Value event = place.double_.state()["events"].list().at(0);
    CHECK(event["title"].text() == "shop 1.2: deployment rolled back");
    CHECK(event["alert_type"].text() == "warning");
    CHECK(event["text"].text().find("https://ci.example/7") != std::string::npos);
    const Changed marked = place.rig.change(
        "annotate", fields("title", "The failover began", "at", 1767225600, "tags", List{"a:b"}));
    REQUIRE_MESSAGE(marked.done(), marked.error().message);
    CHECK(place.double_.state()["events"].list().at(1)["date_happened"].integer() == 1767225600);
}

}  // namespace perilune::test
