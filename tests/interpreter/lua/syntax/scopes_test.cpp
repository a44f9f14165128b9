// Which local a name means, and what it may hold.
#include <algorithm>

#include <doctest/doctest.h>

#include "interpreter/lua/syntax/parser.h"
#include "interpreter/lua/syntax/scopes.h"

namespace {

using namespace perilune;
using namespace perilune::syntax;

struct Resolved {
    Tree tree;
    Scopes scopes;
};

Resolved resolved(std::string_view source) {
    auto tree = parse_lua(source, "f");
    REQUIRE(tree.ok());
    Scopes scopes = resolve(*tree);
    return {std::move(tree.value()), std::move(scopes)};
}

// For every use of `name`, the line that declares what it means; 0 for a global.
std::vector<std::uint32_t> declared_on(const Resolved& file, std::string_view name) {
    std::vector<const Expression*> uses;
    for (const Expression& expression : file.tree.expressions) {
        if (expression.kind == ExpressionKind::name && expression.text == name)
            uses.push_back(&expression);
    }
    std::sort(uses.begin(), uses.end(), [](const Expression* left, const Expression* right) {
        return left->span.begin.offset < right->span.begin.offset;
    });
    std::vector<std::uint32_t> lines;
    for (const Expression* use : uses) {
        const Local* local = file.scopes.local_of(*use);
        lines.push_back(local == nullptr ? 0 : local->name.position.line);
    }
    return lines;
}

using Lines = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("a_local_is_visible_after_its_statement_and_in_its_block_only") {
    const auto file = resolved(R"(x()
local x = x
x()
do
  local x = x
  x()
end
x()
)");
    CHECK(declared_on(file, "x") == Lines{0, 0, 2, 2, 5, 2});
}

TEST_CASE("a_local_function_sees_itself_and_a_local_given_a_function_does_not") {
    const auto file = resolved("local function f() f() end\nlocal g = function() g() end");
    CHECK(declared_on(file, "f") == Lines{1});
    CHECK(declared_on(file, "g") == Lines{0});
}

TEST_CASE("parameters_loop_variables_and_self_belong_to_their_bodies") {
    const auto file = resolved(R"(local t = {}
function t:m(
  a)
  return self, a
end
for i = i, 2 do
  i()
end
for k, v in k, v do
  k(v)
end
return a, self, i, k, v
)");
    CHECK(declared_on(file, "self") == Lines{2, 0});
    CHECK(declared_on(file, "a") == Lines{3, 0});
    CHECK(declared_on(file, "i") == Lines{0, 6, 0});
    CHECK(declared_on(file, "k") == Lines{0, 9, 0});
    CHECK(declared_on(file, "v") == Lines{0, 9, 0});
}

TEST_CASE("the_condition_of_repeat_sees_the_locals_of_its_body") {
    const auto file = resolved("repeat\n  local x = f()\nuntil x\nreturn x");
    CHECK(declared_on(file, "x") == Lines{2, 0});
}

TEST_CASE("branches_and_loops_have_blocks_of_their_own") {
    const auto file = resolved(
        "if a then local x = 1 elseif x then local x = 2 else x() end\nwhile x do x() end");
    CHECK(declared_on(file, "x") == Lines{0, 0, 0, 0});
}

TEST_CASE("counts_reads_assignments_and_upvalues") {
    const auto file = resolved(R"(
local a, b, c = 1, 2, 3
a = b
local function f() return function() a = c end end
)");
    const auto& locals = file.scopes.locals;
    REQUIRE(locals.size() == 4);
    CHECK(locals[0].assignments == 2);
    CHECK(locals[0].reads == 0);
    CHECK(locals[1].reads == 1);
    CHECK(locals[2].reads == 1);
    CHECK(file.scopes.functions[1].upvalues.size() == 2);
    CHECK(file.scopes.functions[2].upvalues.size() == 2);
    CHECK(file.scopes.functions[0].upvalues.empty());
    CHECK(file.scopes.is_within(2, 1));
    CHECK(file.scopes.is_within(2, 0));
    CHECK_FALSE(file.scopes.is_within(1, 2));
}

TEST_CASE("follows_locals_parentheses_and_choices_to_what_they_may_be") {
    const auto values_of = [](std::string_view source) {
        const auto file = resolved(source);
        const Statement& last = *file.tree.main().body.statements.back();
        std::vector<std::string> texts;
        for (const Expression* value : file.scopes.possible_values(*last.values[0]))
            texts.emplace_back(value == nullptr ? "?" : file.tree.text_of(value->span));
        return texts;
    };
    using Texts = std::vector<std::string>;
    CHECK(values_of("local a = f() return a") == Texts{"f()"});
    CHECK(values_of("local a, b = f(), g() local c = (b) return c") == Texts{"g()"});
    CHECK(values_of("local a, b = f() return b") == Texts{"?"});
    CHECK(values_of("local a if x then a = f() else a = g() end return a") == Texts{"f()", "g()"});
    CHECK(values_of("local a = x and f() or g() return a") == Texts{"g()", "f()"});
    CHECK(values_of("local a = f() a = a return a") == Texts{"f()"});
    CHECK(values_of("local function f(a) return a end return f") ==
          Texts{"function f(a) return a end"});
    CHECK(values_of("for i = 1, 2 do g(i) end return i") == Texts{"i"});
    std::string many = "local a = f() ";
    for (int i = 0; i < 40; ++i) many += "a = f() ";
    const Texts values = values_of(many + "return a");
    CHECK(values.size() == Local::values_max);
    CHECK(std::count(values.begin(), values.end(), "?") == 1);
}
