// Calls in tail position: rewritten, they give what they gave and are seen by what they call.
#include <algorithm>

#include <doctest/doctest.h>

#include "interpreter/lua/syntax/parser.h"
#include "interpreter/lua/syntax/tail_calls.h"
#include "tests/interpreter/lua/syntax/engine.h"
#include "tests/interpreter/lua/syntax/snippets.h"

namespace {

using namespace perilune;
using namespace perilune::syntax;

std::string rewritten(std::string_view source) {
    const auto tree = parse_lua(source, "f");
    INFO(source);
    REQUIRE_MESSAGE(tree.ok(), (tree.ok() ? "" : tree.error().message));
    return rewrite_tail_calls(*tree);
}

}  // namespace

TEST_CASE("wraps_only_returned_calls_of_methods_and_globals") {
    const std::string pass = "(function(...) return ... end)(";
    CHECK(rewritten("return step(1)") == "return " + pass + "step(1))");
    CHECK(rewritten("return runbook { a = 1 }") == "return " + pass + "runbook { a = 1 })");
    CHECK(rewritten("local t = {} return t:go(1)") == "local t = {} return " + pass + "t:go(1))");
    CHECK(rewritten("return json.encode \"a\"") == "return " + pass + "json.encode \"a\")");
    for (const auto* same :
         {"return (step(1))", "return step(1), 2", "step(1)", "local f = g return f(1)",
          "local m = {} return m.f(1)", "local function f() return f() end", "return 1",
          "local x = step(1) return x"})
        CHECK(rewritten(same) == same);
}

TEST_CASE("wraps_calls_that_nest") {
    const std::string pass = "(function(...) return ... end)(";
    CHECK(rewritten("return step(function() return dns:go() end)") ==
          "return " + pass + "step(function() return " + pass + "dns:go()) end))");
}

TEST_CASE("a_rewritten_call_gives_all_its_values_and_knows_its_caller") {
    CHECK(engine_output(rewritten("function f(...) return select('#', ...), ... end\n"
                                  "function g() return f(1, nil, nil) end print(g())")) ==
          "3\t1\tnil\tnil\n");
    const std::string where =
        "function where() return debug.getinfo(2, 'l').currentline end\n"
        "local function f()\n  return where()\nend\nprint(f())";
    CHECK(engine_output(where) != "3\n");
    CHECK(engine_output(rewritten(where)) == "3\n");
}

TEST_CASE("a_scripts_own_tail_calls_need_no_stack") {
    CHECK(engine_output(rewritten("local function down(n) if n == 0 then return 'end' end "
                                  "return down(n - 1) end print(down(1000000))")) == "end\n");
}

TEST_CASE("every_snippet_is_still_lua_with_as_many_lines") {
    for (const auto& snippet : snippets()) {
        if (!parse_lua(snippet, "f")) continue;
        const std::string text = rewritten(snippet);
        CHECK(engine_refusal(text).empty());
        CHECK(std::count(text.begin(), text.end(), '\n') ==
              std::count(snippet.begin(), snippet.end(), '\n'));
    }
}
