// perilune test --coverage and --mutate, executed as people would.
#include <doctest/doctest.h>

#include "tests/interpreter/command/command_rig.h"

namespace {

using namespace perilune;
using namespace perilune::test;

struct CoverageRig : CommandRig {
    CoverageRig() {
        add_environment();
        write("library/runbooks/point.lua", R"(return runbook {
  summary = "Points a name",
  targets = { ["dns/site"] = { "upsert" } },
  parameters = { value = { type = "string", required = true }, sure = { type = "boolean" } },
  run = function(params)
    local site = dns("site")
    ensure(params.value ~= "127.0.0.1", "Not to yourself.")
    if params.sure then return step("Skip", function() return "skipped" end) end
    step("Point", function()
      site:upsert { name = "app", type = "A", value = params.value, ttl = "1m" }
    end)
    sleep("1m")
  end,
}
)");
        test(
            "  it('points', function()\n"
            "    local w = world 'local'\n"
            "    assert.equal('done', w:run('point', { value = '192.0.2.1' }).outcome)\n"
            "    assert.same({ '192.0.2.1' }, w.dns.site:get { name = 'app', type = 'A' }.values)\n"
            "  end)\n");
    }
    void test(const std::string& body) const {
        write("library/tests/point_test.lua", "describe('point', function()\n" + body + "end)\n");
    }
};

constexpr const char* skips =
    "  it('skips', function()\n"
    "    assert.equal('skipped', world('local'):run('point', { value = 'x', sure = true }).value)\n"
    "  end)\n";

}  // namespace

TEST_CASE("names_the_step_and_the_sides_that_no_test_executes") {
    const CoverageRig rig;
    const auto told = rig.json({"test", "--coverage"})["coverage"];
    CHECK(told["steps"]["covered"].number() == 1);
    CHECK(told["steps"]["all"].number() == 2);
    const List missed = told["files"].list().at(0)["missed"].list();
    REQUIRE(missed.size() == 2);
    CHECK(missed[0]["line"].number() == 8);
    CHECK(missed[0]["what"].text() == "step \"Skip\"");
    CHECK(missed[1]["what"].text() == "the condition never holds");
    const auto few = rig.run({"test", "--coverage", "--least", "60"});
    CHECK(few.exit_code == 1);
    CHECK(holds(few.output, "runbooks/point.lua:8: step \"Skip\""));
    rig.test(skips);
    const auto enough = rig.run({"test", "--coverage", "--least", "50"});
    CHECK(enough.exit_code == 0);
}

TEST_CASE("writes_coverage_where_it_is_told_and_refuses_what_does_not_go_together") {
    const CoverageRig rig;
    const auto written = rig.run({"test", "--coverage", "--coverage-format", "lcov", "--format",
                                  "tap", "--coverage-output", rig.at("info")});
    CHECK(written.exit_code == 0);
    CHECK(holds(written.output, "ok 1 - point points"));
    std::ifstream file(rig.at("info"));
    const std::string info{std::istreambuf_iterator<char>(file), {}};
    CHECK(holds(info, "/library/runbooks/point.lua\n"));
    for (const CommandRig::Words& more :
         {CommandRig::Words{"--coverage-format", "html"}, CommandRig::Words{"--least", "3"},
          CommandRig::Words{"--coverage", "--format", "junit"},
          CommandRig::Words{"--coverage", "--coverage-format", "htm"},
          CommandRig::Words{"--mutate", "--rerun"}, CommandRig::Words{"--mutate", "pont"},
          CommandRig::Words{"--mutate", "--least", "many"}}) {
        CommandRig::Words words = {"test"};
        words.insert(words.end(), more.begin(), more.end());
        CHECK(rig.run(words).exit_code == 2);
    }
}

TEST_CASE("names_mutants_that_no_test_notices_and_those_that_one_does") {
    const CoverageRig rig;
    const auto told = rig.json({"test", "--mutate", "point"});
    std::string all;
    for (const auto& mutant : told["mutants"].list())
        all += std::to_string(mutant["line"].integer()) + " " + mutant["what"].text() + ": " +
               mutant["outcome"].text() + "\n";
    CHECK(all ==
          "7 drops a check: survived\n"
          "7 turns a comparison around: killed\n"
          "8 negates a condition: killed\n"
          "9 drops a step: killed\n"
          "12 drops a wait: survived\n");
    CHECK(told["noticed_percent"].number() == 60);
    const auto text = rig.run({"test", "--mutate", "--least", "61"});
    CHECK(text.exit_code == 1);
    CHECK(holds(text.output, "runbooks/point.lua:7: drops a check\n  - ensure(params.value"));
    CHECK(rig.run({"test", "--mutate", "--least", "60"}).exit_code == 0);
}

TEST_CASE("a_mutant_that_no_test_reaches_survives_and_one_that_never_ends_is_noticed") {
    const CoverageRig rig;
    rig.write("library/runbooks/count.lua", R"(return runbook {
  summary = "Counts",
  targets = {},
  run = function()
    local n = 3
    while n > 0 do
      if n then n = n - 1 end
    end
    if n > 3 then sleep("1s") end
    return n
  end,
}
)");
    rig.write("library/tests/count_test.lua",
              "it('counts', function()\n"
              "  local run = world('local'):run('count')\n"
              "  assert.is_true(run.value < 4)\n"
              "end)\n");
    const auto told = rig.json({"test", "--mutate", "count"});
    const List mutants = told["mutants"].list();
    REQUIRE(mutants.size() == 4);
    CHECK(mutants[0]["what"].text() == "turns a comparison around");
    CHECK(mutants[1]["what"].text() == "negates a condition");
    CHECK(mutants[1]["outcome"].text() == "timed_out");
    CHECK(mutants[3]["what"].text() == "drops a wait");
    CHECK(mutants[3]["outcome"].text() == "survived");
    CHECK(mutants[3]["tests"].number() == 0);
    CHECK(told["timed_out"].number() == 1);
}

TEST_CASE("nothing_is_broken_where_the_tests_fail_already") {
    const CoverageRig rig;
    rig.test("  it('fails', function() assert.equal(1, 2) end)\n");
    const auto told = rig.run({"test", "--mutate"});
    CHECK(told.exit_code != 0);
    CHECK(holds(told.errors, "The test \"point fails\" fails as the library is."));
}

TEST_CASE("a_test_that_looks_at_what_a_setup_did_notices_too") {
    const CoverageRig rig;
    rig.test(
        "  local value\n"
        "  setup(function()\n"
        "    value = world('local'):run('point', { value = 'x', sure = true }).value\n"
        "  end)\n"
        "  it('is there', function() assert.is_not_nil(value) end)\n"
        "  it('is right', function() assert.equal('skipped', value) end)\n");
    rig.write("library/runbooks/point.lua", R"(return runbook {
  summary = "Gives a word",
  targets = {},
  parameters = { value = { type = "string" }, sure = { type = "boolean" } },
  run = function(params)
    if params.sure then return "skipped" end
    return "done"
  end,
}
)");
    const auto told = rig.json({"test", "--mutate"});
    CHECK(told["killed"].number() == 1);
    CHECK(told["mutants"].list().at(0)["by"].text() == "point is right");
}

TEST_CASE("the_quickstarts_tests_execute_every_step_and_notice_nine_of_ten_mutants") {
    const CommandRig rig;
    const std::string quickstart = source_path("runbooks/quickstart");
    const auto covered = rig.run({"test", "--coverage", "--least", "100", "--library", quickstart});
    CHECK_MESSAGE(covered.exit_code == 0, covered.errors);
    const auto broken = rig.run({"test", "--mutate", "--least", "90", "--library", quickstart});
    CHECK_MESSAGE(broken.exit_code == 0, broken.output);
    CHECK_FALSE(holds(broken.errors, "\n0 mutants"));
}
