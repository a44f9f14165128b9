// The driver for Prometheus, by its family's conformance suite.
#include <mutex>

#include "bindings/metrics/metrics.h"
#include "tests/interpreter/driver/lua_rig.h"
#include "tests/services/prometheus.h"
#include "tests/support/metrics_conformance.h"

namespace perilune::test {

namespace {

Reply json_reply(const std::string& body, int status = 200) {
    return {.status = status, .headers = {{"Content-Type", "application/json"}}, .body = body};
}

// What Prometheus 2.42 answers, by the path and the expression asked for.
class Prometheus {
public:
    Prometheus() {
        server.answer([this](const ServedRequest& request) { return answer(request.target); });
    }
    void set_alarm(const std::string& state) {
        const std::lock_guard lock(mutex_);
        alarm_ = state;
    }
    HttpServer server;

private:
    Reply answer(const std::string& target) {
        const auto has = [&](const char* part) { return target.find(part) != std::string::npos; };
        if (has("/query_range?"))
            return success(R"({"resultType":"matrix","result":[{"metric":{},"values":)"
                           R"([[1000,"1"],[1060,"2"],[1090,"NaN"],[1120,"3"]]}]})");
        if (has("/rules?")) return success(rules());
        if (has("query=some_total")) return success(vector(R"([1767225600.1,"42.5"])"));
        if (has("query=zero")) return success(vector(R"([1767225600,"0"])"));
        if (has("query=two"))
            return success(R"({"resultType":"vector","result":[)"
                           R"({"metric":{"a":"1"},"value":[1,"1"]},)"
                           R"({"metric":{"a":"2"},"value":[1,"2"]}]})");
        return success(R"({"resultType":"vector","result":[]})");
    }

    static Reply success(const std::string& data) {
        return json_reply(R"({"status":"success","data":)" + data + "}");
    }

    static std::string vector(const std::string& value) {
        return R"({"resultType":"vector","result":[{"metric":{},"value":)" + value + "}]}";
    }

    std::string rules() {
        const std::lock_guard lock(mutex_);
        const bool firing = alarm_ == "firing";
        return R"({"groups":[{"name":"g","rules":[{"name":"errors","type":"alerting","state":")" +
               std::string(firing ? "firing" : "inactive") + R"(","alerts":[)" +
               (firing ? R"({"state":"firing","activeAt":"2026-01-01T00:00:00.5Z"})" : "") +
               "]}]}]}";
    }

    std::mutex mutex_;
    std::string alarm_ = "ok";
};

Value prometheus_settings(const Prometheus& prometheus) {
    return fields("url", prometheus.server.url(), "queries",
                  fields("some", fields("query", "some_total[{over}]", "unit", "percent"), "zero",
                         fields("query", "zero", "unit", "percent"), "none",
                         fields("query", "none", "unit", "percent"), "two", "two"));
}

}  // namespace

TEST_CASE("prometheus_conforms_to_the_metrics_family") {
    check_metrics_conformance([] {
        const auto prometheus = std::make_shared<Prometheus>();
        const auto rig = std::make_shared<DriverRig>(
            metrics_family, builtin_kind("metrics", "prometheus"), "metrics/site");
        REQUIRE(rig->make(prometheus_settings(*prometheus)).ok());
        return MetricsSubject{
            .rig = rig,
            .set_alarm = [prometheus](const std::string& state) { prometheus->set_alarm(state); },
            .place = prometheus};
    });
}

TEST_CASE("prometheus_conforms_to_the_metrics_family_by_a_real_server") {
    if (!has_program("prometheus") || !has_program("promtool")) return;
    check_metrics_conformance([] {
        const std::string recent = std::to_string(wall_now_s() - 30);
        const auto server = std::make_shared<PrometheusServer>(
            std::vector<std::string>{"# TYPE some gauge\nsome 1 1000\nsome 2 1060\nsome 3 1120\n",
                                     "# TYPE some gauge\nsome 42.5 " + recent +
                                         "\n# TYPE zero gauge\nzero 0 " + recent + "\n"});
        const auto rig = std::make_shared<DriverRig>(
            metrics_family, builtin_kind("metrics", "prometheus"), "metrics/site");
        REQUIRE(rig->make(fields("url", server->url(), "queries",
                                 fields("some", fields("query", "some", "unit", "percent"), "zero",
                                        fields("query", "zero", "unit", "percent"), "none",
                                        fields("query", "none", "unit", "percent"))))
                    .ok());
        const auto summed = rig->observe("query", fields("expression", "sum(some) + 1"));
        REQUIRE_MESSAGE(summed.ok(), (summed.ok() ? "" : summed.error().message));
        CHECK(summed->list().at(0)["value"].number() == 43.5);
        const auto wrong = rig->observe("query", fields("expression", "sum(some"));
        REQUIRE_FALSE(wrong.ok());
        CHECK_MESSAGE(wrong.error().message.find("parse error") != std::string::npos,
                      wrong.error().message);
        return MetricsSubject{
            .rig = rig,
            .set_alarm = [server](const std::string& state) { server->set_alarm(state); },
            .place = server};
    });
}

TEST_CASE("a_reading_of_several_series_is_refused") {
    Prometheus prometheus;
    DriverRig rig(metrics_family, builtin_kind("metrics", "prometheus"), "metrics/site");
    REQUIRE(rig.make(prometheus_settings(prometheus)).ok());
    const auto read = rig.observe("read", fields("name", "two"));
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().code == "bad_query");
    REQUIRE(rig.observe("read", fields("name", "some", "over", "10m")).ok());
    CHECK(prometheus.server.requests().back().target.find("some_total%5B600s%5D") !=
          std::string::npos);
}

}  // namespace perilune::test
