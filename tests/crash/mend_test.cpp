// A run goes on with mended code: what failed is not executed again, and nothing is done twice.
#include <atomic>
#include <cstdlib>

#include <doctest/doctest.h>

#include "interpreter/base/json.h"
#include "tests/crash/crash_rig.h"

using namespace perilune;
using namespace perilune::test;

namespace {

constexpr const char* mend_words = "resume case --with-current-code --no-input --json";

// Everything the failing step did stays done; its mended body is executed as a further attempt.
const std::string first = "step(\"First\", function() shop:keyed { name = \"one\" } end)\n";
const std::string broken_step = R"(
    local got = step("Second", function()
      shop:keyed { name = "half" }
      parallel { a = function() shop:keyed { name = "side" } end, b = function() sleep(0.05) end }
      local a
      return a.b
    end)
    return got
)";
const std::string mended_step = R"(
    local got = step("Second", function()
      shop:keyed { name = "two" }
      return "mended"
    end)
    return got
)";

}  // namespace

TEST_CASE("a_mended_step_that_had_failed_is_tried_again_with_the_mended_body") {
    CrashWorld world;
    world.body(first + broken_step);
    CHECK(world.start().code == 3);
    CHECK(world.count("failure") == 1);
    world.body(first + mended_step);
    const Executed resumed = world.perilune(mend_words);
    CHECK_MESSAGE(resumed.code == 3, resumed.output, resumed.errors);
    CHECK(world.row().state == "waits");
    CHECK(world.count("code") == 1);
    // A plain resume goes on with the new code, whatever is on disk by now.
    world.body("error(\"never executed\")");
    CHECK(world.resume().code == 3);
    const Executed ended = world.perilune("retry case --no-input --json");
    CHECK_MESSAGE(ended.code == 0, ended.output, ended.errors);
    CHECK(world.last("end")["value"].text() == "mended");
    for (const char* name : {"one", "half", "side", "two"}) CHECK(world.acts(name) == 1);
    CHECK(world.broken() == "");
    CHECK(world.perilune("verify case").code == 0);
    // Code that was exchanged later is found, as that of the beginning is.
    const std::string command =
        "sqlite3 '" + world.at("state/state.db") +
        "' \"update file set text = 'x' where cast(text as text) like '%mended%'\"";
    REQUIRE(std::system(command.c_str()) == 0);
    CHECK(world.perilune("verify case").code == 1);
}

TEST_CASE("mending_killed_at_every_moment_ends_as_if_nobody_had_killed_it") {
    constexpr int most = 14;
    std::atomic<int> killed = 0;
    const std::string problems = for_each_at_once(most, [&](int number) -> std::string {
        CrashWorld world;
        world.body(first + broken_step);
        if (world.start().code != 3) return "It did not wait.";
        world.body(first + mended_step);
        killed += world.perilune(mend_words, {.number = number}).killed();
        const bool replaced = world.count("code") == 1;
        // Killed before the new code was recorded, the run is what it was.
        if (!replaced && world.resume().code != 3) return "The old code does not wait.";
        if (!replaced && world.perilune(mend_words).code != 3) return "It was not mended.";
        const Executed part = world.perilune("retry case --no-input --json", {.number = number});
        killed += part.killed();
        // Killed before it was taken, the command is in the inbox and the resume takes it.
        const bool resumes = part.killed() && world.row().state != "ended";
        const Executed ended = resumes ? world.resume() : part;
        if (ended.code != 0 && !ended.killed())
            return "It ended with " + std::to_string(ended.code) + ended.output;
        std::string problem = world.broken();
        if (world.last("end")["value"].text() != "mended") problem += "Another value. ";
        for (const char* name : {"one", "half", "side", "two"})
            if (world.acts(name) != 1)
                problem += std::string(name) + ": " + std::to_string(world.acts(name)) + " ";
        if (world.count("code") != 1) problem += "The code was replaced otherwise than once. ";
        return problem;
    });
    CHECK_MESSAGE(problems == "", problems);
    CHECK(killed.load() > most / 2);
}

TEST_CASE("an_attempt_that_timed_out_stands_as_it_was_recorded") {
    CrashWorld world;
    const std::string rest = "\nstep(\"After\", function() shop:keyed { name = \"after\" } end)\n";
    world.body(R"(
    step("Slow", { timeout = "100ms" }, function()
      shop:keyed { name = "begun" }
      step("Inner", function() sleep(30) end)
    end))" + rest);
    CHECK(world.start().code == 3);
    world.body(
        "step(\"Slow\", { timeout = \"100ms\" }, function() shop:keyed { name = \"quick\" } "
        "end)" +
        rest);
    CHECK(world.perilune(mend_words).code == 3);
    CHECK(world.perilune("retry case --no-input --json").code == 0);
    for (const char* name : {"begun", "quick", "after"}) CHECK(world.acts(name) == 1);
    CHECK(world.broken() == "");
}

TEST_CASE("earlier_attempts_and_caught_failures_keep_the_errors_they_had") {
    CrashWorld world;
    const auto text = [](const std::string& in_attempt, const std::string& wanted) {
        return R"(
    local seen = {}
    local ok, err = try(function() step("Caught", function() )" +
               in_attempt + R"( end) end)
    seen[1] = err.message
    step("Twice", { retries = 1, backoff = "10ms" }, function()
      )" + in_attempt +
               R"(
      shop:again { name = ")" +
               wanted + R"(" }
      ensure(")" +
               wanted + R"(" == "right", "It was the wrong one.")
    end)
    return table.concat(seen, "|")
)";
    };
    world.body(text("ensure(shop:count { name = \"x\" } > 0, \"as it was\")", "wrong"));
    CHECK(world.start().code == 3);
    CHECK(world.count("failure") == 3);
    world.body(text("log(\"other\")", "right"));
    CHECK(world.perilune(mend_words).code == 3);
    CHECK(world.perilune("retry case --no-input --json").code == 0);
    CHECK(world.last("end")["value"].text() == "as it was");
    CHECK(world.acts("right") == 1);
    CHECK(world.acts("wrong") == 0);
    CHECK(world.count("read") == 3);
}

TEST_CASE("what_failed_outside_any_step_goes_on_where_the_mended_script_does") {
    CrashWorld world;
    world.body(first + "local a\nreturn a.b\n");
    CHECK(world.start().code == 3);
    world.body(first + "shop:keyed { name = \"two\" }\nreturn \"mended\"\n");
    const Executed ended = world.perilune(mend_words);
    CHECK_MESSAGE(ended.code == 0, ended.output, ended.errors);
    CHECK(world.last("end")["value"].text() == "mended");
    CHECK(world.acts("one") == 1);
    CHECK(world.acts("two") == 1);
    CHECK(world.broken() == "");
}

TEST_CASE("a_failing_operation_outside_any_step_is_mended_by_itself") {
    CrashWorld world;
    world.fault("bad", "fail");
    world.body(first + "shop:keyed { name = \"bad\" }\nshop:keyed { name = \"last\" }\n");
    CHECK(world.start().code == 3);
    world.body(first + "shop:keyed { name = \"good\" }\nshop:keyed { name = \"last\" }\n");
    CHECK(world.perilune(mend_words).code == 3);
    CHECK(world.perilune("retry case --no-input --json", {.number = 9}).killed());
    CHECK(world.resume().code == 0);
    CHECK(world.acts("good") == 1);
    CHECK(world.acts("last") == 1);
    CHECK(world.acts("bad") == 0);
    CHECK(world.broken() == "");
}

TEST_CASE("code_may_be_replaced_a_second_time") {
    CrashWorld world;
    world.body(first + broken_step);
    CHECK(world.start().code == 3);
    world.body(first +
               "step(\"Second\", function() shop:keyed { name = \"try\" } error(\"no\") end)");
    CHECK(world.perilune(mend_words).code == 3);
    CHECK(world.perilune("retry case --no-input --json").code == 3);
    world.body(first + mended_step);
    CHECK(world.perilune(mend_words).code == 3);
    CHECK(world.perilune("retry case --no-input --json").code == 0);
    for (const char* name : {"one", "half", "try", "two"}) CHECK(world.acts(name) == 1);
    CHECK(world.count("code") == 2);
    CHECK(world.broken() == "");
}

TEST_CASE("a_failed_step_is_mended_and_tried_again_by_one_command") {
    CrashWorld world;
    world.body(first + broken_step);
    CHECK(world.start().code == 3);
    world.body(first + mended_step);
    const Executed ended = world.perilune("retry case --with-current-code --no-input --json");
    CHECK_MESSAGE(ended.code == 0, ended.output, ended.errors);
    for (const char* name : {"one", "half", "side", "two"}) CHECK(world.acts(name) == 1);
    CHECK(world.broken() == "");
}

TEST_CASE("where_the_new_code_diverges_the_run_stays_with_the_old_one") {
    CrashWorld world;
    world.body(first + broken_step);
    CHECK(world.start().code == 3);
    world.body("step(\"Other\", function() shop:keyed { name = \"other\" } end)\n" + mended_step);
    CHECK(world.perilune(mend_words).code == 3);
    CHECK(world.row().state == "diverged");
    CHECK(world.count("code") == 0);
    CHECK(world.resume().code == 3);
    CHECK(world.row().state == "waits");
    CHECK(world.acts("other") == 0);
}

TEST_CASE("code_that_makes_a_used_target_another_thing_is_refused") {
    CrashWorld world;
    world.body(first + "shop:again { name = \"x\" }\napprove(\"Go on?\")\n");
    CHECK(world.start().code == 3);
    const auto head = world.row().head;
    const auto put = [&](const std::string& shop) {
        world.write("library/environments/here.yaml",
                    "kind: development\ntargets:\n  counting/shop: " + shop +
                        "\n  http/site: { driver: http, url: \"http://127.0.0.1:8\" }\n");
    };
    put("{ driver: folder, folder: ../elsewhere }");
    const Executed refused = world.perilune(mend_words);
    CHECK(refused.code == 2);
    CHECK(refused.says("counting/shop: folder was ../shop and is now ../elsewhere"));
    CHECK(refused.says("Nothing was done"));
    CHECK(world.row().head == head);  // It was not even claimed.
    // A target that was not used, and a setting that does not say which thing it is, may change.
    put("{ driver: folder, folder: ../shop }");
    CHECK(world.perilune(mend_words).code == 3);
    CHECK(world.count("code") == 1);
}

TEST_CASE("code_that_declares_further_locks_is_refused") {
    CrashWorld world;
    world.body(first + "approve(\"Go on?\")\n", "  locks = { \"a\" },\n");
    CHECK(world.start().code == 3);
    world.body(first + "approve(\"Go on?\")\n", "  locks = { \"a\", \"b\" },\n");
    const Executed refused = world.perilune(mend_words);
    CHECK(refused.code == 2);
    CHECK(refused.says("did not take when it began"));
    CHECK(world.count("code") == 0);
}

TEST_CASE("of_two_approvals_the_one_given_for_the_old_code_does_not_count") {
    CrashWorld world;
    const std::string gate = "approve(\"Go on?\", { count = 2 })\n";
    world.body(first + gate + "shop:keyed { name = \"old\" }\n");
    CHECK(world.start().code == 3);
    world.perilune("approve case --no-input --json");
    CHECK(world.resume().code == 3);
    CHECK(world.count("answer") == 1);
    world.body(first + gate + "shop:keyed { name = \"new\" }\n");
    CHECK(world.perilune(mend_words).code == 3);
    // The same person may approve again, since the first approval is void; it is the first of two.
    world.perilune("approve case --no-input --json");
    CHECK(world.resume().code == 3);
    CHECK(world.count("answer") == 2);
    CHECK(world.acts("new") == 0);
}

TEST_CASE("a_plain_resume_says_how_the_files_differ") {
    CrashWorld world;
    world.body(first + "approve(\"Go on?\")\n");
    CHECK(world.start().code == 3);
    CHECK_FALSE(world.resume().says("On disk there is by now"));
    world.body(first + "approve(\"Really?\")\n");
    world.write("library/lib/more.lua", "return {}\n");
    const Executed told = world.resume();
    CHECK(told.code == 3);
    CHECK(told.says("changed: runbooks/book.lua"));
    CHECK(told.says("new: lib/more.lua"));
    CHECK(told.says("perilune resume case --with-current-code"));
    world.environment("  counting/more: { driver: folder, folder: ../more }\n");
    CHECK(world.resume().says("changed: environments/here.yaml"));
    CHECK(world.count("question") == 1);
}
