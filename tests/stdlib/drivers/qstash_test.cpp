// The driver for QStash against a double that checks every request by the published document.
#include <doctest/doctest.h>

#include "bindings/schedule/schedule.h"
#include "interpreter/base/json.h"
#include "tests/bindings/schedule/schedule_conformance.h"
#include "tests/interpreter/driver/lua_rig.h"
#include "tests/services/double.h"

namespace perilune::test {

namespace {

struct QStash {
    QStash() {
        Services services{.loop = loop.loop()};
        services.http = &loop.http();
        services.keep_secret = [this](const std::string& name, const std::string& value) {
            rig->secrets[name] = value;
            return make_secret(name, "(host)");
        };
        const Settings settings = {
            .target = "schedule/jobs",
            .values = fields("url", qstash.url(), "token", make_secret("KEY")),
            .folder = "/"};
        auto made = make_driver(builtin_kind("schedule", "qstash"), settings, services);
        REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message));
        rig = std::make_unique<CallRig>(loop, schedule_family, std::move(*made), "schedule/jobs");
        rig->secrets["KEY"] = Double::token;
    }
    Value schedule(const std::string& name) const {
        const Value state = qstash.state();
        for (const auto& one : state["schedules"].list())
            if (one["scheduleId"].text() == name) return one;
        return {};
    }
    // Gives "first" a body and headers of its own.
    void dress() const {
        Value state = qstash.state();
        List schedules = state["schedules"].list();
        for (auto& one : schedules)
            if (one["scheduleId"].text() == "first")
                one.set("method", "PUT")
                    .set("body", "canary-of-the-body")
                    .set("retries", 5)
                    .set("header", fields("x-key", List{"canary-of-the-header"}, "content-type",
                                          List{"text/plain"}));
        qstash.set_state(Value().set("schedules", schedules));
    }
    Double qstash{"qstash"};
    LoopRig loop;
    std::unique_ptr<CallRig> rig;
};

const std::string destination = "https://shop.example.com/api/jobs/third";

}  // namespace

TEST_CASE("qstash_conforms_to_the_schedule_family") {
    if (!has_doubles()) return;
    QStash qstash;
    check_schedule_conformance(*qstash.rig, destination);
}

TEST_CASE("qstash_keeps_what_a_schedule_sends_when_its_time_is_changed") {
    if (!has_doubles()) return;
    QStash qstash;
    qstash.dress();
    const Value first = qstash.schedule("first");
    const Value made = done(*qstash.rig, "upsert",
                            fields("job", "first", "cron", "5 4 * * *", "time_zone", "Europe/Paris",
                                   "destination", first["destination"]));
    CHECK(made["time_zone"].text() == "Europe/Paris");
    const Value after = qstash.schedule("first");
    CHECK(after["cron"].text() == "CRON_TZ=Europe/Paris 5 4 * * *");
    for (const auto* field : {"body", "method", "header", "retries"})
        CHECK(after[field] == first[field]);
    CHECK(to_json(qstash.rig->last().before.state).find("canary") == std::string::npos);
    REQUIRE(qstash.rig->undo().ok());
    CHECK(qstash.schedule("first")["cron"].text() == "0 * * * *");
    CHECK(qstash.schedule("first")["body"] == first["body"]);
    done(*qstash.rig, "delete", named("job", "first"));
    const auto undone = qstash.rig->undo();
    REQUIRE_FALSE(undone.ok());
    CHECK(undone.error().code == "nothing_to_undo");
}

TEST_CASE("qstash_executes_a_job_once_for_one_time") {
    if (!has_doubles()) return;
    QStash qstash;
    qstash.dress();
    const Value call = fields("job", "first", "for_at", 1767225600);
    qstash.qstash.fault({.path = "/v2/publish/"});
    CHECK_FALSE(qstash.rig->call("run_now", call).ok());
    CHECK(qstash.rig->last().outcome.kind == Outcome::Kind::unknown);
    const auto again = qstash.rig->act_again();
    REQUIRE_MESSAGE(again.ok(), (again.ok() ? "" : again.error().message));
    CHECK((*again)["state"].text() == "succeeded");
    CHECK((*again)["for_at"].number() == 1767225600);
    CHECK((*again)["ended_at"].number() > (*again)["started_at"].number());
    const Value twice = done(*qstash.rig, "run_now", call);
    CHECK_FALSE(twice["changed"].boolean());
    CHECK(qstash.qstash.changes() == 1);
    const Value sent = qstash.qstash.state()["logs"].list()[0];
    CHECK(sent["body"].text() == "canary-of-the-body");
    CHECK(sent["method"].text() == "PUT");

    qstash.qstash.set_state(named("outcome", "FAILED"));
    const Value failed = done(*qstash.rig, "run_now", named("job", "second"));
    CHECK(failed["state"].text() == "failed");
    CHECK(failed["changed"].boolean());
    refused(*qstash.rig, "run_now", named("job", "none"), "not_found");
}

TEST_CASE("qstash_lists_the_runs_of_a_job_from_every_page_of_its_log") {
    if (!has_doubles()) return;
    QStash qstash;
    List logs;
    for (const auto* message : {"a", "b", "c"}) {
        const double at = 1767225600000 + 60000.0 * (message[0] - 'a');
        for (const auto& [state, offset] : {std::pair{"CREATED", 0.0},
                                            {"ERROR", 1000.0},
                                            {message[0] == 'c' ? "RETRY" : "DELIVERED", 5000.0}})
            logs.push_back(fields("messageId", message, "time", at + offset, "state", state,
                                  "scheduleId", "first", "label", "", "key", "", "url", "u"));
    }
    qstash.qstash.set_state(Value().set("logs", logs));
    const Value runs =
        done(*qstash.rig, "runs", fields("job", "first", "since", 1767225600, "limit", 2));
    REQUIRE(runs.list().size() == 2);
    CHECK(runs.list()[0]["state"].text() == "running");
    CHECK(runs.list()[1]["state"].text() == "succeeded");
    CHECK(runs.list()[1]["started_at"].number() == 1767225660);
    CHECK(runs.list()[1]["ended_at"].number() == 1767225665);
}

TEST_CASE("qstash_proves_what_was_not_executed_and_names_refused_credentials") {
    if (!has_doubles()) return;
    QStash qstash;
    qstash.qstash.fault(throttled("POST", "/pause"));
    CHECK_FALSE(qstash.rig->call("pause", named("jobs", List{"first"})).ok());
    CHECK(qstash.rig->last().outcome.kind == Outcome::Kind::not_sent);
    CHECK(qstash.rig->act_again().ok());
    qstash.qstash.fault({.path = "/resume"});
    CHECK_FALSE(qstash.rig->call("resume", named("jobs", "all")).ok());
    CHECK(qstash.rig->last().outcome.kind == Outcome::Kind::unknown);
    CHECK((*qstash.rig->act_again())["resumed"] == Value(List{"first"}));
    qstash.rig->secrets["KEY"] = "canary-of-the-token";
    const auto read = qstash.rig->call("list");
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().code == "credentials_refused");
    CHECK(read.error().message.find("canary") == std::string::npos);
}

}  // namespace perilune::test
