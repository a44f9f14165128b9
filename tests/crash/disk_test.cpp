// The state folder's disk fails, is full, or loses power: no effect without a stored intent,
// nothing that was said is lost, and once the disk works again the run ends as if nothing had been.
#include <atomic>
#include <chrono>
#include <fstream>
#include <regex>
#include <set>
#include <thread>

#include <doctest/doctest.h>

#include "tests/crash/five_steps.h"

using namespace perilune;
using namespace perilune::test;

namespace {

constexpr auto disk_heals_after = std::chrono::milliseconds(300);

// How many writes or syncs a run makes that nothing disturbs.
int count_disk_moments() {
    CrashWorld world;
    world.body(five_steps);
    world.variable("PERILUNE_CRASH_POINT", "disk");
    return world.count_moments();
}

// The steps that a program said were done.
std::set<std::string> said_done(const Executed& executed) {
    static const std::regex line("✓ ([A-Z][a-z]+)");
    std::set<std::string> names;
    for (auto found = std::sregex_iterator(executed.errors.begin(), executed.errors.end(), line);
         found != std::sregex_iterator(); ++found)
        names.insert((*found)[1]);
    return names;
}

std::set<std::string> recorded_done(const CrashWorld& world) {
    std::set<std::string> names;
    for (const auto& record : world.records())
        if (record["kind"].text() == "close" && record["outcome"].text() == "done")
            names.insert(record["name"].text());
    return names;
}

// What is wrong after the power was lost at a moment.
std::string judge_loss(const CrashWorld& world, const Executed& first) {
    const auto said = said_done(first);
    if (!world.has_run()) {
        if (!said.empty() || !world.act_lines().empty()) return "the run is lost";
    } else {
        if (std::string problem = world.broken(); !problem.empty()) return problem;
        const auto recorded = recorded_done(world);
        for (const auto& name : said)
            if (!recorded.contains(name)) return name + " was said to be done, and is lost";
    }
    if (std::string problem = go_on(world); !problem.empty()) return problem;
    return compare(world);
}

// What is wrong after a disk that failed for a time. Before there is a run, that is a reason not to
// start; the disk may have kept the run all the same, and then it is resumed as any other.
std::string judge_failure(const CrashWorld& world, const Executed& first) {
    const bool refused = first.code == 2 && world.act_lines().empty();
    if (first.code != 0 && !refused)
        return "it ended with " + std::to_string(first.code) + ": " + first.output + first.errors;
    if (std::string problem = go_on(world); !problem.empty()) return problem;
    return compare(world);
}

// Starts the run on a disk that fails as told until it is healed.
std::string start_on_failing_disk(const std::string& failure) {
    CrashWorld world;
    world.body(five_steps);
    world.variable("PERILUNE_DISK", failure + " " + world.at("healed"));
    std::thread healing([&] {
        std::this_thread::sleep_for(disk_heals_after);
        world.write("healed", "");
    });
    const Executed first = world.start();
    healing.join();
    return judge_failure(world, first);
}

}  // namespace

TEST_CASE("power_lost_at_any_write_or_sync_loses_nothing_that_was_said_or_done") {
    const int moments = count_disk_moments();
    REQUIRE(moments > 40);
    std::atomic<int> lost = 0;
    const std::string problems = for_each_at_once(moments, [&](int moment) {
        CrashWorld world;
        world.body(five_steps);
        world.variable("PERILUNE_POWER", std::to_string(moment));
        const Executed first = world.start({.number = moment, .name = "disk"});
        if (!first.killed()) return std::string();
        ++lost;
        return judge_loss(world, first);
    });
    CHECK_MESSAGE(problems == "", problems);
    CHECK(lost > moments * 3 / 4);
}

TEST_CASE("power_lost_between_acts_and_commits_loses_nothing_that_was_said_or_done") {
    int moments = 0;
    {
        CrashWorld world;
        world.body(five_steps);
        moments = world.count_moments();
    }
    const std::string problems = for_each_at_once(moments, [&](int moment) {
        CrashWorld world;
        world.body(five_steps);
        world.variable("PERILUNE_POWER", std::to_string(moment));
        const Executed first = world.start({.number = moment});
        return first.killed() ? judge_loss(world, first) : std::string();
    });
    CHECK_MESSAGE(problems == "", problems);
}

TEST_CASE("a_disk_that_is_full_from_any_write_on_pauses_the_run_until_there_is_space") {
    const std::string problems = for_each_at_once(60, [](int number) {
        return start_on_failing_disk("write " + std::to_string(number) + " full");
    });
    CHECK_MESSAGE(problems == "", problems);
}

TEST_CASE("a_sync_that_fails_at_any_place_vouches_for_nothing") {
    const std::string problems = for_each_at_once(20, [](int number) {
        CrashWorld world;
        world.body(five_steps);
        world.variable("PERILUNE_DISK", "sync " + std::to_string(number) + " io 1");
        const Executed first = world.start();
        world.variable("PERILUNE_DISK", "");
        return judge_failure(world, first);
    });
    CHECK_MESSAGE(problems == "", problems);
}

TEST_CASE("half_a_write_is_never_taken_for_a_whole_one") {
    const std::string problems = for_each_at_once(60, [](int number) {
        return start_on_failing_disk("write " + std::to_string(number) + " short");
    });
    CHECK_MESSAGE(problems == "", problems);
}

TEST_CASE("a_run_says_once_that_it_cannot_write_and_once_that_it_can_again") {
    CrashWorld world;
    world.body(five_steps);
    world.variable("PERILUNE_DISK", "write 100 full " + world.at("healed"));
    std::thread healing([&] {
        std::this_thread::sleep_for(std::chrono::seconds(2));
        world.write("healed", "");
    });
    const Executed ended = world.start();
    healing.join();
    REQUIRE_MESSAGE(ended.code == 0, ended.output, ended.errors);
    const auto first =
        ended.errors.find("database or disk is full. The run waits; nothing is exec");
    REQUIRE_MESSAGE(first != std::string::npos, ended.errors);
    CHECK(ended.errors.find("The run waits", first + 60) == std::string::npos);
    CHECK(ended.says("The state store can be written again; the run goes on."));
    CHECK(compare(world) == "");
}
