// Kill -9 at every moment of a run, and resume: nothing is lost, doubled or guessed.
#include <atomic>
#include <map>
#include <random>

#include <doctest/doctest.h>

#include "interpreter/base/json.h"
#include "tests/crash/crash_rig.h"

using namespace perilune;
using namespace perilune::test;

namespace {

constexpr const char* five_steps = R"(
    step("Again", function() shop:again { name = "again" } end)
    local keyed = step("Keyed", function() return shop:keyed { name = "keyed" }.name end)
    step("Looked", function() shop:looked { name = "looked" } end)
    step("Left", function() shop:left { name = "left" } end)
    local found = parallel {
      ["Read"] = function() return shop:count { name = "keyed" } end,
      ["Set"] = function() return shop:set { name = "value", body = "set" }.name end,
    }
    local asked = step("Asked", function() return shop:asked { name = "asked" }.name end)
    return { keyed = keyed, asked = asked, read = found["Read"], set = found["Set"] }
)";

// The intents that have no result yet, by the name of what they do.
std::vector<std::string> open_intents(const CrashWorld& world) {
    std::map<std::string, std::string> open;
    for (const auto& record : world.records()) {
        if (record["kind"].text() == "intent")
            open[record["strand"].text() + "#" + to_json(record["n"])] =
                record["args"]["name"].text();
        if (record["kind"].text() == "result") open.erase(record["of"].text());
    }
    std::vector<std::string> names;
    for (const auto& [id, name] : open) names.push_back(name);
    return names;
}

// Goes on until the run has ended; what a person would find in the provider settles a doubt.
std::string go_on(const CrashWorld& world) {
    Executed ended;
    if (!world.has_run()) {
        ended = world.start();  // It died before the run was made: nothing has happened.
    } else if (world.row().state == "ended") {
        return "";
    } else {
        const auto open = open_intents(world);
        ended = world.resume();
        const bool may_doubt = open == std::vector<std::string>{"asked"};
        if (ended.code == 9 && !may_doubt)
            return "it is in doubt without an open intent: " + ended.output;
        if (ended.code == 9) {
            const bool happened = world.acts("asked") == 1;
            const std::string how =
                happened ? "--happened --result {\"name\":\"asked\"}" : "--again";
            ended = world.perilune("settle case " + how + " --reason seen --no-input --json");
        }
    }
    return ended.code == 0
               ? ""
               : "it ended with " + std::to_string(ended.code) + ": " + ended.output + ended.errors;
}

// What differs from a run that nobody killed.
std::string compare(const CrashWorld& world) {
    std::string problems;
    const auto expect = [&](const std::string& what, int found, int least, int most) {
        if (found < least || found > most)
            problems += what + " was done " + std::to_string(found) + " times. ";
    };
    expect("again", world.acts("again"), 1, 6);
    expect("keyed", world.acts("keyed"), 1, 1);
    expect("looked", world.acts("looked"), 1, 1);
    expect("left", world.acts("left"), 0, 1);
    expect("asked", world.acts("asked"), 1, 1);
    expect("value", world.acts("value"), 1, 6);
    if (world.read("shop/value.value") != "set") problems += "The value was not set. ";
    const std::string value = to_json(world.last("end")["value"]);
    if (value != R"({"asked":"asked","keyed":"keyed","read":1,"set":"value"})")
        problems += "The run gave " + value + ". ";
    if (world.count("end") != 1 || world.row().state != "ended") problems += "It has not ended. ";
    return problems + world.broken();
}

}  // namespace

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
