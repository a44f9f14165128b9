// Two processes and one run: one executes it, the other is told who does.
#include <array>
#include <atomic>
#include <thread>

#include <doctest/doctest.h>

#include "tests/crash/crash_rig.h"

using namespace perilune;
using namespace perilune::test;

namespace {

// Executes the same work in two threads at once.
std::array<Executed, 2> both(const std::function<Executed()>& work) {
    std::array<Executed, 2> executed;
    std::thread other([&] { executed[1] = work(); });
    executed[0] = work();
    other.join();
    return executed;
}

}  // namespace

TEST_CASE("the_same_id_started_twice_at_once_is_executed_once_and_the_other_is_told") {
    const std::string problems = for_each_at_once(30, [&](int) -> std::string {
        CrashWorld world;
        world.body("shop:again { name = \"x\" }\nsleep(\"50ms\")\nreturn 1");
        // The folders are made first: what is compared is two starts, not two set-ups.
        world.perilune("runs --json");
        std::array<CrashWorld*, 2> worlds = {&world, &world};
        std::atomic<int> turn = 0;
        const auto executed = both([&] {
            return worlds[static_cast<std::size_t>(turn++) % 2]->perilune(
                "run book --environment here --no-input --json --run-id case");
        });
        const int first = executed[0].code;
        const int second = executed[1].code;
        if (!((first == 0 && second == 2) || (first == 2 && second == 0)))
            return "they ended with " + std::to_string(first) + " and " + std::to_string(second) +
                   executed[0].output + executed[1].output;
        const Executed& refused = first == 2 ? executed[0] : executed[1];
        if (!refused.says("exists already: it was begun at ")) return refused.output;
        if (world.acts("x") != 1) return "it was done otherwise than once";
        return world.broken();
    });
    CHECK_MESSAGE(problems == "", problems);
}

TEST_CASE("two_recoverers_of_one_dead_run_one_claim_and_one_refusal") {
    const std::string problems = for_each_at_once(12, [&](int) -> std::string {
        CrashWorld world;
        world.body("shop:again { name = \"x\" }\nsleep(\"100ms\")\nshop:keyed { name = \"y\" }");
        if (!world.start({.number = 16}).killed()) return "it was not killed";
        const auto executed = both([&] { return world.resume(); });
        int done = 0;
        for (const auto& one : executed) {
            if (one.code == 0) ++done;
            const bool told = one.says("is being executed by another host") ||
                              one.says("Another host has just taken the run") ||
                              one.says("has ended");
            if (one.code != 0 && (one.code != 2 || !told)) return one.output + one.errors;
        }
        if (done == 0) return "nobody executed it";
        if (world.acts("y") != 1) return "y was done " + std::to_string(world.acts("y"));
        if (world.row().outcome != "done") return "it is " + world.row().state;
        return world.broken();
    });
    CHECK_MESSAGE(problems == "", problems);
}

TEST_CASE("every_takeover_says_from_whom_by_whom_and_why") {
    CrashWorld world;
    world.body("sleep(\"200ms\")\nreturn 1");
    CHECK(world.start({.number = 6}).killed());
    CHECK(world.resume().code == 0);
    const Value claim = world.last("claim");
    CHECK(claim["why"].text() == "its host died");
    CHECK(claim["who"].text().find('@') != std::string::npos);
    CHECK(claim["from"].text() != "");
    CHECK(claim["from"].text() != claim["owner"].text());
    CHECK(claim["epoch"].integer() == 2);
}

TEST_CASE("several_runs_of_several_processes_share_a_state_folder_and_all_chains_hold") {
    CrashWorld world;
    world.body("for i = 1, 15 do shop:again { name = run.id } end\nreturn 1");
    world.perilune("runs --json");
    std::vector<std::thread> threads;
    std::array<int, 4> codes{};
    for (std::size_t i = 0; i < codes.size(); ++i)
        threads.emplace_back([&world, &codes, i] {
            codes[i] = world
                           .perilune("run book --environment here --no-input --json --run-id r" +
                                     std::to_string(i))
                           .code;
        });
    for (auto& thread : threads) thread.join();
    for (std::size_t i = 0; i < codes.size(); ++i) {
        CHECK(codes[i] == 0);
        CHECK(world.broken("r" + std::to_string(i)) == "");
        CHECK(world.acts("r" + std::to_string(i)) == 15);
    }
}

TEST_CASE("killed_while_it_is_made_a_run_is_not_there_or_can_be_resumed") {
    for (const int number : {1, 2, 3}) {
        CAPTURE(number);
        CrashWorld world;
        world.body("shop:keyed { name = \"x\" }\nreturn 1");
        REQUIRE(world.start({.number = number}).killed());
        const bool there = world.has_run();
        CHECK(world.start().code == (there ? 2 : 0));
        if (there) CHECK(world.resume().code == 0);
        CHECK(world.acts("x") == 1);
        CHECK(world.broken() == "");
    }
}
