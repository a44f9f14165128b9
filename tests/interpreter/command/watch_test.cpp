// Commands about a run that another process executes at the same time: watch, where, status.
#include <csignal>

#include <doctest/doctest.h>

#include "tests/interpreter/command/command_rig.h"

namespace {

using namespace perilune;
using namespace perilune::test;

// A run that waits for a file in another process; it ends when `finish` is called.
struct LiveRig : CommandRig {
    LiveRig() {
        add_environment();
        add_waiting_runbook();
        running_ = start({"run", "wait", "-e", "local", "--run-id", "live"});
        REQUIRE(wait_until([&] {
            const Value status = json({"status", "live"});
            return status["running"].list().size() == 1 &&
                   status["running"].list()[0]["path"].text() == "Wait for the file";
        }));
    }
    ~LiveRig() { finish(); }

    int finish() {
        let_go();
        return running_.valid() ? running_.get().exit_code : -1;
    }

private:
    std::future<Ended> running_;
};

TEST_CASE("says_what_runs_and_who_holds_its_lock") {
    LiveRig rig;
    const Value all = rig.json({"status"});
    REQUIRE(all.list().size() == 1);
    const Value& status = all.list()[0];
    CHECK(status["executed"].boolean());
    REQUIRE(status["locks"].list().size() == 1);
    CHECK(status["locks"].list()[0]["holder"].text() == "live");
    CHECK(holds(rig.run({"status"}).output, "traffic/site: held by this run"));
    CHECK(holds(rig.run({"show", "live"}).output, "traffic/site: held by this run"));
    CHECK(rig.finish() == 0);
}

TEST_CASE("asks_the_owner_for_the_lines_a_run_stands_at") {
    LiveRig rig;
    const Value told = rig.json({"where", "live"});
    CHECK(told["executed"].boolean());
    REQUIRE(!told["stack"].list().empty());
    bool in_wait = false;
    for (const auto& frame : told["stack"].list()) {
        CHECK(frame["strand"].text() == "/");
        in_wait = in_wait || frame["at"].text().starts_with("runbooks/wait.lua:1");
    }
    CHECK(in_wait);
    const auto text = rig.run({"where", "live"});
    CHECK(holds(text.output, "strand /\n  runbooks/wait.lua:"));
    CHECK(rig.finish() == 0);
}

TEST_CASE("says_that_nobody_executes_a_run_that_has_ended") {
    LiveRig rig;
    REQUIRE(rig.finish() == 0);
    const Value told = rig.json({"where", "live"});
    CHECK(!told["executed"].boolean());
    CHECK(!told.has("stack"));
    CHECK(holds(rig.run({"where", "live"}).output, "has ended (done)"));
}

TEST_CASE("shows_records_as_they_come_and_ends_with_the_run") {
    LiveRig rig;
    std::atomic<bool> watches = false;
    std::atomic<bool> watches_all = false;
    auto watching = rig.start({"watch", "live", "--json"}, &watches);
    auto from_the_start = rig.start({"watch", "live", "--all"}, &watches_all);
    CHECK(rig.wait_until([&] { return watches && watches_all; }));
    CHECK(rig.finish() == 0);
    const Ended watched = watching.get();
    CHECK(watched.exit_code == 0);
    bool ended = false;
    std::istringstream lines(watched.output);
    for (std::string line; std::getline(lines, line);) {
        const auto read = from_json(line);
        REQUIRE(read.ok());
        CHECK((*read)["kind"].text() != "begin");
        ended = ended || (*read)["kind"].text() == "end";
    }
    CHECK(ended);
    const Ended all = from_the_start.get();
    CHECK(all.exit_code == 0);
    CHECK(holds(all.errors, "Point the name"));
    CHECK(holds(all.errors, "Wait for the file"));
    CHECK(holds(all.errors, "Done"));
}

TEST_CASE("ends_the_watching_and_not_the_run_when_it_is_interrupted") {
    LiveRig rig;
    Program program;
    int pid = 0;
    program.argv = {program_path("perilune"), "watch", "live"};
    program.folder = rig.at("library");
    program.environment = {"HOME=" + rig.at("home"), "PERILUNE_STATE=" + rig.at("state")};
    program.on_start = [&](int started) { pid = started; };
    // What it says first is written after it has begun to listen for signals.
    bool listens = false;
    program.on_output = [&](std::string_view) {
        if (!listens) ::kill(pid, SIGINT);
        listens = true;
    };
    const auto loop = Loop::make();
    Ended ended;
    loop->post([&] {
        auto task = run_program(*loop, std::move(program), std::make_shared<Cancel>(),
                                boot_now_s() + 60);
        start_task(std::move(task), [&](Ended value) {
            ended = std::move(value);
            loop->stop();
        });
    });
    loop->run();
    CHECK(ended.exit_code == 130);
    CHECK(holds(ended.errors, "goes on"));
    CHECK(rig.json({"status", "live"})["executed"].boolean());
    CHECK(rig.finish() == 0);
}

TEST_CASE("tells_why_a_parked_run_is_not_followed_further") {
    const CommandRig rig;
    rig.add_environment();
    rig.write("library/runbooks/ask.lua", R"(return runbook {
  summary = "Asks", targets = {},
  run = function() approve("Go on?", { detail = "Look first." }) end,
}
)");
    const auto ended = rig.run({"run", "ask", "-e", "local", "--run-id", "parked", "--no-input"});
    CHECK(ended.exit_code == 3);
    const auto watched = rig.run({"watch", "parked"});
    CHECK(watched.exit_code == 3);
    CHECK(holds(watched.errors, "Go on?"));
    const Value where = rig.json({"where", "parked"});
    CHECK(!where["executed"].boolean());
    REQUIRE(where["waiting"].list().size() == 1);
    CHECK(holds(where["waiting"].list()[0]["what"].text(), "Go on?"));
    CHECK(rig.json({"runs", "--only", "waits"}).list().size() == 1);
}

}  // namespace
