// A simulated place that measures: the family's suites, and numbers and alarms as time passes.
#include <doctest/doctest.h>

#include "bindings/metrics/metrics.h"
#include "tests/support/metrics_conformance.h"
#include "tests/support/record_conformance.h"

namespace perilune::test {

namespace {

const std::string site = "metrics/site";

Value settings() {
    const Value percent = fields("expression", "avg(cpu)", "unit", "percent");
    return fields("queries", fields("some", percent, "zero", percent, "none", percent),
                  "heartbeats", fields("nightly", fields("path", "/beat")));
}

struct Place : SimulatedStage {
    Place() : SimulatedStage(simulated_metrics, site, settings()) {}
    DriverRig host() { return {metrics_family, *this, site}; }
    Value tell(std::string_view name, const Value& arguments) {
        return control(site, name, arguments);
    }
    std::string state(const std::string& alarm) { return look(site)["alarms"][alarm].text(); }
    double value(const std::string& name) { return look(site)["values"][name].number(); }
};

// A place in which one change can be made and its requests be spoiled.
ChangeSubject subject_of(const std::string& operation, const Value& arguments) {
    const auto place = std::make_shared<Place>();
    ChangeSubject subject;
    subject.rig = std::make_shared<DriverRig>(metrics_family, *place, site);
    subject.operation = operation;
    subject.arguments = arguments;
    subject.place = place;
    subject.spoil = [place, operation](Spoiled how) {
        SimulatedFault fault{.kind = SimulatedFault::Kind::after, .target = site};
        if (how == Spoiled::request_lost) fault.kind = SimulatedFault::Kind::dropped;
        if (how == Spoiled::throttled) fault.kind = SimulatedFault::Kind::throttled;
        if (how == Spoiled::refused) fault.kind = SimulatedFault::Kind::failed;
        fault.error = fail("bad_argument", "Not like this");
        fault.operation = operation;
        place->world.add_fault(fault);
    };
    subject.made = [place] {
        const Value seen = place->look(site);
        int on = static_cast<int>(seen["deployments"].list().size());
        for (const auto& silence : seen["silences"].list())
            on += silence["state"].text() == "on" ? 1 : 0;
        return on;
    };
    return subject;
}

}  // namespace

TEST_CASE("the_simulated_place_conforms_to_the_metrics_family") {
    check_metrics_conformance([] {
        const auto place = std::make_shared<Place>();
        place->tell("set", fields("name", "zero", "value", 0));
        place->tell("set", fields("name", "some", "value", 42.5));
        for (int i = 0; i < 3; ++i)
            place->tell("set", fields("name", "some", "value", 1 + i, "at", 1000 + 60 * i));
        MetricsSubject subject;
        subject.rig = std::make_shared<DriverRig>(metrics_family, *place, site);
        subject.set_alarm = [place](const std::string& state) {
            place->tell("alarm", fields("name", "errors", "state", state));
        };
        subject.place = place;
        return subject;
    });
}

TEST_CASE("simulated_silences_and_records_of_deployments_conform") {
    const List monitors = {Value("errors")};
    check_silence_conformance([&] {
        return subject_of("silence",
                          fields("monitors", monitors, "during", "10m", "reason", "a release"));
    });
    check_change_conformance([] {
        return subject_of("record_deployment", fields("version", "v2", "state", "started"));
    });
}

TEST_CASE("a_series_rises_in_a_line_and_ends") {
    Place place;
    DriverRig rig = place.host();
    place.tell("set", fields("name", "some", "value", 10));
    place.tell("ramp", fields("name", "some", "value", 20, "over_s", 100));
    place.pass(50);
    CHECK(place.value("some") == doctest::Approx(15));
    place.pass(100);
    CHECK(place.value("some") == 20);
    const double now = wall_now_s();
    const auto past = rig.observe("read", fields("name", "some", "at", now - 125));
    CHECK((*past)["value"].number() == doctest::Approx(12.5));
    place.tell("empty", fields("name", "some", "at", now));
    CHECK((*rig.observe("read", fields("name", "some")))["empty"].boolean());
    const auto range = rig.observe(
        "range", fields("name", "some", "since", now - 200, "to", now + 100, "step", "50s"));
    CHECK(range->list().size() == 3);
    // What tests name is a query too.
    place.tell("set", fields("name", "orders", "value", 3, "unit", "orders"));
    CHECK((*rig.observe("read", fields("name", "orders")))["unit"].text() == "orders");
    CHECK(rig.observe("query", fields("expression", "orders"))->list().size() == 1);
    const List told = {fields("labels", fields("pod", "a"), "value", 7)};
    place.tell("answer", fields("expression", "sum(x) by (pod)", "samples", told));
    const auto asked = rig.observe("query", fields("expression", "sum(x) by (pod)"));
    CHECK(asked->list()[0]["labels"]["pod"].text() == "a");
    CHECK(rig.observe("query", fields("expression", "nothing"))->list().empty());
}

TEST_CASE("an_alarm_fires_when_its_series_was_beyond_its_threshold_for_long_enough") {
    Place place;
    DriverRig rig = place.host();
    rig.timeout_s = 3600;
    place.tell("alarm", fields("name", "hot", "query", "some", "above", 80, "for_s", 60));
    CHECK(place.state("hot") == "unknown");
    place.tell("set", fields("name", "some", "value", 10));
    place.pass(600);
    CHECK(place.state("hot") == "ok");
    place.tell("set", fields("name", "some", "value", 90));
    place.pass(30);
    CHECK(place.state("hot") == "ok");
    place.pass(31);
    CHECK(place.state("hot") == "firing");
    place.tell("ramp", fields("name", "some", "value", 0, "over_s", 90));
    const double began_s = boot_now_s();
    const List names = {Value("hot")};
    const Value call = fields("names", names, "clear_for", "1m", "within", "30m");
    REQUIRE(rig.observe("wait_clear", call).ok());
    // It falls below 80 after 10 s, and stays there for a minute.
    CHECK(boot_now_s() - began_s >= 69);
    CHECK(boot_now_s() - began_s < 80);
}

TEST_CASE("a_silence_keeps_an_alarm_from_paging_until_it_ends_by_itself") {
    Place place;
    DriverRig rig = place.host();
    const List monitors = {Value("errors*")};
    const Value call = fields("monitors", monitors, "during", "10m", "reason", "a release");
    REQUIRE(rig.change("silence", call, "one").done());
    REQUIRE(rig.change("silence", call, "one").done());
    CHECK(place.look(site)["silences"].list().size() == 1);
    place.tell("alarm", fields("name", "errors-web", "state", "firing"));
    CHECK(place.look(site)["pages"].list().empty());
    CHECK(place.state("errors-web") == "firing");
    place.tell("alarm", fields("name", "errors-web", "state", "ok"));
    place.pass(601);
    CHECK(place.look(site)["silences"].list()[0]["state"].text() == "over");
    place.tell("alarm", fields("name", "errors-web", "state", "firing"));
    CHECK(place.look(site)["pages"].list().size() == 1);
}

TEST_CASE("a_heartbeat_that_is_missed_or_failed_fires") {
    Place place;
    DriverRig rig = place.host();
    place.tell("heartbeat", fields("name", "nightly", "every_s", 3600));
    CHECK(rig.change("beat", fields("heartbeat", "nightle")).kind() == "refused unknown_heartbeat");
    REQUIRE(rig.change("beat", fields("heartbeat", "nightly")).done());
    CHECK(place.state("nightly") == "ok");
    place.pass(3700);
    CHECK(place.state("nightly") == "firing");
    REQUIRE(rig.change("beat", fields("heartbeat", "nightly", "state", "failed")).done());
    CHECK(place.state("nightly") == "firing");
    REQUIRE(rig.change("beat", fields("heartbeat", "nightly")).done());
    CHECK(place.state("nightly") == "ok");
    CHECK(place.look(site)["beats"]["nightly"]["count"].number() == 3);
}

TEST_CASE("marks_and_records_stand_in_the_world_and_a_wrong_word_is_told") {
    Place place;
    DriverRig rig = place.host();
    const List tags = {Value("drill")};
    const Changed marked = rig.change("annotate", fields("title", "Failover", "tags", tags));
    REQUIRE(marked.done());
    CHECK(place.look(site)["annotations"].list()[0]["id"] == marked.outcome.value["id"]);
    REQUIRE(
        rig.change("record_deployment", fields("version", "v2", "state", "failed"), "one").done());
    REQUIRE(
        rig.change("record_deployment", fields("version", "v2", "state", "failed"), "one").done());
    CHECK(place.look(site)["deployments"].list().size() == 1);
    CHECK(place.world.find(site)
              ->control("alarm", fields("name", "x", "state", "red"))
              .error()
              .code == "bad_argument");
    CHECK(place.world.find(site)->control("remp", {}).error().code == "unknown_control");
}

}  // namespace perilune::test
