// The rewriting for plans: its text, and that it leaves everything else as it was.
#include <algorithm>

#include <doctest/doctest.h>

#include "interpreter/lua/syntax/parser.h"
#include "interpreter/lua/syntax/rewrite.h"
#include "tests/interpreter/lua/syntax/engine.h"
#include "tests/interpreter/lua/syntax/snippets.h"

namespace {

using namespace perilune;
using namespace perilune::syntax;

std::string rewritten(std::string_view source) {
    const auto tree = parse_lua(source, "f");
    INFO(source);
    REQUIRE_MESSAGE(tree.ok(), (tree.ok() ? "" : tree.error().message));
    const auto text = rewrite_for_plan(*tree, "C");
    REQUIRE_MESSAGE(text.ok(), (text.ok() ? "" : text.error().message));
    return *text;
}

void check_same(std::string_view source) { CHECK(rewritten(source) == source); }

}  // namespace

TEST_CASE("checks_the_conditions_of_statements") {
    CHECK(rewritten("if a then b() elseif c.d then else end") ==
          "if C(a) then b() elseif C(c.d) then else end");
    CHECK(rewritten("while a[1] do end") == "while C(a[1]) do end");
    CHECK(rewritten("repeat local x = f() until x") == "repeat local x = f() until C(x)");
    CHECK(rewritten("for i = a, #b, c + 1 do end") == "for i = C(a), C(#b), C(c + 1) do end");
    CHECK(rewritten("if(a)then elseif(b)then end") == "if C((a))then elseif C((b))then end");
}

TEST_CASE("checks_what_operators_test") {
    CHECK(rewritten("x = not a") == "x = not C(a)");
    CHECK(rewritten("x = not(a)") == "x = not C((a))");
    CHECK(rewritten("x = #a") == "x = #a");
    CHECK(rewritten("x = a and b") == "x = C(a) and b");
    CHECK(rewritten("x = a or b") == "x = C(a) or b");
    CHECK(rewritten("x = a and b or c") == "x = C(a) and C(b) or c");
    for (const std::string operation : {"==", "~=", "<", "<=", ">", ">="})
        CHECK(rewritten("x = a " + operation + " b") == "x = C(a) " + operation + " C(b)");
    CHECK(rewritten("x = a + b == -c ^ 2") == "x = C(a + b) == C(-c ^ 2)");
    CHECK(rewritten("x = a..b==c") == "x = C(a..b)==C(c)");
    CHECK(rewritten("x = a == b == c") == "x = C(a) == C(b) == C(c)");
}

TEST_CASE("checks_keys_that_are_not_constant") {
    CHECK(rewritten("x = t[k]") == "x = t[C(k)]");
    CHECK(rewritten("t[k] = v") == "t[C(k)] = v");
    CHECK(rewritten("x = t[i + 1][j].k") == "x = t[C(i + 1)][C(j)].k");
    CHECK(rewritten("x = { [k] = v, [1] = w, y = z, u }") ==
          "x = { [C(k)] = v, [1] = w, y = z, u }");
    CHECK(rewritten("x = t[#t + 1]") == "x = t[C(#t + 1)]");
    CHECK(rewritten("a.b[c].d = e") == "a.b[C(c)].d = e");
}

TEST_CASE("passes_exactly_one_value_to_the_check") {
    CHECK(rewritten("if f() then end") == "if C((f())) then end");
    CHECK(rewritten("x = not a:b()") == "x = not C((a:b()))");
    CHECK(rewritten("x = ... == nil") == "x = C((...)) == nil");
    CHECK(rewritten("x = f'y' and 1") == "x = C((f'y')) and 1");
}

TEST_CASE("checks_both_sides_of_a_choice_that_is_a_condition") {
    CHECK(rewritten("if a and b then end") == "if C(a) and C(b) then end");
    CHECK(rewritten("if (a or f()) and not c then end") ==
          "if (C(a) or C((f()))) and not C(c) then end");
    CHECK(rewritten("while a == 1 or b do end") == "while C(a) == 1 or C(b) do end");
    CHECK(rewritten("x = t[a or b]") == "x = t[C(a) or C(b)]");
}

TEST_CASE("checks_iterators_without_losing_their_values") {
    CHECK(rewritten("for k, v in pairs(t) do end") == "for k, v in pairs(t) do end");
    CHECK(rewritten("for i, v in ipairs(t) do f(v) end") == "for i, v in ipairs(t) do f(v) end");
    CHECK(rewritten("for a, b in f(x) do(g)() end") == "for a, b in f(x) do C(a);(g)() end");
    CHECK(rewritten("for a in f, s do end") == "for a in C(f), C(s) do C(a); end");
    CHECK(rewritten("for a in f(), g() do end") == "for a in C((f())), g() do C(a); end");
    CHECK(rewritten("local pairs = f for k in pairs(t) do end") ==
          "local pairs = f for k in pairs(t) do C(k); end");
}

TEST_CASE("leaves_alone_what_needs_no_check") {
    check_same("");
    check_same("#!/usr/bin/perilune\nreturn runbook { run = function() dns('a'):get {} end }");
    check_same("x = a + b .. c - -d ^ e % 2");
    check_same("a.b.c = f(g, h.i, ...)");
    check_same("while true do break end repeat until false");
    check_same("x = 1 == 2 or 'a' and {}");
    check_same("for i = 1, 10 * 2 do end");
    check_same("x = t['a' .. 'b'][-1].c");
    check_same("x = type(a), tostring(b), next(c), unpack(d)");
    check_same("goto done -- if a == b then\nlocal s = 'if a == b then' --[[ not a ]] ::done::");
    check_same("x = [[\nif a == b\n]]");
}

TEST_CASE("keeps_every_line_and_comment") {
    CHECK(rewritten("if a -- why\n   == b\nthen x() end") ==
          "if C(a) -- why\n   == C(b)\nthen x() end");
    CHECK(rewritten("if f(\n  1\n) then end") == "if C((f(\n  1\n))) then end");
    CHECK(rewritten("return not\r\n(a)") == "return not\r\nC((a))");
}

TEST_CASE("refuses_a_source_that_uses_the_name_of_the_check") {
    for (const std::string_view source :
         {"x = __check(1)", "local __check = 1", "function f(__check) end",
          "for __check in f do end", "function __check() end", "goto __check ::__check::"}) {
        const auto tree = parse_lua(source, "book.lua");
        REQUIRE(tree.ok());
        const auto text = rewrite_for_plan(*tree);
        REQUIRE_FALSE(text.ok());
        CHECK(text.error().code == "reserved_name");
        CHECK(text.error().message.starts_with("book.lua:1:"));
    }
    const auto tree = parse_lua("x.__check = { __check = 1 }", "book.lua");
    CHECK(rewrite_for_plan(*tree).ok());
}

TEST_CASE("every_rewritten_snippet_compiles_and_keeps_its_lines") {
    int changed = 0;
    for (const auto source : snippets()) {
        const auto tree = parse_lua(source, "source");
        if (!tree.ok()) continue;
        const auto text = rewrite_for_plan(*tree);
        REQUIRE(text.ok());
        CAPTURE(source);
        CAPTURE(*text);
        CHECK(engine_refusal(*text) == "");
        CHECK(std::count(text->begin(), text->end(), '\n') ==
              std::count(source.begin(), source.end(), '\n'));
        changed += *text != source ? 1 : 0;
    }
    CHECK(changed > 30);
}
