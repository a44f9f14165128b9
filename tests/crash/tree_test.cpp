// Kill -9 in the middle of stopping, settling and undoing a run with its child runs.
#include <atomic>

#include <doctest/doctest.h>

#include "interpreter/base/json.h"
#include "tests/crash/crash_rig.h"

using namespace perilune;
using namespace perilune::test;

namespace {

void child_book(const CrashWorld& world, const std::string& name, const std::string& body) {
    world.write("library/runbooks/" + name + ".lua",
                "return runbook {\n  summary = \"Child\",\n  targets = { [\"counting/shop\"] = { "
                "\"set\", \"keyed\", \"asked\" } },\n  run = function()\n    local shop = "
                "counting(\"shop\")\n" +
                    body + "\n  end,\n}\n");
}

// A tree of three runs, each of which has changed something; the lowest one asks.
void three_runs(const CrashWorld& world) {
    child_book(world, "leaf",
               "shop:set { name = \"leaf\", body = \"1\" }\napprove(\"Of the leaf?\")");
    child_book(world, "child",
               "shop:set { name = \"child\", body = \"1\" }\nrun_runbook(\"leaf\")");
    world.body("shop:set { name = \"top\", body = \"1\" }\nrun_runbook(\"child\")");
}

std::vector<RunRow> all_runs(const CrashWorld& world) {
    const auto store = Store::open(world.at("state"));
    if (!store) throw std::runtime_error(store.error().message);
    const auto rows = (*store)->runs(100);
    if (!rows) throw std::runtime_error(rows.error().message);
    return *rows;
}

// What is not ended of a tree, and which chains do not hold.
std::string unfinished(const CrashWorld& world) {
    std::string problem;
    for (const auto& row : all_runs(world)) {
        if (row.state != "ended" || !row.owner.empty())
            problem += row.id + " is " + row.state + ". ";
        problem += world.broken(row.id);
    }
    return problem;
}

// Gives `words` to a tree that waits, killed at each moment, and resumes until it has ended.
std::string killed_everywhere(const std::string& words, int most,
                              const std::function<std::string(const CrashWorld&)>& judge) {
    std::atomic<int> killed = 0;
    std::string problems = for_each_at_once(most, [&](int number) -> std::string {
        CrashWorld world;
        three_runs(world);
        if (world.start().code != 3) return "It did not wait.";
        const Executed first = world.perilune(words, {.number = number});
        killed += first.killed();
        std::string output = first.output;
        if (first.killed() && world.row().state != "ended") {
            const Executed resumed = world.resume();
            if (resumed.killed()) return "the resume hung: " + resumed.output + resumed.errors;
            output = resumed.output;
        }
        const std::string problem = unfinished(world) + judge(world);
        return problem.empty() ? "" : problem + "\n" + output;
    });
    if (killed < most / 3) problems += "It was killed " + std::to_string(killed) + " times only.";
    return problems;
}

}  // namespace

TEST_CASE("the_undo_of_a_tree_killed_at_every_moment_takes_everything_back") {
    const std::string problems =
        killed_everywhere("undo case --no-input --json", 44, [](const CrashWorld& world) {
            std::string problem;
            for (const char* name : {"top", "child", "leaf"})
                if (world.read(std::string("shop/value.") + name) != "")
                    problem += std::string(name) + " is left. ";
            for (const auto& row : all_runs(world))
                if (row.outcome != "undone") problem += row.id + " ended " + row.outcome + ". ";
            return problem;
        });
    CHECK_MESSAGE(problems == "", problems);
}

TEST_CASE("the_cancelling_of_a_tree_killed_at_every_moment_ends_all_of_it") {
    const std::string problems =
        killed_everywhere("cancel case --no-input --json", 20, [](const CrashWorld& world) {
            std::string problem;
            for (const auto& row : all_runs(world))
                if (row.outcome != "cancelled") problem += row.id + " ended " + row.outcome + ". ";
            if (world.read("shop/value.leaf") != "1") problem += "Something was taken back. ";
            return problem;
        });
    CHECK_MESSAGE(problems == "", problems);
}

TEST_CASE("a_child_that_is_stopped_while_it_begins_is_left_behind_at_no_moment") {
    constexpr int most = 30;
    const std::string problems = for_each_at_once(most, [](int number) -> std::string {
        CrashWorld world;
        child_book(world, "child", "sleep(60)");
        world.body(R"(
      local ok, err = try(function()
        step("Short", { timeout = ")" +
                   std::to_string(2 + number % 10) + R"(ms" }, function() run_runbook("child") end)
      end)
      return err.code
)");
        const Executed first = world.start({.number = number});
        if (first.killed() && !world.has_run()) return "";
        if (first.killed() && world.row().state != "ended" && world.resume().killed())
            return "the resume hung";
        if (world.last("end")["value"].text() != "timeout") return "Another value.";
        return unfinished(world);
    });
    CHECK_MESSAGE(problems == "", problems);
}

TEST_CASE("a_doubt_in_a_child_is_told_above_and_settled_by_the_childs_id") {
    CrashWorld world;
    world.fault("x", "drop");
    child_book(world, "child", "return shop:asked { name = \"x\" }.name");
    world.body("local name = run_runbook(\"child\")\nshop:keyed { name = \"after\" }\nreturn name");
    const Executed rested = world.start();
    CHECK_MESSAGE(rested.code == 9, rested.output, rested.errors);
    std::string child;
    for (const auto& row : all_runs(world))
        if (!row.parent.empty()) child = row.id;
    CHECK(rested.says("perilune settle " + child));
    CHECK(world.resume().code == 9);
    const Executed ended = world.perilune("settle " + child + " --happened --result " +
                                          "{\"name\":\"found\"} --reason seen --no-input --json");
    CHECK_MESSAGE(ended.code == 0, ended.output, ended.errors);
    CHECK(world.last("end")["value"].text() == "found");
    CHECK(world.acts("x") == 1);
    CHECK(world.acts("after") == 1);
    CHECK(unfinished(world) == "");
}

TEST_CASE("the_step_that_failed_in_a_child_is_mended_with_its_tree") {
    CrashWorld world;
    const std::string first = "shop:keyed { name = \"first\" }\n";
    child_book(world, "child", first + "step(\"Broken\", function() local a; return a.b end)");
    world.body("shop:keyed { name = \"top\" }\nrun_runbook(\"child\")\nreturn \"over\"");
    CHECK(world.start().code == 3);
    child_book(world, "child",
               first + "step(\"Broken\", function() shop:keyed { name = \"mended\" } end)");
    CHECK(world.perilune("resume case --with-current-code --no-input --json").code == 3);
    std::string child;
    for (const auto& row : all_runs(world))
        if (!row.parent.empty()) child = row.id;
    CHECK(world.count("code") == 1);
    CHECK(world.count("code", child) == 1);
    const Executed ended = world.perilune("retry " + child + " --no-input --json");
    CHECK_MESSAGE(ended.code == 0, ended.output, ended.errors);
    for (const char* name : {"top", "first", "mended"}) CHECK(world.acts(name) == 1);
    CHECK(unfinished(world) == "");
}
