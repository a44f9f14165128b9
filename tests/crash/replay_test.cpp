// Replay gives what was recorded, byte for byte, and stops where the script does something else.
#include <doctest/doctest.h>

#include "interpreter/base/json.h"
#include "tests/crash/crash_rig.h"

using namespace perilune;
using namespace perilune::test;

namespace {

constexpr const char* two_steps = R"(
    step("First", function() shop:keyed { name = "one" } end)
    step("Second", function() shop:keyed { name = "two" } end)
    approve("Go on?")
    step("Third", function() shop:keyed { name = "three" } end)
)";

// Executes `two_steps` up to its question, mends the script by `changed`, resumes with it, and says
// what went otherwise than a divergence before any effect.
std::string diverges(const std::string& changed, const std::string& recorded,
                     const std::string& found) {
    CrashWorld world;
    world.body(two_steps);
    if (world.start().code != 3) return "It did not wait.";
    world.perilune("approve case --no-input --json");
    world.body(changed);
    const auto acts = world.act_lines();
    const Executed ended = world.perilune("resume case --with-current-code --no-input --json");
    if (ended.code != 3) return "It ended with " + std::to_string(ended.code) + ended.output;
    if (world.row().state != "diverged") return "It is " + world.row().state + ended.output;
    if (!ended.says(recorded)) return "It does not name " + recorded + ": " + ended.output;
    if (!ended.says(found)) return "It does not name " + found + ": " + ended.output;
    if (world.act_lines() != acts) return "Something was done.";
    return world.broken();
}

}  // namespace

TEST_CASE("values_that_are_hard_to_keep_are_replayed_byte_for_byte") {
    CrashWorld world;
    // The script's own digest of each value, taken before and after the resume.
    world.body(R"(
    local function describe(value)
      if type(value) == "string" then
        local sum = 0
        for i = 1, #value do sum = (sum * 31 + value:byte(i)) % 4294967296 end
        return ("string of %d: %d"):format(#value, sum)
      end
      if type(value) == "table" then return "table " .. tostring(next(value)) end
      if value == 0 then return "zero " .. tostring(1 / value) end
      return type(value) .. " " .. tostring(value)
    end
    local all = {}
    for _, name in ipairs { "nothing", "false", "empty text", "empty table", "large number",
      "negative zero", "infinity", "bytes", "mebibyte" } do
      all[#all + 1] = name .. " is " .. describe(shop:sample { name = name })
    end
    local text = table.concat(all, "\n")
    if shop:count { name = "seen" } == 0 then shop:keyed { name = "seen" } end
    log(text)
    approve("Go on?")
    return text
)");
    CHECK(world.start().code == 3);
    const std::string before = world.last("log")["text"].text();
    CHECK(before.find("nothing is nil nil\nfalse is boolean false\nempty text is string of 0: 0\n"
                      "empty table is table nil\nlarge number is number 9.007199254741e+15\n"
                      "negative zero is zero -inf\ninfinity is number inf\n"
                      "bytes is string of 4: ") == 0);
    world.perilune("approve case --no-input --json");
    CHECK(world.resume().code == 0);
    CHECK(world.last("end")["value"].text() == before);
    CHECK(world.acts("seen") == 1);
    CHECK(world.broken() == "");
}

TEST_CASE("a_mended_script_that_asks_for_something_else_stops_before_any_effect") {
    const std::string first = "step(\"First\", function() shop:keyed { name = \"one\" } end)\n";
    const std::string second = "step(\"Second\", function() shop:keyed { name = \"two\" } end)\n";
    const std::string rest =
        "approve(\"Go on?\")\n"
        "step(\"Third\", function() shop:keyed { name = \"three\" } end)\n";
    SUBCASE("a_step_renamed") {
        CHECK(diverges("step(\"Primary\", function() shop:keyed { name = \"one\" } end)\n" +
                           second + rest,
                       "First", "Primary") == "");
    }
    SUBCASE("two_steps_swapped") {
        CHECK(diverges(second + first + rest, "First", "Second") == "");
    }
    SUBCASE("a_step_removed") { CHECK(diverges(first + rest, "Second", "Go on?") == ""); }
    SUBCASE("a_step_inserted") {
        CHECK(diverges(first + "step(\"Between\", function() end)\n" + second + rest, "Second",
                       "Between") == "");
    }
    SUBCASE("arguments_changed") {
        CHECK(diverges("step(\"First\", function() shop:keyed { name = \"other\" } end)\n" +
                           second + rest,
                       "one", "other") == "");
    }
    SUBCASE("another_kind_of_event") {
        CHECK(diverges("step(\"First\", function() sleep(1) end)\n" + second + rest, "one",
                       "sleep") == "");
    }
    SUBCASE("an_operation_of_another_name") {
        CHECK(diverges(
                  "step(\"First\", function() shop:again { name = \"one\" } end)\n" + second + rest,
                  "keyed", "again") == "");
    }
    SUBCASE("the_end_comes_early") { CHECK(diverges(first, "Second", "does not ask") == ""); }
}

TEST_CASE("a_divergence_in_one_branch_does_not_find_another_acting") {
    CrashWorld world;
    const auto text = [](const std::string& name) {
        return "parallel {\n  a = function() shop:keyed { name = \"" + name +
               "\" }; approve(\"A?\") end,\n  b = function() approve(\"B?\"); "
               "shop:keyed { name = \"never\" } end,\n}\n";
    };
    world.body(text("a"));
    CHECK(world.start().code == 3);
    // The approval lies in the inbox: a run that went live would take it, and act.
    world.perilune("approve case B? --no-input --json");
    world.body(text("changed"));
    CHECK(world.perilune("resume case --with-current-code --no-input --json").code == 3);
    CHECK(world.row().state == "diverged");
    CHECK(world.acts("never") == 0);
    CHECK(world.acts("changed") == 0);
}

TEST_CASE("a_divergence_cannot_be_caught") {
    CrashWorld world;
    const auto text = [](const std::string& name) {
        return "pcall(step, \"" + name + "\", function() shop:keyed { name = \"x\" } end)\n" +
               "approve(\"Go on?\")\nshop:keyed { name = \"after\" }\n";
    };
    world.body(text("Step"));
    CHECK(world.start().code == 3);
    world.perilune("approve case --no-input --json");
    world.body(text("Renamed"));
    CHECK(world.perilune("resume case --with-current-code --no-input --json").code == 3);
    CHECK(world.acts("after") == 0);
}

TEST_CASE("a_runbook_edited_while_its_run_waits_goes_on_with_the_stored_text") {
    CrashWorld world;
    world.body(two_steps);
    CHECK(world.start().code == 3);
    world.body("shop:keyed { name = \"edited\" }");
    world.perilune("approve case --no-input --json");
    const Executed ended = world.resume();
    CHECK_MESSAGE(ended.code == 0, ended.output, ended.errors);
    CHECK(world.acts("three") == 1);
    CHECK(world.acts("edited") == 0);
}

TEST_CASE("a_mended_script_goes_on_where_it_agrees_with_what_was_done") {
    CrashWorld world;
    const std::string begin =
        "step(\"First\", function() shop:keyed { name = \"one\" } end)\n"
        "approve(\"Go on?\")\n";
    world.body(begin + "shop:keyed { name = \"wrong\" }\n");
    CHECK(world.start().code == 3);
    world.perilune("approve case --no-input --json");
    world.body(begin + "shop:keyed { name = \"mended\" }\n");
    // What was approved of the old code lets nothing of the new one through (7.8).
    const Executed asked = world.perilune("resume case --with-current-code --no-input --json");
    CHECK_MESSAGE(asked.code == 3, asked.output, asked.errors);
    CHECK(asked.says("The code was replaced after this was given"));
    CHECK(world.acts("mended") == 0);
    world.perilune("approve case --no-input --json");
    const Executed ended = world.resume();
    CHECK_MESSAGE(ended.code == 0, ended.output, ended.errors);
    CHECK(world.acts("one") == 1);
    CHECK(world.acts("mended") == 1);
    CHECK(world.acts("wrong") == 0);
}

TEST_CASE("a_step_that_timed_out_in_the_middle_of_a_read_replays") {
    CrashWorld world;
    world.body(R"(
    local ok, err = try(function()
      step("Slow", { timeout = "100ms" }, function()
        shop:sample { name = "error" }
      end)
    end)
    shop:keyed { name = err.code }
    approve("Go on?")
    return err.code
)");
    CHECK(world.start().code == 3);
    world.perilune("approve case --no-input --json");
    const Executed ended = world.resume();
    CHECK_MESSAGE(ended.code == 0, ended.output, ended.errors);
    CHECK(world.broken() == "");
}

TEST_CASE("a_journal_that_was_altered_is_not_executed") {
    CrashWorld world;
    world.body(two_steps);
    CHECK(world.start().code == 3);
    const std::string before = world.read("state/state.db-wal");
    const std::string wanted = "\"name\":\"one\"";
    const auto at = before.rfind(wanted);
    REQUIRE(at != std::string::npos);
    // The page's own checksum keeps a change in the log from being read at all, so the record is
    // changed as somebody with the file's password would: through SQLite.
    const std::string command = "sqlite3 '" + world.at("state/state.db") +
                                "' \"update record set body = replace(body, 'one', 'two') where "
                                "kind = 'intent'\" >/dev/null 2>&1";
    REQUIRE(std::system(command.c_str()) == 0);
    const Executed ended = world.resume();
    CHECK(ended.code == 2);
    CHECK(ended.says("is not as it was written"));
    CHECK(ended.says("Nothing is executed from it"));
    CHECK(world.broken() != "");
    CHECK(world.acts("three") == 0);
    CHECK(world.perilune("verify case").code == 1);
}
