// A run that has diverged is undone as any other, whenever the host dies meanwhile.
#include <atomic>
#include <cstdlib>

#include <doctest/doctest.h>

#include "interpreter/base/json.h"
#include "tests/crash/crash_rig.h"

using namespace perilune;
using namespace perilune::test;

namespace {

// Alters the code that the run carries, as no command does, so that its replay diverges.
void alter(const CrashWorld& world, const std::string& old, const std::string& now) {
    const std::string command = "sqlite3 '" + world.at("state/state.db") +
                                "' \"update file set text = cast(replace(cast(text as text), '" +
                                old + "', '" + now + "') as blob)\" >/dev/null 2>&1";
    if (std::system(command.c_str()) != 0) throw std::runtime_error("sqlite3 failed.");
}

}  // namespace

TEST_CASE("the_undo_of_a_diverged_run_killed_at_every_moment_takes_each_change_back_once") {
    constexpr int most = 30;
    std::atomic<int> killed = 0;
    const std::string problems = for_each_at_once(most, [&](int number) -> std::string {
        CrashWorld world;
        world.body(R"(
      shop:set { name = "one", body = "1" }
      step("Own", { undo = function() shop:set { name = "own", body = "undone" } end },
        function() shop:set { name = "own", body = "3" } end)
      shop:set { name = "four", body = "4" }
      approve("Go on?")
)");
        if (world.start().code != 3) return "It did not wait.";
        alter(world, "Own", "Eigen");
        const Executed first = world.perilune("undo case --no-input --json", {.number = number});
        killed += first.killed();
        if (first.killed() && world.row().state != "ended") {
            const Executed resumed = world.resume();
            if (resumed.killed()) return "the resume hung: " + resumed.output + resumed.errors;
        }
        std::string problem = world.broken();
        if (world.row().outcome != "partly undone")
            problem += "It is " + world.row().state + " " + world.row().outcome + ". ";
        for (const char* name : {"one", "four"})
            if (world.read(std::string("shop/value.") + name) != "")
                problem += std::string(name) + " is left. ";
        if (world.read("shop/value.own") != "3") problem += "The function was executed. ";
        int undone = 0;
        for (const auto& record : world.records())
            undone += record["kind"].text() == "undone" && record["outcome"].text() == "done";
        if (undone != 2) problem += std::to_string(undone) + " were undone. ";
        return problem;
    });
    CHECK_MESSAGE(problems == "", problems);
    CHECK(killed.load() > most / 3);
}

TEST_CASE("what_is_in_doubt_in_a_diverged_run_is_settled_before_it_is_undone") {
    CrashWorld world;
    world.fault("x", "die");
    world.body(R"(
      step("First", function() shop:set { name = "one", body = "1" } end)
      shop:asked { name = "x" }
)");
    CHECK(world.start().killed());
    alter(world, "First", "Erst");
    CHECK(world.resume().code == 3);
    CHECK(world.row().state == "diverged");
    const Executed doubtful = world.perilune("undo case --no-input --json");
    CHECK_MESSAGE(doubtful.code == 9, doubtful.output, doubtful.errors);
    CHECK(world.read("shop/value.one") == "1");
    const Executed ended = world.perilune("settle case --did-not --reason seen --no-input --json");
    CHECK_MESSAGE(ended.code == 7, ended.output, ended.errors);
    CHECK(world.read("shop/value.one") == "");
    CHECK(world.acts("x") == 1);
    CHECK(world.broken() == "");
}
