// The driver for Amazon CloudWatch against moto, read back with boto3.
#include <doctest/doctest.h>

#include "bindings/metrics/metrics.h"
#include "tests/interpreter/driver/lua_rig.h"
#include "tests/services/aws.h"
#include "tests/support/metrics_conformance.h"

namespace perilune::test {

namespace {

Value metric(const std::string& name, const std::string& statistic = "Average") {
    return fields("namespace", "shop", "metric", name, "statistic", statistic, "dimensions",
                  fields("Service", "web"), "unit", "percent");
}

struct Place {
    Place() : rig(metrics_family, builtin_kind("metrics", "cloudwatch"), "metrics/site") {
        rig.secrets = {{"ID", Aws::key_id}, {"KEY", Aws::key}, {"TOKEN", Aws::token}};
        const Value queries =
            fields("some", metric("some"), "zero", metric("zero"), "none", metric("none"), "sum",
                   metric("some", "Sum"), "p99", metric("some", "p99"), "doubled",
                   fields("expression", "some + some", "metrics", fields("some", metric("some")),
                          "unit", "percent"));
        REQUIRE(rig.make(fields("url", aws->url(), "region", Aws::region, "credentials",
                                Aws::credentials(), "queries", queries))
                    .ok());
        put("some", {{1000, 1}, {1060, 2}, {1120, 3}});
    }
    void put(const std::string& name, const std::vector<std::pair<double, double>>& samples) {
        List data;
        for (const auto& [at, value] : samples)
            data.push_back(fields("MetricName", name, "Timestamp", at, "Value", value, "Dimensions",
                                  List{fields("Name", "Service", "Value", "web")}));
        aws.boto("cloudwatch", "put_metric_data", fields("Namespace", "shop", "MetricData", data));
    }
    void alarm(const std::string& name, const std::string& state = "OK") const {
        aws.boto("cloudwatch", "put_metric_alarm",
                 fields("AlarmName", name, "ComparisonOperator", "GreaterThanThreshold",
                        "EvaluationPeriods", 1, "MetricName", "some", "Namespace", "shop", "Period",
                        60, "Statistic", "Sum", "Threshold", 1));
        aws.boto("cloudwatch", "set_alarm_state",
                 fields("AlarmName", name, "StateValue", state, "StateReason", "the test"));
    }
    bool actions_on(const std::string& name) const {
        return aws
            .boto("cloudwatch", "describe_alarms", fields("AlarmNames", List{name}))["MetricAlarms"]
            .list()
            .at(0)["ActionsEnabled"]
            .boolean();
    }
    Value silence(const std::string& monitor) const {
        return fields("monitors", List{monitor}, "during", "10m", "reason", "the failover");
    }

    Aws aws;
    DriverRig rig;
};

const std::string disable_path = "DisableAlarmActions";

}  // namespace

TEST_CASE("cloudwatch_conforms_to_the_metrics_family") {
    if (!has_aws()) return;
    check_metrics_conformance([] {
        const auto place = std::make_shared<Place>();
        const double now = wall_now_s();
        place->put("some", {{now - 30, 42.5}});
        place->put("zero", {{now - 30, 0}});
        place->alarm("errors");
        return MetricsSubject{.rig = {place, &place->rig},
                              .set_alarm =
                                  [place](const std::string& state) {
                                      place->alarm("errors", state == "firing" ? "ALARM" : "OK");
                                  },
                              .place = place};
    });
}

TEST_CASE("a_reading_is_exact_over_its_time_whatever_the_minutes") {
    if (!has_aws()) return;
    Place place;
    const double now = wall_now_s();
    place.put("some", {{now - 200, 10}, {now - 100, 20}, {now - 90, 30}, {now - 20, 40}});
    const auto read = [&](const std::string& name, const std::string& over) {
        const auto told = place.rig.observe("read", fields("name", name, "over", over));
        REQUIRE_MESSAGE(told.ok(), (told.ok() ? "" : told.error().message));
        return *told;
    };
    CHECK(read("some", "5m")["value"].number() == 25);
    CHECK(read("sum", "5m")["value"].number() == 100);
    CHECK(read("sum", "2m")["value"].number() == 90);
    // A time that is no whole minutes is read over the next whole ones.
    CHECK(read("sum", "61s")["value"].number() == 90);
    const auto then = place.rig.observe(
        "read", fields("name", "sum", "over", "2m", "at", static_cast<double>(1180)));
    REQUIRE(then.ok());
    CHECK((*then)["value"].number() == 5);
    const auto asked_last = [&] {
        return place.aws->requests("POST", "GetMetricData").back()["body"];
    };
    CHECK(asked_last()["MetricDataQueries"].list()[0]["MetricStat"]["Period"].number() == 60);
    // What cannot be joined from minutes is asked for as a whole.
    CHECK(place.rig.observe("read", fields("name", "doubled")).ok());
    const Value asked = asked_last();
    CHECK(asked["MetricDataQueries"].list()[0]["Period"].number() == 300);
    CHECK(asked["EndTime"].number() - asked["StartTime"].number() == 600);
    CHECK(asked["MetricDataQueries"].list()[0]["Expression"].text() == "some + some");
    CHECK(asked["MetricDataQueries"].list()[1]["Id"].text() == "some");
    CHECK_FALSE(asked["MetricDataQueries"].list()[1]["ReturnData"].boolean());
}

TEST_CASE("cloudwatch_s_failures_inside_a_good_answer_are_seen") {
    if (!has_aws()) return;
    Place place;
    const auto answer = [&](const std::string& status) {
        place.aws->fault({.kind = Fault::Kind::answer,
                          .path = "GetMetricData",
                          .status = 200,
                          .body = fields("MetricDataResults",
                                         List{fields("Id", "value", "Values", List{}, "Timestamps",
                                                     List{}, "StatusCode", status)})});
        return place.rig.observe("read", fields("name", "sum"));
    };
    CHECK(answer("InternalError").error().retry == Retry::safe);
    CHECK(answer("Forbidden").error().code == "permission_denied");
    CHECK(answer("Complete").ok());
    place.aws->fault(aws_throttled("GetMetricData", 2));
    CHECK(place.rig.observe("read", fields("name", "sum")).ok());
    place.rig.secrets["KEY"] = "canary-of-the-key";
    CHECK(place.rig.observe("read", fields("name", "sum")).error().code == "credentials_refused");
}

TEST_CASE("a_silence_switches_off_what_was_on_and_gives_back_only_that") {
    if (!has_aws()) return;
    Place place;
    for (const auto* name : {"web-errors", "web-latency", "web-quiet", "database"})
        place.alarm(name);
    place.aws.boto("cloudwatch", "disable_alarm_actions", fields("AlarmNames", List{"web-quiet"}));
    const Value asked = place.silence("web-*");
    const Changed made = place.rig.change("silence", asked);
    REQUIRE_MESSAGE(made.done(), made.error().message);
    CHECK(made.outcome.value["silence_id"].text() == R"(["web-errors","web-latency"])");
    CHECK_FALSE(place.actions_on("web-errors"));
    CHECK_FALSE(place.actions_on("web-latency"));
    CHECK(place.actions_on("database"));
    CHECK(place.rig.change("silence", asked).before.already_so);
    place.aws->fault({.kind = Fault::Kind::lose, .path = "EnableAlarmActions"});
    CHECK(place.rig.undo("silence", asked, made).kind() == "unknown");
    place.aws.boto("cloudwatch", "disable_alarm_actions",
                   fields("AlarmNames", List{"web-errors", "web-latency"}));
    const Changed undone = place.rig.undo("silence", asked, made);
    REQUIRE_MESSAGE(undone.done(), undone.error().message);
    CHECK(undone.before.state == made.outcome.after);
    CHECK(place.actions_on("web-errors"));
    CHECK(place.actions_on("web-latency"));
    CHECK_FALSE(place.actions_on("web-quiet"));
    const Value id = fields("silence_id", made.outcome.value["silence_id"]);
    CHECK(place.rig.change("unsilence", id).before.already_so);
    CHECK(place.rig.change("silence", place.silence("none")).error().code == "not_found");
}

TEST_CASE("more_alarms_than_cloudwatch_takes_at_once_are_silenced_part_by_part") {
    if (!has_aws()) return;
    Place place;
    for (int i = 0; i < 101; ++i) place.alarm("web-" + std::to_string(100 + i));
    const Changed made = place.rig.change("silence", place.silence("web-*"));
    REQUIRE_MESSAGE(made.done(), made.error().message);
    CHECK(place.aws->count("POST", disable_path) == 2);
    CHECK_FALSE(place.actions_on("web-200"));
    REQUIRE(place.rig.undo("silence", place.silence("web-*"), made).done());
    CHECK(place.actions_on("web-200"));
}

TEST_CASE("a_silence_whose_answer_was_lost_is_looked_for") {
    if (!has_aws()) return;
    Place place;
    place.alarm("errors");
    const Value asked = place.silence("errors");
    place.aws->fault({.kind = Fault::Kind::lose, .path = disable_path});
    const Changed lost = place.rig.change("silence", asked, "k");
    CHECK(lost.kind() == "unknown");
    const auto look = [&] {
        Call call;
        call.operation = "silence";
        call.target = "metrics/site";
        call.arguments = asked;
        call.deadline_s = boot_now_s() + 20;
        call.open_secret = [&](const Value& value) -> Result<std::string> {
            return place.rig.secrets.at(value.secret()->pieces.at(0).name);
        };
        return place.rig.await(
            place.rig.driver().operations.at("silence").look(call, lost.before.state));
    };
    Sighting seen = look();
    CHECK(seen.kind == Sighting::Kind::happened);
    CHECK(seen.value["silence_id"].text() == R"(["errors"])");
    place.aws.boto("cloudwatch", "enable_alarm_actions", fields("AlarmNames", List{"errors"}));
    seen = look();
    CHECK(seen.kind == Sighting::Kind::did_not);
    place.aws->fault(aws_throttled(disable_path));
    CHECK(place.rig.change("silence", asked).kind() == "not_sent");
    place.aws->fault({.kind = Fault::Kind::answer,
                      .path = disable_path,
                      .status = 403,
                      .body = fields("__type", "AccessDenied", "message", "Not for you")});
    const Changed denied = place.rig.change("silence", asked);
    CHECK(denied.kind() == "failed");
    CHECK(denied.error().code == "permission_denied");
    CHECK(denied.error().message.find("Not for you") != std::string::npos);
}

}  // namespace perilune::test
