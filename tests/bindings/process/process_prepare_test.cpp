// Programs that are made ready while their intent is written: nothing of them without `act`.
#include <csignal>

#include <sys/wait.h>

#include "tests/bindings/process/local_rig.h"

using namespace perilune;
using namespace perilune::test;

namespace {

struct Prepared {
    std::string mark;
    std::string key = to_hex(random_bytes(16));
    Value arguments;
    Before before;
    std::optional<Call> call;

    Prepared(DriverRig& rig, const std::string& mark_path) : mark(mark_path) {
        arguments = program("marks", {mark});
        const auto found = rig.before("run", arguments);
        REQUIRE(found.ok());
        before = *found;
        auto made = rig.make_call("run", arguments);
        REQUIRE(made.ok());
        call.emplace(std::move(*made));
        call->key = key;
        REQUIRE(write_file_durably(mark + ".go", "").ok());
    }
};

}  // namespace

TEST_CASE("what_is_prepared_starts_with_its_act_and_not_before") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    Prepared prepared(rig, folder.path("mark"));
    rig.prepare(*prepared.call, prepared.before.state);
    REQUIRE(prepared.call->prepared);
    CHECK(eventually([&] { return run_is_held(runs_folder(folder), prepared.key); }));
    ::usleep(50000);
    CHECK(content(prepared.mark) == "");
    CHECK(content(only_log(folder)) == "");
    const Outcome outcome = rig.act(*prepared.call, prepared.before.state);
    CHECK_MESSAGE(outcome.kind == Outcome::Kind::done, outcome.error.message);
    CHECK(outcome.value["output"].text() == "output\n");
    CHECK(content(prepared.mark) == "begun\nended\n");
    CHECK(eventually([&] { return !run_is_held(runs_folder(folder), prepared.key); }));
}

TEST_CASE("the_log_says_starting_then_running_then_ended") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    REQUIRE(rig.change("run", program("say", {"x"})).ok());
    const std::string log = content(only_log(folder));
    std::vector<std::size_t> places;
    for (const char* state : {"\"starting\"", "\"running\"", "\"ended\""}) {
        places.push_back(log.find(state));
        REQUIRE(places.back() != std::string::npos);
        CHECK(log.find(state, places.back() + 1) == std::string::npos);
    }
    CHECK(std::is_sorted(places.begin(), places.end()));
}

TEST_CASE("a_dropped_preparation_leaves_no_process_no_lock_and_no_line") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    Prepared prepared(rig, folder.path("mark"));
    rig.prepare(*prepared.call, prepared.before.state);
    CHECK(eventually([&] { return run_is_held(runs_folder(folder), prepared.key); }));
    prepared.call->prepared.reset();
    // The process that waited held the lock, too.
    CHECK(eventually([&] { return !run_is_held(runs_folder(folder), prepared.key); }));
    CHECK(content(prepared.mark) == "");
    CHECK(content(only_log(folder)) == "");
    CHECK(rig.look("run", prepared.arguments, prepared.key, prepared.before.state).kind ==
          Sighting::Kind::did_not);
    // It may be started after all.
    const Outcome outcome = rig.act(*prepared.call, prepared.before.state);
    CHECK(outcome.kind == Outcome::Kind::done);
    CHECK(content(prepared.mark) == "begun\nended\n");
}

TEST_CASE("a_host_killed_between_preparing_and_acting_has_started_nothing") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    Prepared prepared(rig, folder.path("mark"));
    const pid_t host = ::fork();
    REQUIRE(host >= 0);
    if (host == 0) {
        DriverRig other = make_rig(folder);
        Call call = *prepared.call;
        const auto before = other.before("run", prepared.arguments);
        if (before) other.prepare(call, before->state);
        for (;;) ::pause();
    }
    CHECK(eventually([&] { return run_is_held(runs_folder(folder), prepared.key); }));
    ::usleep(20000);
    ::kill(host, SIGKILL);
    ::waitpid(host, nullptr, 0);
    CHECK(eventually([&] { return !run_is_held(runs_folder(folder), prepared.key); }));
    CHECK(content(prepared.mark) == "");
    CHECK(rig.look("run", prepared.arguments, prepared.key, prepared.before.state).kind ==
          Sighting::Kind::did_not);
}

TEST_CASE("a_program_that_needs_a_secret_is_not_prepared") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    const Value arguments =
        program("environment").set("environment", Value().set("GIVEN", make_secret("given")));
    const auto before = rig.before("run", arguments);
    REQUIRE(before.ok());
    auto call = rig.make_call("run", arguments);
    REQUIRE(call.ok());
    call->key = to_hex(random_bytes(16));
    rig.prepare(*call, before->state);
    CHECK_FALSE(call->prepared);
    CHECK(rig.act(*call, before->state).value["output"].text().find("GIVEN=GIVEN") !=
          std::string::npos);
}
