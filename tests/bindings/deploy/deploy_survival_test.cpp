// The local deploy driver when instances, keepers, the supervisor or the host die.
#include <sys/wait.h>

#include "bindings/deploy/target_state.h"
#include "interpreter/base/child.h"
#include "tests/bindings/deploy/local_rig.h"

using namespace perilune;
using namespace perilune::test;

TEST_CASE("starts_a_crashed_instance_again") {
    LocalWorld world(2);
    DriverRig rig = world.make_rig();
    release_and_wait(rig, "v1");
    const auto before = world.answer(2)["pid"].integer();
    world.answer(2, "/crash");
    REQUIRE(eventually([&] {
        const auto pid = world.answer(2)["pid"].integer();
        return pid != 0 && pid != before;
    }));
    CHECK(status_of(rig)["state"].text() == "serving");
}

TEST_CASE("starts_an_instance_again_whose_keeper_was_killed") {
    LocalWorld world;
    DriverRig rig = world.make_rig();
    release_and_wait(rig, "v1");
    const KeptStatus before = world.keeper(1);
    REQUIRE(::kill(before.keeper_pid, SIGKILL) == 0);
    REQUIRE(eventually([&] {
        const auto pid = world.answer(1)["pid"].integer();
        return pid != 0 && pid != before.pid;
    }));
    CHECK(eventually([&] { return start_ticks(before.pid) == 0; }));
}

TEST_CASE("instances_outlive_a_killed_supervisor_and_are_taken_over") {
    LocalWorld world(2);
    DriverRig rig = world.make_rig();
    release_and_wait(rig, "v1");
    const int first = world.supervisor();
    REQUIRE(first > 0);
    const auto pid = world.answer(1)["pid"].integer();
    REQUIRE(::kill(first, SIGKILL) == 0);
    REQUIRE(eventually([&] { return world.supervisor() == 0; }));
    CHECK(world.answer(1)["pid"].integer() == pid);
    CHECK(status_of(rig)["state"].text() == "serving");
    CHECK(world.supervisor() == 0);  // A look starts nothing.

    // A wait does, and the instances are the same as before.
    REQUIRE(rig.observe("wait_healthy", with("healthy_for", "300ms", with("within", "30s"))).ok());
    CHECK(world.supervisor() > 0);
    CHECK(world.supervisor() != first);
    CHECK(world.answer(1)["pid"].integer() == pid);
    world.answer(1, "/crash");
    CHECK(eventually([&] {
        const auto now = world.answer(1)["pid"].integer();
        return now != 0 && now != pid;
    }));
}

TEST_CASE("a_new_supervisor_stops_what_a_killed_one_was_told_to_stop") {
    LocalWorld world(2);
    DriverRig rig = world.make_rig();
    release_and_wait(rig, "v1");
    REQUIRE(::kill(world.supervisor(), SIGKILL) == 0);
    REQUIRE(eventually([&] { return world.supervisor() == 0; }));
    // As one leaves it that dies between taking the request and carrying it out.
    auto state = load_state(world.root());
    REQUIRE(state.ok());
    state->running = false;
    REQUIRE(store_state(world.root(), *state).ok());
    CHECK(status_of(rig)["state"].text() == "degraded");
    const Changed stopped = rig.change("stop");
    CHECK_FALSE(stopped.before.already_so);
    REQUIRE_MESSAGE(stopped.ok(), stopped.outcome.error.message);
    CHECK(world.answer(1).is_nil());
    CHECK(world.answer(2).is_nil());
}

TEST_CASE("a_rollout_goes_on_after_the_supervisor_was_killed_in_it") {
    LocalWorld world(3);
    DriverRig rig = world.make_rig();
    release_and_wait(rig, "v1");
    const Changed made = rig.change("release", with("version", "v2"));
    REQUIRE(made.ok());
    REQUIRE(eventually([&] { return world.answer(1)["version"].text() == "v2"; }));
    REQUIRE(::kill(world.supervisor(), SIGKILL) == 0);
    REQUIRE(rig.observe("wait_serving", serving(made)).ok());
    for (int number = 1; number <= 3; ++number)
        CHECK(world.answer(number)["version"].text() == "v2");
}

TEST_CASE("instances_and_supervisor_outlive_a_killed_host") {
    LocalWorld world;
    const std::string key = to_hex(random_bytes(16));
    const pid_t host = ::fork();
    REQUIRE(host >= 0);
    if (host == 0) {
        DriverRig rig = world.make_rig();
        rig.change("release", with("version", "v1"), key);
        for (;;) ::pause();
    }
    CHECK(eventually([&] { return !world.answer(1).is_nil(); }));
    ::kill(host, SIGKILL);
    ::waitpid(host, nullptr, 0);
    DriverRig rig = world.make_rig();
    const auto state = rig.before("release", with("version", "v2"));
    REQUIRE(state.ok());
    const Sighting seen = rig.look("release", with("version", "v1"), key, state->state);
    CHECK(seen.kind == Sighting::Kind::happened);
    const auto served = rig.observe(
        "wait_serving", with("release_id", seen.value["release_id"], with("within", "30s")));
    CHECK(served.ok());
    CHECK(world.supervisor() > 0);
}

TEST_CASE("a_host_killed_while_it_asks_leaves_one_release_or_none") {
    LocalWorld world;
    for (int round = 0; round < 8; ++round) {
        const std::string key = to_hex(random_bytes(16));
        const pid_t host = ::fork();
        REQUIRE(host >= 0);
        if (host == 0) {
            DriverRig rig = world.make_rig();
            rig.change("release", with("version", "v1", with("message", key)), key);
            ::_exit(0);
        }
        ::usleep(static_cast<useconds_t>(round * 4000));  // A place of the kill, not a wait.
        ::kill(host, SIGKILL);
        ::waitpid(host, nullptr, 0);
        DriverRig rig = world.make_rig();
        const Value call = with("version", "v1", with("message", key));
        auto before = rig.before("release", with("version", "v2"));
        REQUIRE(before.ok());
        // A request that was sent may still be on its way for a moment; acting again is safe too.
        Changed first;
        first.key = key;
        first.before = *before;
        const Outcome again = rig.act_again("release", call, first);
        CHECK(again.kind == Outcome::Kind::done);
        int made = 0;
        const auto releases = rig.observe("releases");
        for (const auto& release : releases->list())
            made += release["message"].text() == key ? 1 : 0;
        CHECK(made == 1);
    }
}

TEST_CASE("a_host_with_another_state_folder_finds_the_same_supervisor") {
    LocalWorld world;
    DriverRig rig = world.make_rig();
    release_and_wait(rig, "v1");
    const int supervisor = world.supervisor();
    DriverRig other = world.make_rig("/a/very/long/state/folder/" + std::string(150, 'x'));
    REQUIRE(other.change("scale", with("instances", 2)).ok());
    REQUIRE(other.observe("wait_healthy", with("healthy_for", 0, with("within", "30s"))).ok());
    CHECK(world.supervisor() == supervisor);
}

TEST_CASE("one_target_never_has_two_supervisors") {
    LocalWorld world;
    DriverRig rig = world.make_rig();
    release_and_wait(rig, "v1");
    const int first = world.supervisor();
    Program second;
    second.argv = {program_folder() + "/perilune-supervisor", "serve",
                   world.folder.path() + "/other/supervisor.sock", world.root()};
    const auto cancel = std::make_shared<Cancel>();
    const Ended ended = rig.await(run_program(rig.loop(), second, cancel, boot_now_s() + 30));
    CHECK(ended.exit_code == 0);
    CHECK(world.supervisor() == first);
    CHECK_FALSE(std::filesystem::exists(world.folder.path() + "/other"));
    REQUIRE(rig.change("scale", with("instances", 2)).ok());
}

TEST_CASE("a_supervisor_with_nothing_to_do_ends_and_is_started_again") {
    LocalWorld world;
    DriverRig rig = world.make_rig("/s/" + std::string(150, 'x'));  // Longer than a socket's name.
    release_and_wait(rig, "v1");
    REQUIRE(rig.change("stop").ok());
    CHECK(eventually([&] { return world.supervisor() == 0; }));
    REQUIRE(rig.change("start").ok());
    REQUIRE(rig.observe("wait_healthy", with("healthy_for", 0, with("within", "30s"))).ok());
}

TEST_CASE("says_that_nothing_was_sent_where_no_supervisor_can_be_started") {
    LocalWorld world;
    DriverRig rig = world.make_rig();
    // A file in the place of the target's folder for the supervisor's lock.
    REQUIRE(make_folders(world.root()).ok());
    REQUIRE(write_file_durably(world.root() + "/supervisor", "").ok());
    const Changed made = rig.change("release", with("version", "v1"));
    CHECK(made.outcome.kind == Outcome::Kind::failed);
    CHECK(made.code() == "no_supervisor");
    CHECK(rig.observe("releases")->list().empty());
}
