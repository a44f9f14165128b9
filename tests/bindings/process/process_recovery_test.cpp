// The local driver after a host or a keeper was killed: one start for one intent, and no guess.
#include <csignal>
#include <filesystem>

#include <sys/wait.h>

#include "tests/bindings/process/local_rig.h"

using namespace perilune;
using namespace perilune::test;

namespace {

// Acts on an intent in another process, which is killed by SIGKILL once the program has begun.
void act_in_a_host_that_is_killed(const TemporaryFolder& folder, const Value& call,
                                  const std::string& key, const std::string& mark) {
    const pid_t host = ::fork();
    REQUIRE(host >= 0);
    if (host == 0) {
        DriverRig rig = make_rig(folder);
        rig.change("run", call, key);
        ::_exit(0);
    }
    CHECK(eventually([&] { return content(mark).find("begun") != std::string::npos; }));
    ::kill(host, SIGKILL);
    ::waitpid(host, nullptr, 0);
}

}  // namespace

TEST_CASE("waits_for_a_program_whose_host_was_killed_and_reads_how_it_ended") {
    const TemporaryFolder folder;
    const std::string mark = folder.path() + "/mark";
    const std::string key = to_hex(random_bytes(16));
    const Value call = program("marks", {mark});
    act_in_a_host_that_is_killed(folder, call, key, mark);

    DriverRig rig = make_rig(folder);
    const auto before = rig.before("run", call);
    REQUIRE(before.ok());
    const Sighting still = rig.look("run", call, key, before->state, 0.3);
    CHECK(still.kind == Sighting::Kind::cannot_tell);
    CHECK(still.evidence.find("still runs") != std::string::npos);
    // Acting again beside it is refused: it would be a second start.
    Changed first;
    first.key = key;
    first.before = *before;
    CHECK(rig.act_again("run", call, first).kind == Outcome::Kind::unknown);

    rig.loop().start_timer(boot_now_s() + 0.2,
                           [&] { CHECK(write_file_durably(mark + ".go", "").ok()); });
    const Sighting seen = rig.look("run", call, key, before->state);
    CHECK(seen.kind == Sighting::Kind::happened);
    CHECK(seen.value["output"].text() == "output\n");
    CHECK(content(mark) == "begun\nended\n");
    CHECK(rig.act_again("run", call, first).kind == Outcome::Kind::done);
    CHECK(content(mark) == "begun\nended\n");
}

TEST_CASE("answers_with_the_recorded_failure_instead_of_a_second_start") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    const Changed made = rig.change("run", program("fail"));
    const Sighting seen = rig.look("run", program("fail"), made.key, made.before.state);
    CHECK(seen.kind == Sighting::Kind::did_not);
    CHECK(seen.evidence.find("exit code 3") != std::string::npos);
    const std::string log = content(only_log(folder));
    const Outcome again = rig.act_again("run", program("fail"), made);
    CHECK(again.kind == Outcome::Kind::failed);
    CHECK(again.error.code == "exit_status");
    CHECK(again.left_some);
    CHECK(content(only_log(folder)) == log);
}

TEST_CASE("cannot_tell_how_a_program_ended_whose_keeper_was_killed_too") {
    const TemporaryFolder folder;
    const std::string mark = folder.path() + "/mark";
    const std::string key = to_hex(random_bytes(16));
    const Value call = program("marks", {mark});
    act_in_a_host_that_is_killed(folder, call, key, mark);
    std::optional<KeptStatus> status;
    REQUIRE(eventually([&] {
        status = find_run(runs_folder(folder), key);
        return status && status->state == KeptStatus::State::running;
    }));
    REQUIRE(::kill(status->keeper_pid, SIGKILL) == 0);
    CHECK(run_is_held(runs_folder(folder), key));  // The program itself still holds the lock.

    DriverRig rig = make_rig(folder);
    const auto before = rig.before("run", call);
    REQUIRE(before.ok());
    CHECK(rig.look("run", call, key, before->state, 0.2).evidence.find("still runs") !=
          std::string::npos);
    CHECK(write_file_durably(mark + ".go", "").ok());
    const Sighting seen = rig.look("run", call, key, before->state);
    CHECK(seen.kind == Sighting::Kind::cannot_tell);
    CHECK(seen.evidence.find("nothing says how it ended") != std::string::npos);
}

TEST_CASE("cannot_tell_what_was_started_from_another_state_folder") {
    const TemporaryFolder here;
    const TemporaryFolder there;
    DriverRig rig = make_rig(here);
    DriverRig other = make_rig(there);
    const Changed made = rig.change("run", program("say", {"x"}));
    REQUIRE(made.ok());
    const Sighting seen = other.look("run", program("say", {"x"}), made.key, made.before.state);
    CHECK(seen.kind == Sighting::Kind::cannot_tell);
    CHECK(seen.evidence.find("another state folder") != std::string::npos);
}

TEST_CASE("a_started_program_goes_on_after_the_host_and_is_found_again") {
    const TemporaryFolder folder;
    const pid_t host = ::fork();
    REQUIRE(host >= 0);
    if (host == 0) {
        DriverRig rig = make_rig(folder);
        ::_exit(rig.change("start", keyed("web", program("serve"))).ok() ? 0 : 1);
    }
    int status = -1;
    ::waitpid(host, &status, 0);
    CHECK(status == 0);
    DriverRig rig = make_rig(folder);
    const auto found = rig.observe("status", keyed("web"));
    REQUIRE(found.ok());
    CHECK((*found)["state"].text() == "running");
    const auto pid = static_cast<pid_t>((*found)["pid"].integer());
    CHECK(::kill(pid, 0) == 0);
    const Changed stopped = rig.change("stop", keyed("web"));
    REQUIRE(stopped.ok());
    CHECK(stopped.value()["exit_code"].integer() == 128 + SIGTERM);
    CHECK(eventually([&] { return start_ticks(pid) == 0; }));
}

TEST_CASE("ends_a_started_program_with_its_keeper_and_says_that_its_end_is_unknown") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    const Changed started = rig.change("start", keyed("web", program("serve")));
    REQUIRE(started.ok());
    const auto pid = static_cast<pid_t>(started.value()["pid"].integer());
    std::string kept;
    for (const auto& entry :
         std::filesystem::directory_iterator(folder.path() + "/state/process/keys"))
        kept = entry.path().string();
    const auto status = *read_kept_status(kept);
    REQUIRE(::kill(status->keeper_pid, SIGKILL) == 0);
    CHECK(eventually([&] { return start_ticks(pid) == 0; }));
    CHECK((*rig.observe("status", keyed("web")))["state"].text() == "unknown");
    const auto waited = rig.observe("wait_ended", keyed("web").set("within", "1s"));
    CHECK(waited.error().code == "end_unknown");
    CHECK(rig.change("stop", keyed("web")).ok());
    CHECK((*rig.observe("status", keyed("web")))["state"].text() == "ended");
}

TEST_CASE("stop_kills_what_a_program_left_behind_whose_keeper_was_killed") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    const Changed started = rig.change("start", keyed("web", program("family")));
    REQUIRE(started.ok());
    int child = 0;
    REQUIRE(eventually([&] {
        const auto log = rig.observe("output", keyed("web"));
        if ((*log)["lines"].list().empty()) return false;
        child = std::atoi((*log)["lines"].list()[0]["text"].text().c_str());
        return child > 0;
    }));
    std::string kept;
    for (const auto& entry :
         std::filesystem::directory_iterator(folder.path() + "/state/process/keys"))
        kept = entry.path().string();
    const auto status = *read_kept_status(kept);
    REQUIRE(::kill(status->keeper_pid, SIGKILL) == 0);
    REQUIRE(eventually([&] { return !kept_is_held(kept); }));
    REQUIRE(start_ticks(child) != 0);
    const Changed stopped = rig.change("stop", keyed("web"));
    REQUIRE_MESSAGE(stopped.ok(), stopped.outcome.error.message);
    CHECK(eventually([&] { return start_ticks(child) == 0; }));
}

TEST_CASE("leaves_no_child_of_the_host_behind") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    for (int i = 0; i < 5; ++i) REQUIRE(rig.change("run", program("say", {"x"})).ok());
    REQUIRE(rig.change("start", keyed("web", program("serve"))).ok());
    REQUIRE(rig.change("stop", keyed("web")).ok());
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
    CHECK(errno == ECHILD);
}

TEST_CASE("a_start_that_never_began_is_known_at_once_but_not_while_a_keeper_may_begin_it") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    const Value call = keyed("web", program("serve"));
    REQUIRE(rig.change("start", call).ok());
    REQUIRE(rig.change("stop", keyed("web")).ok());
    const auto before = rig.before("start", call);
    REQUIRE(before.ok());
    const std::string later = to_hex(random_bytes(16));
    const Sighting seen = rig.look("start", call, later, before->state);
    CHECK(seen.kind == Sighting::Kind::did_not);
    CHECK(seen.settled);

    const auto keys = std::filesystem::directory_iterator(folder.path() + "/state/process/keys");
    const auto lock = lock_kept(keys->path().string());
    REQUIRE(lock.ok());
    CHECK(rig.look("start", call, later, before->state).kind == Sighting::Kind::cannot_tell);
}
