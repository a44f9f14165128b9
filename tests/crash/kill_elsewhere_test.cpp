// Kill -9 at every moment of undos, child runs, `ended`, attempts and timers.
#include <atomic>

#include <doctest/doctest.h>

#include "interpreter/base/json.h"
#include "interpreter/base/loop.h"
#include "tests/crash/crash_rig.h"

using namespace perilune;
using namespace perilune::test;

namespace {

// Kills `perilune WORDS` at each of its moments, in a world of its own each, and judges what a
// plain resume makes of it.
std::string kill_everywhere(const std::function<void(const CrashWorld&)>& set_up,
                            const std::string& words, int most,
                            const std::function<std::string(const CrashWorld&)>& judge) {
    std::atomic<int> killed = 0;
    std::string problems = for_each_at_once(most, [&](int number) -> std::string {
        CrashWorld world;
        set_up(world);
        const Executed first = world.perilune(words, {.number = number});
        killed += first.killed();
        if (first.killed() && !world.has_run()) return "";
        if (first.killed() && world.row().state != "ended") {
            const Executed resumed = world.resume();
            if (resumed.killed()) return "the resume hung: " + resumed.output + resumed.errors;
        }
        std::string problem = judge(world);
        if (!problem.empty()) problem += "\n" + world.read("program2.out");
        return problem;
    });
    if (killed < most / 3) problems += "It was killed " + std::to_string(killed) + " times only.";
    return problems;
}

constexpr const char* run_words = "run book --environment here --no-input --json --run-id case";

}  // namespace

TEST_CASE("an_undo_killed_at_every_moment_takes_each_change_back_once_newest_first") {
    const auto set_up = [](const CrashWorld& world) {
        world.body(R"(
      shop:set { name = "one", body = "1" }
      shop:set { name = "two", body = "2" }
      step("Own", { undo = function() shop:set { name = "own", body = "undone" } end },
        function() shop:set { name = "three", body = "3" } end)
      shop:set { name = "four", body = "4" }
)");
        world.start();
    };
    const std::string problems =
        kill_everywhere(set_up, "undo case --no-input --json", 34, [](const CrashWorld& world) {
            std::string problem = world.broken();
            if (world.row().state != "ended") problem += "It is " + world.row().state + ". ";
            if (world.row().outcome == "done") {
                // It died before the command was taken: nothing was undone, and nothing is lost.
                if (world.read("shop/value.four") != "4") problem += "Half undone. ";
                return problem;
            }
            if (world.row().outcome != "undone") problem += "It ended " + world.row().outcome;
            for (const char* name : {"one", "two", "four"})
                if (world.read(std::string("shop/value.") + name) != "")
                    problem += std::string(name) + " is left. ";
            if (world.read("shop/value.own") != "undone") problem += "The function is missing. ";
            std::vector<std::string> order;
            for (const auto& record : world.records())
                if (record["kind"].text() == "undo" && !record["settled"].boolean())
                    order.push_back(record["of"].text());
            if (order.size() != 4 || order[0] <= order[3]) problem += "The order is wrong. ";
            return problem;
        });
    CHECK_MESSAGE(problems == "", problems);
}

TEST_CASE("a_run_with_a_child_killed_at_every_moment_executes_the_child_once") {
    const auto set_up = [](const CrashWorld& world) {
        world.write("library/runbooks/child.lua", R"(return runbook {
  summary = "Child", targets = { ["counting/shop"] = { "keyed" } },
  run = function() counting("shop"):keyed { name = "child" } return "of the child" end }
)");
        world.body(R"(
      shop:keyed { name = "before" }
      local value = run_runbook("child")
      shop:keyed { name = "after" }
      return value
)");
    };
    const std::string problems =
        kill_everywhere(set_up, run_words, 48, [](const CrashWorld& world) {
            std::string problem = world.broken();
            for (const char* name : {"before", "child", "after"})
                if (world.acts(name) != 1)
                    problem += std::string(name) + ": " + std::to_string(world.acts(name)) + " ";
            if (world.row().outcome != "done") problem += "It is " + world.row().state + ". ";
            if (world.last("end")["value"].text() != "of the child") problem += "Another value. ";
            return problem;
        });
    CHECK_MESSAGE(problems == "", problems);
}

TEST_CASE("ended_killed_at_every_moment_is_executed_and_the_outcome_stays") {
    const auto set_up = [](const CrashWorld& world) {
        world.body("shop:keyed { name = \"work\" }\n return 7",
                   "  ended = function(params, result) log(\"ended \" .. result.outcome) end,\n");
    };
    const std::string problems =
        kill_everywhere(set_up, run_words, 24, [](const CrashWorld& world) {
            std::string problem = world.broken();
            if (world.acts("work") != 1) problem += "The work was done otherwise than once. ";
            if (world.row().outcome != "done") problem += "It is " + world.row().state + ". ";
            int logged = 0;
            for (const auto& record : world.records())
                if (record["kind"].text() == "log") ++logged;
            if (logged != 1) problem += "Its line was logged " + std::to_string(logged) + " times";
            return problem;
        });
    CHECK_MESSAGE(problems == "", problems);
}

TEST_CASE("attempts_go_on_with_the_next_number_and_what_is_left_of_the_pause") {
    CrashWorld world;
    world.body(R"(
    step("Flaky", { retries = 4, backoff = "400ms" }, function()
      shop:again { name = "try" }
      ensure(shop:count { name = "try" } >= 5, "not yet")
    end)
)");
    Executed part = world.start({.number = 30});
    int parts = 1;
    for (; part.killed() && parts < 30; ++parts) part = world.resume({.number = 24});
    CHECK_MESSAGE(part.code == 0, part.output, part.errors);
    CHECK(parts > 1);
    std::vector<int> attempts;
    std::vector<double> pauses;
    for (const auto& record : world.records()) {
        if (record["kind"].text() == "open")
            attempts.push_back(static_cast<int>(record["args"]["attempt"].integer()));
        if (record["kind"].text() == "timer") pauses.push_back(record["args"]["seconds"].number());
    }
    CHECK(attempts.size() <= 5);
    for (std::size_t i = 0; i < attempts.size(); ++i) CHECK(attempts[i] == static_cast<int>(i) + 1);
    // One pause between each two attempts, and none after the last.
    CHECK(pauses.size() + 1 == attempts.size());
    CHECK(world.broken() == "");
}

TEST_CASE("a_timer_fires_at_its_old_deadline_and_at_once_where_that_has_passed") {
    CrashWorld world;
    world.body("sleep(\"2s\")\nreturn now() - run.started_at");
    const double began = boot_now_s();
    // The fourth moment is the commit that holds the timer's record.
    CHECK(world.start({.number = 6}).killed());
    const Executed ended = world.resume();
    CHECK_MESSAGE(ended.code == 0, ended.output, ended.errors);
    CHECK(world.count("timer") == 1);
    CHECK(world.count("fired") == 1);
    const double slept =
        world.last("fired")["time"].number() - world.last("timer")["time"].number();
    CHECK(slept >= 1.99);
    CHECK(boot_now_s() - began < 20);
}

TEST_CASE("an_error_that_the_script_caught_takes_the_same_branch_with_the_same_text") {
    CrashWorld world;
    world.body(R"(
    local ok, err = try(function() shop:sample { name = "error", timeout = "1s" } end)
    shop:keyed { name = ok and "fine" or err.code }
    return err.message
)");
    CHECK(world.start({.number = 14}).killed());
    const Executed ended = world.resume();
    CHECK_MESSAGE(ended.code == 0, ended.output, ended.errors);
    CHECK(world.last("end")["value"].text().find("The text of the sampled error.") == 0);
    CHECK(world.acts("sampled") == 1);
    CHECK(world.count("read") == 1);
}
