// The crontab driver: the family's conformance, and what is its own.
#include <thread>

#include <doctest/doctest.h>

#include "bindings/schedule/schedule.h"
#include "interpreter/base/units.h"
#include "tests/support/temporary_folder.h"
#include "tests/bindings/schedule/schedule_conformance.h"

using namespace perilune;
using namespace perilune::test;

namespace {

constexpr std::string_view two_jobs =
    "# two jobs\n"
    "# job: first\n"
    "0 2 * * * /usr/local/bin/first\n"
    "# job: second\n"
    "*/10 * * * * /usr/local/bin/second\n";

class CrontabRig {
public:
    explicit CrontabRig(Value more = Map{})
        : calls(loop, schedule_family, make(std::move(more)), "schedule/jobs") {}

    void log(const std::string& line, const char* end = "\n") {
        lines_ += line + end;
        folder.write("log", lines_);
    }

    TemporaryFolder folder;
    LoopRig loop;
    CallRig calls;

private:
    Driver make(Value values) {
        folder.write("crontab", two_jobs);
        Services services{.loop = loop.loop()};
        values.set("path", "crontab");
        auto driver = crontab_kind.make({"schedule/jobs", values, folder.path()}, services);
        if (!driver) throw std::runtime_error(driver.error().message);
        return std::move(*driver);
    }

    std::string lines_;
};

Value with_log() { return named("log", "log"); }

// A runner that writes down its arguments in the test's folder and ends with the code given.
Value with_runner(const std::string& code) {
    const std::string script = "echo \"$1|$2|$3\" >> \"$4\"; exit " + code;
    return with_log().set("runner", List{"/bin/sh", "-c", script, "sh", "{job}", "{destination}",
                                         "{for_at}", "{out}"});
}

Value span(const std::string& job, const std::string& since, const std::string& to) {
    return named("job", job).set("since", since).set("to", to);
}

}  // namespace

TEST_CASE("crontab_conforms_to_the_schedule_family") {
    CrontabRig rig;
    check_schedule_conformance(rig.calls, "/usr/local/bin/third");
}

TEST_CASE("lacks_what_it_is_not_configured_for") {
    CHECK_FALSE(CrontabRig().calls.has("runs"));
    CHECK_FALSE(CrontabRig(with_log()).calls.has("run_now"));
    CrontabRig whole(with_log().set("runner", List{"/bin/true"}));
    for (const auto operation : crontab_kind.operations)
        CHECK_MESSAGE(whole.calls.has(operation), operation);
}

TEST_CASE("a_pause_and_its_undo_leave_the_file_byte_for_byte") {
    CrontabRig rig;
    done(rig.calls, "pause", named("jobs", "all").set("reason", "region outage"));
    CHECK(rig.folder.read("crontab").find("# pause reason: region outage\n") != std::string::npos);
    REQUIRE(rig.calls.undo().ok());
    CHECK(rig.folder.read("crontab") == two_jobs);
}

TEST_CASE("a_job_that_came_after_the_question_is_not_paused") {
    CrontabRig rig;
    done(rig.calls, "pause", named("jobs", "all"));
    const auto made = rig.calls.last();
    REQUIRE(rig.calls.undo().ok());
    done(rig.calls, "upsert",
         named("job", "late").set("cron", "@daily").set("destination", "/bin/late"));
    rig.calls.last() = made;
    REQUIRE(rig.calls.act_again().ok());
    CHECK(state_of_job(rig.calls, "first") == "paused");
    CHECK(state_of_job(rig.calls, "late") == "active");
}

TEST_CASE("lists_runs_newest_first_and_the_last_beginning") {
    CrontabRig rig(with_log());
    CHECK(done(rig.calls, "runs", named("job", "first").set("since", 0)).list().empty());
    rig.log(R"({"job":"first","for_at":100,"started_at":100.5,"state":"running"})");
    rig.log(R"({"job":"second","started_at":"1970-01-01T00:03:20Z","state":"running"})");
    rig.log(R"({"job":"first","started_at":100.5,"ended_at":130,"state":"succeeded"})");
    rig.log(R"({"job":"first","for_at":300,"started_at":301,"ended_at":302,"state":"failed"})");
    rig.log("{\"job\":\"first\",\"sta", "");  // Being written.
    const Value runs = done(rig.calls, "runs", named("job", "first").set("since", 0));
    REQUIRE(runs.list().size() == 2);
    CHECK(runs.list()[0]["state"].text() == "failed");
    CHECK(runs.list()[1]["for_at"].number() == 100);
    CHECK(runs.list()[1]["ended_at"].number() == 130);
    CHECK(done(rig.calls, "get", named("job", "first"))["last_at"].number() == 301);
    CHECK(done(rig.calls, "get", named("job", "second"))["last_at"].number() == 200);
    CHECK(done(rig.calls, "runs", named("job", "first").set("since", 0).set("limit", 1))
              .list()
              .size() == 1);
}

TEST_CASE("a_log_it_cannot_read_is_refused_with_the_line") {
    CrontabRig rig(with_log());
    rig.log(R"({"job":"first","started_at":1,"state":"running"})");
    rig.log("what is this");
    rig.log(R"({"job":"first","started_at":2,"state":"running"})");
    refused(rig.calls, "runs", named("job", "first").set("since", 0), "bad_log");
    CHECK(rig.calls.call("list").error().message.find("log:2: ") != std::string::npos);
}

TEST_CASE("finds_the_times_at_which_a_job_did_not_begin") {
    CrontabRig rig(with_log());
    const auto at = [](const char* text) { return std::to_string(*parse_time(text)); };
    rig.log("{\"job\":\"first\",\"started_at\":" + at("2026-03-02T02:00:40Z") +
            ",\"state\":\"running\"}");
    rig.log("{\"job\":\"first\",\"for_at\":" + at("2026-03-03T02:00:00Z") +
            ",\"started_at\":" + at("2026-03-03T09:00:00Z") + ",\"state\":\"running\"}");
    rig.log("{\"job\":\"first\",\"started_at\":" + at("2026-03-04T02:05:00Z") +
            ",\"state\":\"running\"}");
    const Value missed =
        done(rig.calls, "missed", span("first", "2026-03-01T02:00:00Z", "2026-03-05T02:00:00Z"));
    CHECK(missed ==
          Value(List{*parse_time("2026-03-01T02:00:00Z"), *parse_time("2026-03-04T02:00:00Z")}));
    refused(rig.calls, "missed", named("job", "none").set("since", 0), "not_found");
}

TEST_CASE("waits_until_the_jobs_are_idle") {
    CrontabRig rig(with_log());
    rig.log(R"({"job":"first","started_at":100,"state":"running"})");
    CHECK(done(rig.calls, "wait_idle", named("jobs", List{"second"}).set("within", "1s"))
              .list()
              .size() == 1);
    const auto waited = rig.calls.call("wait_idle", named("jobs", "all").set("within", "300ms"));
    REQUIRE_FALSE(waited.ok());
    CHECK(waited.error().code == "timed_out");
    CHECK(waited.error().retry == Retry::safe);
    CHECK(waited.error().message.find("first since 100") != std::string::npos);
    std::thread ends(
        [&] { rig.log(R"({"job":"first","started_at":100,"ended_at":101,"state":"succeeded"})"); });
    CHECK(done(rig.calls, "wait_idle", named("jobs", "all").set("within", "20s")).list().size() ==
          2);
    ends.join();
}

TEST_CASE("executes_a_job_once_for_each_time_it_stands_for") {
    TemporaryFolder out;
    Value settings = with_runner("0");
    List words = settings["runner"].list();
    words.back() = out.path("ran");
    CrontabRig rig(settings.set("runner", words));
    const Value asked = named("job", "first").set("for_at", "2026-03-01T02:00:00Z");
    const Value run = done(rig.calls, "run_now", asked);
    CHECK(run["state"].text() == "succeeded");
    CHECK(run["changed"].boolean());
    CHECK(run["for_at"].number() == *parse_time("2026-03-01T02:00:00Z"));
    const std::string line = "first|/usr/local/bin/first|1772330400\n";
    CHECK(out.read("ran") == line);
    CHECK_FALSE(done(rig.calls, "run_now", asked)["changed"].boolean());
    CHECK(out.read("ran") == line);
    done(rig.calls, "run_now", Value(asked).set("for_at", "2026-03-02T02:00:00Z"));
    CHECK(out.read("ran").size() == 2 * line.size());
}

TEST_CASE("a_repeated_call_finds_its_own_run") {
    TemporaryFolder out;
    Value settings = with_runner("3");
    List words = settings["runner"].list();
    words.back() = out.path("ran");
    CrontabRig rig(settings.set("runner", words));
    const Value run = done(rig.calls, "run_now", named("job", "first"));
    CHECK(run["state"].text() == "failed");
    const std::string once = out.read("ran");
    const auto again = rig.calls.act_again();
    REQUIRE(again.ok());
    CHECK(*again == run);
    CHECK(out.read("ran") == once);
}

TEST_CASE("a_run_that_began_before_a_crash_is_in_doubt") {
    CrontabRig rig(with_log().set("runner", List{"/bin/true"}));
    done(rig.calls, "run_now", named("job", "first"));
    const std::string key = rig.calls.last().call.key;
    rig.log("{\"job\":\"first\",\"started_at\":5,\"state\":\"running\",\"key\":\"" + key + "\"}");
    const auto again = rig.calls.act_again();
    REQUIRE_FALSE(again.ok());
    CHECK(rig.calls.last().outcome.kind == Outcome::Kind::unknown);
    refused(rig.calls, "run_now", named("job", "first").set("for_at", 5), "still_running");
}

TEST_CASE("a_runner_that_does_not_start_leaves_no_run") {
    CrontabRig rig(with_log().set("runner", List{"/nowhere/runner"}));
    refused(rig.calls, "run_now", named("job", "first").set("for_at", 5), "not_started");
    CHECK(done(rig.calls, "runs", named("job", "first").set("since", 0)).list().empty());
}

TEST_CASE("refuses_settings_it_could_not_use") {
    LoopRig loop;
    Services services{.loop = loop.loop()};
    const auto makes = [&](Value values) {
        values.set("path", "crontab");
        return crontab_kind.make({"schedule/jobs", values, "/"}, services).ok();
    };
    CHECK(makes(Map{}));
    CHECK_FALSE(makes(named("time_zone", "Mars/Olympus")));
    CHECK_FALSE(makes(named("runner", List{"/bin/true"})));
    CHECK_FALSE(makes(with_log().set("runner", List{"true"})));
}

TEST_CASE("every_schedule_operation_is_documented_to_its_last_parameter") {
    for (const auto& operation : schedule_family.operations) {
        CHECK_MESSAGE(!operation.doc.empty(), operation.name);
        const bool change = operation.effect == Effect::change;
        CHECK_MESSAGE(change == (operation.recovery != Recovery::none), operation.name);
        CHECK_MESSAGE(change != operation.undo.empty(), operation.name);
        for (const auto& parameter : operation.used_parameters())
            CHECK_MESSAGE(!parameter.doc.empty(), operation.name << " " << parameter.name);
    }
}
