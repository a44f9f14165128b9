// Mutants of a runbook's text: what is broken, where, and that it is still Lua.
#include <algorithm>

#include <doctest/doctest.h>

#include "interpreter/lua/syntax/mutants.h"
#include "interpreter/lua/syntax/parser.h"
#include "tests/interpreter/lua/syntax/engine.h"
#include "tests/interpreter/lua/syntax/snippets.h"

namespace {

using namespace perilune;
using namespace perilune::syntax;

std::vector<Mutant> mutants(std::string_view source) {
    const auto tree = parse_lua(source, "f");
    INFO(source);
    REQUIRE_MESSAGE(tree.ok(), (tree.ok() ? "" : tree.error().message));
    return make_mutants(*tree);
}

// "WHAT: TEXT" of each.
std::vector<std::string> told(std::string_view source) {
    std::vector<std::string> all;
    for (const auto& mutant : mutants(source)) all.push_back(mutant.what + ": " + mutant.text);
    return all;
}

using Told = std::vector<std::string>;

}  // namespace

TEST_CASE("drops_checks_whether_their_value_is_used_or_not") {
    CHECK(told("ensure(a, 'b')") == Told{"drops a check: do end"});
    CHECK(told("return ensure(a.b, 'c')") == Told{"drops a check: return (a.b)"});
    CHECK(told("db:verify { a = 1 }") == Told{"drops a check: do end"});
    CHECK(told("local ok = db:check()") == Told{});
    CHECK(told("local ensure = print ensure(a)") == Told{});
}

TEST_CASE("drops_waits_and_approvals") {
    for (const auto* wait :
         {"wait_until('a', f)", "hold('a', f)", "sleep('1m')", "db:wait_ready()"})
        CHECK(told(wait) == Told{"drops a wait: do end"});
    CHECK(told("approve 'Go?'") == Told{"drops an approval: do end"});
    CHECK(told("local sure = confirm('Go?')") == Told{"drops an approval: local sure = true"});
}

TEST_CASE("drops_undo_options_and_steps_that_give_nothing") {
    CHECK(told("local a = step('a', { undo = false, retries = 2 }, f)") ==
          Told{"drops an undo: local a = step('a', {  retries = 2 }, f)"});
    CHECK(told("step('a', { retries = 2, undo = function() end }, f)") ==
          Told{"drops a step: do end", "drops an undo: step('a', { retries = 2, }, f)"});
}

TEST_CASE("negates_conditions_and_turns_other_comparisons_around") {
    CHECK(told("if a then b() elseif not c then d() end") ==
          Told{"negates a condition: if  not (a)  then b() elseif not c then d() end",
               "negates a condition: if a then b() elseif  c  then d() end"});
    CHECK(told("if a == 1 then b() end") ==
          Told{"negates a condition: if  not (a == 1)  then b() end"});
    CHECK(told("local x = a == 1 or b<2") ==
          Told{"turns a comparison around: local x = a ~= 1 or b<2",
               "turns a comparison around: local x = a == 1 or b>=2"});
}

TEST_CASE("swaps_steps_that_follow_each_other") {
    const auto made = mutants("step('a', f)\npause()\nstep('b', f)\nlocal c = 1\nstep('c', f)");
    const auto swap = std::find_if(made.begin(), made.end(), [](const Mutant& mutant) {
        return mutant.what == "swaps two steps";
    });
    REQUIRE(swap != made.end());
    CHECK(swap->text == "step('b', f)\npause()\nstep('a', f)\nlocal c = 1\nstep('c', f)");
    CHECK(swap->before == "step('a', f)");
    CHECK(swap->after == "step('b', f)");
    CHECK(std::count_if(made.begin(), made.end(), [](const Mutant& mutant) {
              return mutant.what == "swaps two steps";
          }) == 1);
}

TEST_CASE("keeps_the_lines_of_what_follows_and_says_where_it_is") {
    const auto made =
        mutants("local a\nstep('b',\n  function()\n    ensure(\n      a)\n  end)\nc()");
    REQUIRE(made.size() == 2);
    CHECK(made[0].text == "local a\ndo end\n\n\n\n\nc()");
    CHECK(made[0].position.line == 2);
    CHECK(made[1].position.line == 4);
    CHECK(made[1].statement == 35);
    CHECK(made[1].text == "local a\nstep('b',\n  function()\n    do end\n\n  end)\nc()");
}

TEST_CASE("every_mutant_of_every_snippet_is_lua_for_the_engine_too") {
    std::size_t seen = 0;
    for (const auto& snippet : snippets()) {
        if (!parse_lua(snippet, "f") || !engine_refusal(snippet).empty()) continue;
        for (const auto& mutant : mutants(snippet)) {
            ++seen;
            INFO(mutant.text);
            CHECK(engine_refusal(mutant.text) == "");
            CHECK(mutant.text != snippet);
        }
    }
    CHECK(seen > 20);
}
