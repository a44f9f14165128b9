// The conformance suite of the metrics family.
#include "tests/support/metrics_conformance.h"

#include <doctest/doctest.h>

namespace perilune::test {

namespace {

using Make = std::function<MetricsSubject()>;

void check_readings(const Make& make) {
    const MetricsSubject subject = make();
    DriverRig& rig = *subject.rig;
    const auto some = rig.observe("read", fields("name", "some"));
    REQUIRE(some.ok());
    CHECK((*some)["value"].number() == 42.5);
    CHECK((*some)["unit"].text() == "percent");
    CHECK_FALSE((*some)["empty"].boolean());
    CHECK((*some)["samples"].number() >= 1);
    CHECK((*some)["at"].number() > 0);
    const auto zero = rig.observe("read", fields("name", "zero", "over", "1m"));
    REQUIRE(zero.ok());
    CHECK((*zero)["value"].is_number());
    CHECK((*zero)["value"].number() == 0);
    CHECK_FALSE((*zero)["empty"].boolean());
    const auto none = rig.observe("read", fields("name", "none"));
    REQUIRE(none.ok());
    CHECK((*none)["value"].is_nil());
    CHECK((*none)["empty"].boolean());
    CHECK((*none)["samples"].number() == 0);
    CHECK_FALSE((*none)["unit"].text().empty());
    const auto typo = rig.observe("read", fields("name", "sume"));
    REQUIRE_FALSE(typo.ok());
    CHECK(typo.error().code == "unknown_query");
    CHECK(typo.error().retry == Retry::never);
    CHECK(typo.error().message.find("\"some\"") != std::string::npos);
}

void check_ranges(const Make& make) {
    const MetricsSubject subject = make();
    DriverRig& rig = *subject.rig;
    const auto range =
        rig.observe("range", fields("name", "some", "since", 1000, "to", 1120, "step", "1m"));
    REQUIRE(range.ok());
    REQUIRE(range->list().size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(range->list()[i]["at"].number() == 1000 + 60 * static_cast<double>(i));
        CHECK(range->list()[i]["value"].number() == 1 + static_cast<double>(i));
    }
    const auto backwards =
        rig.observe("range", fields("name", "some", "since", 1120, "to", 1000, "step", "1m"));
    CHECK(backwards.error().code == "bad_argument");
    const auto stepless = rig.observe("range", fields("name", "some", "since", 0, "step", 0));
    CHECK(stepless.error().code == "bad_argument");
}

void check_alarms(const Make& make) {
    const MetricsSubject subject = make();
    DriverRig& rig = *subject.rig;
    const List names = {Value("errors")};
    subject.set_alarm("firing");
    auto alarms = rig.observe("alarms", fields("names", names));
    REQUIRE(alarms.ok());
    REQUIRE(alarms->list().size() == 1);
    CHECK(alarms->list()[0]["name"].text() == "errors");
    CHECK(alarms->list()[0]["state"].text() == "firing");
    const auto waited =
        rig.observe("wait_clear", fields("names", names, "clear_for", "100ms", "within", "300ms"));
    REQUIRE_FALSE(waited.ok());
    CHECK(waited.error().code == "timed_out");
    CHECK(waited.error().retry == Retry::safe);
    CHECK(waited.error().message.find("errors is firing") != std::string::npos);
    subject.set_alarm("ok");
    const double began_s = boot_now_s();
    alarms =
        rig.observe("wait_clear", fields("names", names, "clear_for", "300ms", "within", "10s"));
    REQUIRE(alarms.ok());
    CHECK(alarms->list()[0]["state"].text() == "ok");
    CHECK(boot_now_s() - began_s >= 0.3);
    const List unknown = {Value("no such alarm")};
    alarms = rig.observe("alarms", fields("names", unknown));
    REQUIRE(alarms->list().size() == 1);
    CHECK(alarms->list()[0]["state"].text() == "unknown");
    CHECK(rig.observe("wait_clear", fields("names", List{}, "within", 1)).error().code ==
          "bad_argument");
}

}  // namespace

void check_metrics_conformance(const std::function<MetricsSubject()>& make) {
    if (make().rig->has("read")) {
        check_readings(make);
        check_ranges(make);
    }
    if (make().rig->has("alarms")) check_alarms(make);
}

}  // namespace perilune::test
