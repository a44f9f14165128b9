// The ssh driver: what ends a program, at a deadline, on request or by stop, and what is removed.
#include <csignal>

#include "tests/bindings/process/ssh_rig.h"

using namespace perilune;
using namespace perilune::test;

TEST_CASE("stops_a_program_over_ssh_with_all_that_it_started") {
    if (!has_sshd()) return;
    Trouble t;
    t.rig.on_tell = [&](const std::string&) { t.rig.cancel->ask(); };
    const Changed made = t.rig.change("run", program("family"));
    CHECK(made.outcome.kind == Outcome::Kind::failed);
    CHECK(made.code() == "stopped");
    CHECK(made.outcome.left_some);
    CHECK(made.outcome.error.detail["exit_code"].integer() == 128 + SIGTERM);
    const int child = std::atoi(made.outcome.error.detail["output"].text().c_str());
    REQUIRE(child > 0);
    CHECK(eventually([&] { return start_ticks(child) == 0; }, 5));
    const Changed late = t.rig.change("run", program("say", {"x"}));
    CHECK_FALSE(late.ok());
}

TEST_CASE("stops_an_inspection_at_its_deadline_and_leaves_nothing_of_it") {
    if (!has_sshd()) return;
    Trouble t;
    Value settings = ssh_settings(t.server, t.folder);
    Value looks = script(t.folder.path(), "looks", "echo $$ > " + t.mark + "; exec sleep 1000");
    settings.set("programs", Value().set("looks", looks.set("effect", "observe")));
    DriverRig rig = make_ssh_rig(settings, t.folder);
    const auto looked = rig.observe("inspect", program("looks").set("timeout", "1s"));
    REQUIRE_FALSE(looked.ok());
    CHECK(looked.error().code == "timed_out");
    CHECK(looked.error().retry == Retry::safe);
    const int process = std::atoi(content(t.mark).c_str());
    REQUIRE(process > 0);
    CHECK(start_ticks(process) == 0);
    for (const auto& machine : std::filesystem::directory_iterator(state_there(t.folder)))
        CHECK(std::filesystem::is_empty(machine.path() / "runs"));
}

TEST_CASE("a_program_started_over_ssh_outlives_session_and_host_and_is_stopped_with_its_children") {
    if (!has_sshd()) return;
    Trouble t;
    const Changed started = t.rig.change("start", keyed("web", program("family")));
    REQUIRE_MESSAGE(started.ok(), started.outcome.error.message);
    t.server.cut_off();
    t.server.start();
    DriverRig later = make_ssh_rig(t.server, t.folder);
    int child = 0;
    REQUIRE(eventually([&] {
        const auto log = later.observe("output", keyed("web"));
        if (!log.ok() || (*log)["lines"].list().empty()) return false;
        child = std::atoi((*log)["lines"].list()[0]["text"].text().c_str());
        return child > 0;
    }));
    CHECK(start_ticks(child) != 0);
    const Changed stopped = later.change("stop", keyed("web"));
    REQUIRE_MESSAGE(stopped.ok(), stopped.outcome.error.message);
    CHECK(stopped.value()["exit_code"].integer() == 128 + SIGTERM);
    CHECK(eventually([&] { return start_ticks(child) == 0; }, 5));

    REQUIRE(later.change("start", keyed("web", program("stubborn"))).ok());
    REQUIRE(eventually([&] {
        const auto log = later.observe("output", keyed("web"));
        return log.ok() && !(*log)["lines"].list().empty();
    }));
    const Changed killed = later.change("stop", keyed("web").set("grace", "300ms"));
    REQUIRE_MESSAGE(killed.ok(), killed.outcome.error.message);
    CHECK(killed.value()["exit_code"].integer() == 128 + SIGKILL);
}

TEST_CASE("runs_that_ended_long_ago_are_removed_and_others_are_not") {
    if (!has_sshd()) return;
    Trouble t;
    const Changed old = t.rig.change("run", program("say", {"old"}));
    const Changed young = t.rig.change("run", program("say", {"young"}));
    REQUIRE(young.ok());
    const std::string run = run_there(t.folder, old.key);
    const std::string ago = std::to_string(static_cast<long>(wall_now_s() - 92 * 86400));
    REQUIRE(write_file_durably(run + "/begun", ago + ".5\n").ok());
    REQUIRE(t.rig.change("run", program("say", {"same day"})).ok());
    CHECK(std::filesystem::exists(run));
    std::filesystem::remove(std::filesystem::path(run).parent_path().parent_path() / "swept");
    REQUIRE(t.rig.change("run", program("say", {"next day"})).ok());
    CHECK_FALSE(std::filesystem::exists(run));
    CHECK(std::filesystem::exists(run_there(t.folder, young.key)));
}
