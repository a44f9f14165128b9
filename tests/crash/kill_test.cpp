// Kill -9 at every moment of a run, and resume: nothing is lost, doubled or guessed.
#include <atomic>
#include <random>

#include <doctest/doctest.h>

#include "tests/crash/five_steps.h"

using namespace perilune;
using namespace perilune::test;

TEST_CASE("a_run_that_nobody_kills_does_each_change_once") {
    CrashWorld world;
    world.body(five_steps);
    const Executed ended = world.start();
    CHECK_MESSAGE(ended.code == 0, ended.output, ended.errors);
    CHECK(compare(world) == "");
    CHECK(world.act_lines().size() == 6);
}

TEST_CASE("killed_at_every_moment_and_resumed_a_run_ends_as_if_nothing_had_happened") {
    int moments = 0;
    {
        CrashWorld world;
        world.body(five_steps);
        moments = world.count_moments();
    }
    REQUIRE(moments > 20);
    std::atomic<int> killed = 0;
    const std::string problems = for_each_at_once(moments, [&](int moment) {
        CrashWorld world;
        world.body(five_steps);
        const Executed first = world.start({.number = moment});
        if (!first.killed() && first.code != 0)
            return "the first part ended with " + std::to_string(first.code) + first.output;
        killed += first.killed();
        if (std::string problem = first.killed() ? go_on(world) : ""; !problem.empty())
            return problem;
        return compare(world);
    });
    CHECK_MESSAGE(problems == "", problems);
    CHECK(killed > moments * 3 / 4);
}

TEST_CASE("killed_several_times_also_while_replaying_a_run_ends_the_same") {
    const unsigned seed = std::random_device{}();
    INFO("seed " << seed);
    std::atomic<int> killed = 0;
    const std::string problems = for_each_at_once(20, [&](int number) {
        std::mt19937 random(seed + static_cast<unsigned>(number));
        CrashWorld world;
        world.body(five_steps);
        const unsigned kills = 2 + random() % 4;
        for (unsigned i = 0; i < kills; ++i) {
            const Moment moment = {.number = 1 + static_cast<int>(random() % 40)};
            const bool begun = world.has_run();
            if (begun && world.row().state == "ended") break;
            const Executed part = begun ? world.resume(moment) : world.start(moment);
            killed += part.killed();
            if (part.code == 9) break;
        }
        if (std::string problem = go_on(world); !problem.empty())
            return "seed " + std::to_string(seed) + ": " + problem;
        return compare(world);
    });
    CHECK_MESSAGE(problems == "", "seed ", seed, "\n", problems);
    CHECK(killed > 20);
}

TEST_CASE("a_loop_over_fifty_names_is_killed_often_and_does_each_once") {
    CrashWorld world;
    world.body(R"(
    local names = {}
    for i = 1, 50 do names[("key %02d"):format(i):gsub(" ", "-")] = i end
    local sum = 0
    for name, number in pairs(names) do
      sum = sum + step("Do " .. name, function()
        shop:keyed { name = name }
        return number
      end)
    end
    return sum
)");
    Executed part = world.start({.number = 60});
    int parts = 1;
    while (part.killed() && parts < 60) {
        part = world.resume({.number = 70});
        ++parts;
    }
    CHECK_MESSAGE(part.code == 0, part.output, part.errors);
    CHECK(parts > 2);
    CHECK(world.act_lines().size() == 50);
    CHECK(world.last("end")["value"].number() == 1275);
    CHECK(world.broken() == "");
}
