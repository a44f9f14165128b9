// Probes in Lua: the program does what it did, and each probe tells what was executed.
#include <algorithm>

#include <doctest/doctest.h>

#include "interpreter/lua/syntax/parser.h"
#include "interpreter/lua/syntax/probes.h"
#include "tests/interpreter/lua/syntax/engine.h"
#include "tests/interpreter/lua/syntax/snippets.h"

namespace {

using namespace perilune;
using namespace perilune::syntax;

constexpr const char* counting =
    "local counts = {} function __hit(n) counts[n] = (counts[n] or 0) + 1 return true end "
    "function step(_, body) return body() end function confirm() return true end ";

ProbedSource probed(std::string_view source, std::uint32_t first = 0) {
    const auto tree = parse_lua(source, "f");
    INFO(source);
    REQUIRE_MESSAGE(tree.ok(), (tree.ok() ? "" : tree.error().message));
    return add_probes(*tree, first);
}

// How often a probe of the executed source is hit.
std::string hits(const ProbedSource& made, std::uint32_t probe) {
    return engine_output(counting + made.text + " print(counts[" + std::to_string(probe) +
                         "] or 0)");
}

}  // namespace

TEST_CASE("both_sides_of_an_if_on_one_line_are_told_apart") {
    const auto made = probed("for i = 1, 3 do if i > 2 then i = 0 end end");
    REQUIRE(made.branches.size() == 3);
    CHECK(made.branches[0].side == ProbedBranch::Side::body);
    CHECK(hits(made, made.branches[0].probe) == "3\n");
    CHECK(made.branches[1].side == ProbedBranch::Side::holds);
    CHECK(hits(made, made.branches[1].probe) == "1\n");
    CHECK(made.branches[2].side == ProbedBranch::Side::holds_not);
    CHECK(hits(made, made.branches[2].probe) == "2\n");
    CHECK(made.branches[1].group == made.branches[2].group);
}

TEST_CASE("each_condition_of_a_chain_has_its_side_and_the_rest_one") {
    const auto made =
        probed("for i = 1, 6 do if i == 1 then i = 0 elseif i < 4 then i = 0 else i = 0 end end");
    REQUIRE(made.branches.size() == 4);
    CHECK(hits(made, made.branches[1].probe) == "1\n");
    CHECK(hits(made, made.branches[2].probe) == "2\n");
    CHECK(hits(made, made.branches[3].probe) == "3\n");
}

TEST_CASE("a_step_is_executed_where_its_call_is_and_not_where_an_operand_is_left_out") {
    const auto made = probed(
        "local ask = false\n"
        "local sure = ask and confirm(\"Sure?\")\n"
        "local function go()\n  return step(\"Go\", function() return 1 end)\nend\n"
        "go() go()\n"
        "if ask then step(\"Never\", go) elseif confirm(\"Else?\") then ask = 1 end");
    REQUIRE(made.steps.size() == 4);
    CHECK(made.steps[0].word == "confirm");
    CHECK(made.steps[0].name == "Sure?");
    CHECK(made.steps[0].position.line == 2);
    CHECK(hits(made, made.steps[0].probe) == "0\n");
    CHECK(hits(made, made.steps[1].probe) == "2\n");
    CHECK(hits(made, made.steps[2].probe) == "0\n");
    CHECK(hits(made, made.steps[3].probe) == "1\n");
}

TEST_CASE("a_local_of_the_name_of_a_word_makes_no_step") {
    CHECK(probed("local step = print step(\"a\")").steps.empty());
}

TEST_CASE("probes_are_counted_from_the_first") {
    const auto made = probed("local a = 1 a = 2", 40);
    CHECK(made.probes == 2);
    CHECK(made.statements[0].probe == 40);
    CHECK(made.text == " __hit(40); local a = 1  __hit(41); a = 2");
}

TEST_CASE("every_snippet_with_probes_is_still_lua_with_as_many_lines_and_does_the_same") {
    for (const auto& snippet : snippets()) {
        if (!parse_lua(snippet, "f") || !engine_refusal(snippet).empty()) continue;
        const auto made = probed(snippet);
        INFO(snippet);
        CHECK(engine_refusal(made.text) == "");
        CHECK(std::count(made.text.begin(), made.text.end(), '\n') ==
              std::count(snippet.begin(), snippet.end(), '\n'));
    }
    const std::string program =
        "local t = {} for i, v in ipairs { 3, 1, 2 } do t[#t + 1] = v * i end\n"
        "local i = 0 repeat local j = i i = i + 1 until j > 1 and i\n"
        "local f = function(...) return ... end\n"
        "print(table.concat(t, ' '), i, (f(1, 2)), f(nil and 1 or 2, 3))\n"
        "do local n = 0 ::again:: n = n + 1 if n < 3 then goto again end print(n) end";
    CHECK(engine_output(counting + probed(program).text) == engine_output(program));
}
