// The metrics driver http_json: its suite, its settings, and what a strange endpoint gives.
#include <atomic>
#include <mutex>

#include <doctest/doctest.h>

#include "bindings/metrics/metrics.h"
#include "interpreter/base/json.h"
#include "tests/support/http_server.h"
#include "tests/support/metrics_conformance.h"

namespace perilune::test {

namespace {

// A place that measures: answers from a table of paths.
struct Place {
    Place() {
        server.answer([this](const ServedRequest& request) {
            const std::lock_guard lock(mutex);
            const auto found = answers.find(request.target);
            Reply reply;
            reply.status = found == answers.end() ? 404 : 200;
            if (found != answers.end()) reply.body = found->second;
            return reply;
        });
    }
    void set(const std::string& target, const std::string& body) {
        const std::lock_guard lock(mutex);
        answers[target] = body;
    }
    std::mutex mutex;
    std::map<std::string, std::string> answers;
    HttpServer server;
};

Value query_at(const std::string& path, const std::string& field = "value") {
    return fields("path", path, "field", field, "unit", "percent");
}

Value settings_of(const Place& place) {
    Value some = query_at("/read?name=some", "data.result[0].value[1]");
    some.set("range", fields("path", "/range?from={since}&to={to}&step={step_s}", "list", "points",
                             "at", "[0]", "value", "[1]"));
    return fields(
        "url", place.server.url() + "/api", "queries",
        fields("some", some, "zero", query_at("/zero?over={over_s}"), "none", query_at("/none")));
}

std::string alarm_list(const std::string& state) {
    return R"({"items":[{"n":"errors","s":")" + state + R"(","t":"2026-01-01T00:00:00Z"},)" +
           R"({"n":"latency","s":"weird","t":1767225600000}]})";
}

Value alarm_settings() {
    return fields("path", "/alarms", "list", "items", "name", "n", "state", "s", "since", "t",
                  "firing", List{Value("ALARM"), Value("firing")}, "ok", "ok");
}

struct Site {
    explicit Site(Value settings = Value()) : rig(metrics_family, http_json_kind, "metrics/site") {
        Value all = settings_of(place);
        for (const auto& [name, value] : settings.map()) all.set(name, value);
        const auto made = rig.make(all);
        REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message));
    }
    Place place;
    DriverRig rig;
};

}  // namespace

TEST_CASE("http_json_conforms_to_the_metrics_family") {
    check_metrics_conformance([] {
        const auto place = std::make_shared<Place>();
        place->set("/api/read?name=some", R"({"data":{"result":[{"value":[1767225600,"42.5"]}]}})");
        place->set("/api/zero?over=60", R"({"value":0})");
        place->set("/api/none", R"({"value":null})");
        place->set("/api/range?from=1000&to=1120&step=60",
                   R"({"points":[[1060,2],[1000,"1"],[1090,"NaN"],[1120,3]]})");
        Value settings = settings_of(*place);
        settings.set("alarms", alarm_settings());
        const auto rig =
            std::make_shared<DriverRig>(metrics_family, http_json_kind, "metrics/site");
        REQUIRE(rig->make(settings).ok());
        return MetricsSubject{
            .rig = rig,
            .set_alarm =
                [place](const std::string& state) { place->set("/api/alarms", alarm_list(state)); },
            .place = place};
    });
}

TEST_CASE("has_only_the_operations_that_the_environment_describes") {
    Site bare;
    CHECK(bare.rig.has("read"));
    CHECK(bare.rig.has("range"));
    for (const auto* name : {"alarms", "wait_clear", "beat", "annotate"})
        CHECK_FALSE(bare.rig.has(name));
    Site full(fields("alarms", alarm_settings(), "heartbeats",
                     fields("backup", fields("path", "/beat")), "annotate",
                     fields("path", "/marks")));
    for (const auto& name : http_json_kind.operations)
        CHECK_MESSAGE(full.rig.has(std::string(name)), name);
}

TEST_CASE("tells_empty_from_zero_in_every_form") {
    Site site(fields("queries", fields("q", query_at("/q", "v"))));
    const auto read = [&](const std::string& body) {
        site.place.set("/api/q", body);
        return site.rig.observe("read", fields("name", "q"));
    };
    for (const auto* body :
         {"{}", R"({"v":null})", R"({"v":[]})", R"({"v":"NaN"})", R"({"v":""})", "[]", "null"}) {
        CAPTURE(body);
        const auto reading = read(body);
        REQUIRE(reading.ok());
        CHECK((*reading)["empty"].boolean());
        CHECK_FALSE(reading->has("value"));
        CHECK((*reading)["samples"].number() == 0);
    }
    for (const auto* body : {R"({"v":0})", R"({"v":"0"})", R"({"v":-0.0})", R"({"v":"0.00"})"}) {
        CAPTURE(body);
        const auto reading = read(body);
        REQUIRE(reading.ok());
        CHECK_FALSE((*reading)["empty"].boolean());
        CHECK(reading->has("value"));
        CHECK((*reading)["value"].number() == 0);
    }
    for (const auto* body : {R"({"v":"high"})", R"({"v":[1]})", R"({"v":{"a":1}})", R"({"v":true})",
                             R"({"v":"12abc"})"}) {
        CAPTURE(body);
        CHECK(read(body).error().code == "bad_answer");
    }
    CHECK(read("<html>").error().code == "bad_answer");
}

TEST_CASE("reads_time_and_samples_where_the_place_gives_them") {
    Value query = query_at("/q?at={at}&ms={at_ms}&over={over_s}", "v");
    query.set("timestamp_field", "t").set("samples_field", "n");
    Site site(fields("queries", fields("q", query)));
    site.place.set("/api/q?at=1767225600&ms=1767225600000&over=600",
                   R"({"v":"1.5","t":"2026-01-01T00:00:05Z","n":12})");
    const auto reading =
        site.rig.observe("read", fields("name", "q", "at", "2026-01-01T00:00:00Z", "over", "10m"));
    REQUIRE(reading.ok());
    CHECK((*reading)["value"].number() == 1.5);
    CHECK((*reading)["at"].number() == 1767225605);
    CHECK((*reading)["samples"].number() == 12);
    Site plain;
    const auto past = plain.rig.observe("read", fields("name", "zero", "at", 1767225600));
    CHECK(past.error().code == "not_supported");
    const auto range = plain.rig.observe("range", fields("name", "zero", "since", 0, "step", 1));
    CHECK(range.error().code == "not_supported");
}

TEST_CASE("names_what_is_wrong_in_nested_settings") {
    const Place place;
    const auto message = [&](const Value& changed) {
        Value settings = settings_of(place);
        for (const auto& [name, value] : changed.map()) settings.set(name, value);
        DriverRig rig(metrics_family, http_json_kind, "metrics/site");
        const auto made = rig.make(settings);
        return made.ok() ? std::string("made") : made.error().code + ": " + made.error().message;
    };
    const auto with = [&](const char* name, const Value& value) {
        Value query = query_at("/q");
        return message(fields("queries", fields("q", query.set(name, value))));
    };
    const auto says = [](const std::string& text, const std::string& part) {
        CHECK_MESSAGE(text.find("bad_setting") == 0, text);
        CHECK_MESSAGE(text.find(part) != std::string::npos, text);
    };
    CHECK(message(fields()) == "made");
    says(message(fields("queries", fields())), "queries names none");
    says(message(fields("queries", fields("q", 5))), "queries.q must be a table");
    says(message(fields("queries", fields("q", fields("path", "/q", "unit", "s")))),
         "queries.q.field is missing");
    says(with("fieldd", "x"), "queries.q.fieldd is not known. Did you mean \"field\"?");
    says(with("field", "a..b"), "queries.q.field \"a..b\" names no field");
    says(with("unit", 5), "queries.q.unit must be text");
    says(with("path", "q"), "does not begin with a slash");
    says(with("path", "//evil.example/"), "queries.q.path");
    says(with("path", "/q?x={job}"), "holds {job}, which is not filled in here");
    says(with("path", "/q?x={since}"), "holds {since}");
    says(with("range", fields("path", "/r", "list", "l", "at", "t")),
         "queries.q.range.value is missing");
    says(message(fields("alarms", fields("path", "/a"))), "alarms.name is missing");
    Value alarms = alarm_settings();
    says(message(fields("alarms", alarms.set("absent", "fine"))), "alarms.absent");
    says(message(fields("heartbeats", fields("b", fields("path", "/b", "method", "DELETE")))),
         "heartbeats.b.method");
    says(message(fields("annotate", fields("path", "/a", "idfield", "id"))), "annotate.idfield");
    says(message(fields("headers", fields("Host", "evil"))), "Host");
    says(message(fields("url", "metrics.example")), "url of metrics/site");
}

TEST_CASE("reads_all_alarms_and_the_worst_of_one_name") {
    Value described = alarm_settings();
    Site site(fields("alarms", described.set("absent", "ok")));
    site.place.set(
        "/api/alarms",
        R"({"items":[{"n":"a","s":"ok"},{"n":"a","s":"ALARM","t":5},{"n":"b","s":"?"}]})");
    const auto all = site.rig.observe("alarms", fields());
    REQUIRE(all.ok());
    REQUIRE(all->list().size() == 2);
    CHECK(all->list()[0]["state"].text() == "firing");
    CHECK(all->list()[0]["since_at"].number() == 5);
    CHECK(all->list()[1]["state"].text() == "unknown");
    CHECK_FALSE(all->list()[1].has("since_at"));
    const auto absent = site.rig.observe("alarms", fields("names", List{Value("gone")}));
    CHECK(absent->list()[0]["state"].text() == "ok");
    site.place.set("/api/alarms", R"({"entries":[]})");
    CHECK(site.rig.observe("alarms", fields()).error().code == "bad_answer");
}

TEST_CASE("waits_anew_when_an_alarm_comes_back") {
    Value described = alarm_settings();
    Site site(fields("alarms", described));
    std::atomic<int> asked = 0;
    std::atomic<double> fired_at_s = 0;
    // Clear, then firing again, then clear for good.
    site.place.server.answer([&](const ServedRequest&) {
        const bool fires = asked++ == 3;
        if (fires) fired_at_s = boot_now_s();
        Reply reply;
        reply.body = alarm_list(fires ? "ALARM" : "ok");
        return reply;
    });
    const auto clear = site.rig.observe(
        "wait_clear",
        fields("names", List{Value("errors")}, "clear_for", "500ms", "within", "20s"));
    REQUIRE(clear.ok());
    CHECK(fired_at_s > 0);
    CHECK(boot_now_s() - fired_at_s >= 0.5);
}

TEST_CASE("beats_and_annotates") {
    Site site(fields("heartbeats",
                     fields("backup", fields("path", make_secret("BEAT"), "failed_path", "/f"),
                            "report", fields("path", "/report", "method", "GET")),
                     "annotate", fields("path", "/marks", "id_field", "mark.id")));
    site.rig.secrets["BEAT"] = "/beat/T0KEN";
    site.place.set("/api/beat/T0KEN", "OK");
    site.place.set("/api/f", "");
    site.place.set("/api/report", "OK");
    site.place.set("/api/marks", R"({"mark":{"id":7}})");
    const auto beat = [&](const char* name, const char* state) {
        return site.rig.change("beat", fields("heartbeat", name, "state", state));
    };
    REQUIRE(beat("backup", "ok").kind() == "done");
    CHECK(site.place.server.requests().back().target == "/api/beat/T0KEN");
    CHECK(beat("backup", "failed").outcome.value["changed"].boolean());
    CHECK(site.place.server.requests().back().target == "/api/f");
    CHECK(beat("report", "ok").done());
    CHECK(site.place.server.requests().back().method == "GET");
    CHECK(beat("report", "failed").error().code == "not_supported");
    CHECK(beat("bakup", "ok").error().code == "unknown_heartbeat");
    const Changed mark = site.rig.change(
        "annotate", fields("title", "Failed over", "tags", List{Value("dr")}, "at", 1767225600),
        "key7");
    REQUIRE(mark.done());
    CHECK(mark.outcome.value["id"].text() == "7");
    const auto sent = site.place.server.requests().back();
    CHECK(sent.headers.at("idempotency-key") == "key7");
    CHECK(from_json(sent.body).value()["title"].text() == "Failed over");
    CHECK(from_json(sent.body).value()["at"].number() == 1767225600);
}

TEST_CASE("is_honest_about_a_beat_whose_answer_is_lost") {
    Site site(fields("heartbeats", fields("backup", fields("path", "/beat"))));
    const Value wish = fields("heartbeat", "backup");
    site.place.server.reply({.manner = Reply::Manner::drop});
    CHECK(site.rig.change("beat", wish).kind() == "unknown");
    site.place.server.reply({.status = 502});
    CHECK(site.rig.change("beat", wish).kind() == "unknown");
    site.place.server.reply({.status = 429, .headers = {{"Retry-After", "3"}}});
    const Changed busy = site.rig.change("beat", wish);
    CHECK(busy.kind() == "not_sent");
    CHECK(busy.outcome.retry_after_s == 3);
    site.place.server.reply({.status = 401});
    CHECK(site.rig.change("beat", wish).kind() == "failed");
    CHECK(site.place.server.count() == 4);
    site.place.server.reply({.status = 503});
    CHECK(site.rig.observe("read", fields("name", "zero")).error().retry == Retry::safe);
    site.place.server.reply({.status = 403});
    CHECK(site.rig.observe("read", fields("name", "zero")).error().retry == Retry::never);
}

}  // namespace perilune::test
