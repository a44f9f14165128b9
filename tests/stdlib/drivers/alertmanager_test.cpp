// The driver for Alertmanager against a real server, read back with amtool.
#include <doctest/doctest.h>

#include "bindings/metrics/metrics.h"
#include "interpreter/base/json.h"
#include "tests/interpreter/driver/lua_rig.h"
#include "tests/services/prometheus.h"
#include "tests/support/record_conformance.h"

namespace perilune::test {

namespace {

struct Place {
    Place() {
        proxy.set_state(fields("upstream", server.url()));
        rig.secrets["KEY"] = Double::token;
        REQUIRE(rig.make(fields("url", proxy.url(), "token", make_secret("KEY"))).ok());
    }
    // The silences that amtool finds and that keep these alerts quiet; without labels: all.
    List silences(const std::string& label = "") const {
        std::vector<std::string> words = {"silence", "query", "-o", "json"};
        if (!label.empty()) words.push_back(label);
        const ProgramEnd told = server.amtool(words);
        REQUIRE_MESSAGE(told.code == 0, told.output);
        return from_json(told.output)->list();
    }
    Value silence(const List& monitors) const {
        return fields("monitors", monitors, "during", "10m", "reason", "the failover");
    }

    Alertmanager server;
    Double proxy{"proxy"};
    DriverRig rig{metrics_family, builtin_kind("metrics", "alertmanager"), "metrics/alerts"};
};

bool skipped() { return !has_doubles() || !has_program("prometheus-alertmanager"); }

}  // namespace

TEST_CASE("alertmanager_conforms_to_the_metrics_family_s_silences") {
    if (skipped()) return;
    check_silence_conformance([] {
        const auto place = std::make_shared<Place>();
        return ChangeSubject{.rig = {place, &place->rig},
                             .faults = &place->proxy,
                             .operation = "silence",
                             .arguments = place->silence({"errors"}),
                             .method = "POST",
                             .path = "/silences$",
                             .refusal = Value("\"Not like this\""),
                             .made = [place] { return static_cast<int>(place->silences().size()); },
                             .place = place};
    });
}

TEST_CASE("amtool_reads_the_silences_that_the_driver_has_made") {
    if (skipped()) return;
    Place place;
    const Changed made = place.rig.change(
        "silence", place.silence({"errors", "severity=\"page\", service=~\"web.*\",zone!=b"}));
    REQUIRE_MESSAGE(made.done(), made.error().message);
    REQUIRE(place.silences().size() == 2);
    const List named = place.silences("alertname=errors");
    REQUIRE(named.size() == 1);
    CHECK(named[0]["comment"].text().starts_with("the failover"));
    CHECK(named[0]["createdBy"].text() == "perilune");
    const List others = place.silences("severity=page");
    REQUIRE(others.size() == 1);
    const List& matchers = others[0]["matchers"].list();
    REQUIRE(matchers.size() == 3);
    CHECK(matchers[1]["name"].text() == "service");
    CHECK(matchers[1]["value"].text() == "web.*");
    CHECK(matchers[1]["isRegex"].boolean());
    CHECK(matchers[2]["name"].text() == "zone");
    CHECK_FALSE(matchers[2]["isEqual"].boolean());
    // Ended by another, one of two is still ended.
    REQUIRE(place.server.amtool({"silence", "expire", named[0]["id"].text()}).code == 0);
    const Value id = fields("silence_id", made.outcome.value["silence_id"]);
    REQUIRE(place.rig.change("unsilence", id).done());
    CHECK(place.silences().empty());
    CHECK(place.proxy.count("DELETE") == 1);
}

TEST_CASE("the_silences_of_one_change_are_made_once_each_though_an_answer_between_is_lost") {
    if (skipped()) return;
    Place place;
    const Value asked = place.silence({"errors", "latency"});
    place.proxy.fault({.method = "POST", .skip = 1});
    const Changed lost = place.rig.change("silence", asked, "k");
    CHECK(lost.kind() == "unknown");
    CHECK(place.rig.look("silence", asked, "k").kind == Sighting::Kind::happened);
    place.proxy.fault({.kind = Fault::Kind::drop, .method = "POST", .skip = 1});
    place.rig.parts.clear();
    CHECK(place.rig.change("silence", asked, "m").kind() == "unknown");
    CHECK(place.rig.look("silence", asked, "m").kind == Sighting::Kind::did_not);
    REQUIRE(place.rig.change("silence", asked, "m").done());
    CHECK(place.silences().size() == 4);
}

TEST_CASE("what_alertmanager_cannot_take_is_refused_in_its_own_words_or_before_it_is_sent") {
    if (skipped()) return;
    Place place;
    for (const auto* monitor : {"a=\"b", "=x", "a=\"b\" c=\"d\"", "a~b"})
        CHECK_MESSAGE(
            place.rig.change("silence", place.silence({monitor})).error().code == "bad_argument",
            monitor);
    CHECK(place.proxy.count("POST") == 0);
    const Changed refused = place.rig.change("silence", place.silence({"a=~\"(\""}));
    CHECK(refused.kind() == "failed");
    CHECK_MESSAGE(refused.error().message.find("silence invalid") != std::string::npos,
                  refused.error().message);
    CHECK(place.silences().empty());
}

}  // namespace perilune::test
