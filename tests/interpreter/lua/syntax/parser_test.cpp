// The tree that the parser builds: its shape, its positions and its limits.
#include "interpreter/lua/syntax/parser.h"

#include <doctest/doctest.h>

#include "tests/interpreter/lua/syntax/engine.h"
#include "tests/interpreter/lua/syntax/snippets.h"

namespace {

using namespace perilune;
using namespace perilune::syntax;

Tree parsed(std::string_view source) {
    auto tree = parse_lua(source, "book.lua");
    INFO(source);
    REQUIRE_MESSAGE(tree.ok(), (tree.ok() ? "" : tree.error().message));
    return std::move(tree.value());
}

// The expression with every operator in parentheses.
std::string grouped(const Tree& tree, const Expression& expression) {
    const std::string operation(spelling_of(expression.operation));
    if (expression.kind == ExpressionKind::binary)
        return "(" + grouped(tree, *expression.left) + " " + operation + " " +
               grouped(tree, *expression.right) + ")";
    if (expression.kind == ExpressionKind::unary)
        return "(" + operation + " " + grouped(tree, *expression.left) + ")";
    if (expression.kind == ExpressionKind::parentheses) return grouped(tree, *expression.left);
    return std::string(tree.text_of(expression.span));
}

std::string grouped(std::string_view expression) {
    const Tree tree = parsed("return " + std::string(expression));
    return grouped(tree, *tree.main().body.statements[0]->values[0]);
}

std::string place(const Position& position) {
    return std::to_string(position.line) + ":" + std::to_string(position.column);
}

std::string nested(std::string_view open, std::string_view middle, std::string_view close,
                   int depth) {
    std::string source;
    for (int i = 0; i < depth; ++i) source += open;
    source += middle;
    for (int i = 0; i < depth; ++i) source += close;
    return source;
}

}  // namespace

TEST_CASE("groups_operators_by_how_strongly_they_bind") {
    CHECK(grouped("a or b and c") == "(a or (b and c))");
    CHECK(grouped("a and b or c") == "((a and b) or c)");
    CHECK(grouped("not a == b") == "((not a) == b)");
    CHECK(grouped("a < b == c") == "((a < b) == c)");
    CHECK(grouped("a .. b .. c") == "(a .. (b .. c))");
    CHECK(grouped("a + b .. c") == "((a + b) .. c)");
    CHECK(grouped("a - b - c") == "((a - b) - c)");
    CHECK(grouped("a + b * c % d") == "(a + ((b * c) % d))");
    CHECK(grouped("-a ^ b ^ c") == "(- (a ^ (b ^ c)))");
    CHECK(grouped("a ^ -b") == "(a ^ (- b))");
    CHECK(grouped("not #a") == "(not (# a))");
    CHECK(grouped("(a or b) and c") == "((a or b) and c)");
    CHECK(grouped("a.b:c(1) + d[2]") == "(a.b:c(1) + d[2])");
}

TEST_CASE("says_line_and_column_in_characters_and_offset_in_bytes") {
    const Tree tree = parsed("-- größe\r\nlocal ä, b = 'ö', b\n\r\n  site:upsert { ttl = 5 }");
    const auto& statements = tree.main().body.statements;
    REQUIRE(statements.size() == 2);
    CHECK(place(statements[0]->span.begin) == "2:1");
    CHECK(place(statements[0]->names[1].position) == "2:10");
    CHECK(place(statements[0]->values[1]->span.begin) == "2:19");
    CHECK(tree.text_of(statements[0]->span) == "local ä, b = 'ö', b");
    const Expression& call = *statements[1]->values[0];
    CHECK(place(call.span.begin) == "4:3");
    CHECK(place(call.text_position) == "4:8");
    CHECK(place(call.items[0]->fields[0].key->span.begin) == "4:17");
    CHECK(tree.text_of(call.items[0]->span) == "{ ttl = 5 }");
}

TEST_CASE("every_expression_of_every_snippet_stands_where_its_position_says") {
    std::size_t compared = 0;
    for (const auto source : snippets()) {
        const auto tree = parse_lua(source, "source");
        if (!tree.ok()) continue;
        // A named function's expression holds its name, which it may not have elsewhere.
        std::vector<bool> named(tree->expressions.size());
        for (const Statement& statement : tree->statements) {
            if (statement.kind == StatementKind::function ||
                statement.kind == StatementKind::local_function)
                named[statement.values[0]->id] = true;
            if (statement.kind == StatementKind::function) named[statement.targets[0]->id] = true;
        }
        for (const Expression& expression : tree->expressions) {
            if (named[expression.id]) continue;
            // The key of `a.b` and `{ b = 1 }` is text written as a name.
            const std::string text(tree->text_of(expression.span));
            const bool is_key = expression.kind == ExpressionKind::text && text == expression.text;
            CAPTURE(source);
            CAPTURE(text);
            // In a table, where LuaJIT lets a call's parentheses begin a line.
            const auto again = parse_lua("return {" + text + "}", "expression");
            REQUIRE(again.ok());
            const Expression& table = *again->main().body.statements[0]->values[0];
            REQUIRE(table.fields.size() == 1);
            const Expression& read = *table.fields[0].value;
            CHECK(read.kind == (is_key ? ExpressionKind::name : expression.kind));
            CHECK(again->text_of(read.span) == text);
            ++compared;
        }
    }
    CHECK(compared > 500);
}

TEST_CASE("gives_the_names_of_chains_and_calls") {
    const auto name_of = [](std::string_view source) {
        const Tree tree = parsed("return " + std::string(source));
        return dotted_name(*tree.main().body.statements[0]->values[0]);
    };
    CHECK(name_of("a") == "a");
    CHECK(name_of("a.b.c") == "a.b.c");
    CHECK(name_of("a.b:c(1)") == "a.b:c");
    CHECK(name_of("dns('site')") == "dns");
    CHECK(name_of("f().x") == "");
    CHECK(name_of("a['b']") == "");
    CHECK(name_of("dns('site'):upsert {}") == "");
}

TEST_CASE("keeps_the_parts_of_every_statement") {
    const Tree tree = parsed(R"(
local a, b = 1
function t.u:v(x, ...) return x end
if a then b() elseif c then else d() end
for i = 1, 2, 3 do end
for k, v in pairs(t) do goto next ::next:: end
repeat local z until z
while a do break end
)");
    const auto& all = tree.main().body.statements;
    REQUIRE(all.size() == 7);
    CHECK(all[0]->names.size() == 2);
    CHECK(all[0]->values.size() == 1);
    CHECK(dotted_name(*all[1]->targets[0]) == "t.u.v");
    CHECK(all[1]->values[0]->function->is_method);
    CHECK(all[1]->values[0]->function->has_varargs);
    CHECK(all[1]->values[0]->function->parameters.size() == 1);
    REQUIRE(all[2]->branches.size() == 3);
    CHECK(all[2]->branches[1].body.statements.empty());
    CHECK(all[2]->branches[2].condition == nullptr);
    CHECK(all[3]->values.size() == 3);
    CHECK(all[4]->names.size() == 2);
    CHECK(all[4]->branches[0].body.statements[1]->kind == StatementKind::label);
    CHECK(all[5]->values[0]->text == "z");
    CHECK(all[6]->branches[0].body.statements[0]->kind == StatementKind::break_loop);
}

TEST_CASE("a_tree_can_be_moved") {
    Tree tree = parsed("return 'a\\n'");
    const Tree moved = std::move(tree);
    CHECK(moved.main().body.statements[0]->values[0]->text == "a\n");
    CHECK(moved.text_of(moved.main().body.statements[0]->span) == "return 'a\\n'");
}

TEST_CASE("allows_as_much_nesting_as_luajit") {
    for (int depth = 60; depth < 204; ++depth) {
        CAPTURE(depth);
        for (const std::string& source :
             {"x = " + nested("(", "1", ")", depth), "x = " + nested("{", "", "}", depth),
              "x = " + nested("not ", "1", "", depth), nested("do ", "", " end", depth),
              nested("while x do ", "", " end", depth),
              "x = " + nested("function() return ", "1", " end", depth),
              "x = " + nested("f(", "1", ")", depth), "x = " + nested("a .. ", "a", "", depth),
              "x = " + nested("a ^ ", "a", "", depth), "x = " + nested("a[", "1", "]", depth),
              nested("a, ", "a", "", depth) + " = 1",
              nested("if x then ", "", " else y() end", depth)}) {
            const std::string refusal = engine_refusal(source);
            const std::string begin = source.substr(0, 20);
            CAPTURE(begin);
            CAPTURE(refusal);
            // Here LuaJIT runs out of registers, which the parser does not count.
            if (refusal.find("too complex") != std::string::npos) continue;
            CHECK(parse_lua(source, "source").ok() == refusal.empty());
        }
    }
}

TEST_CASE("allows_as_many_locals_as_luajit") {
    for (const int count : {1, 150, 196, 197, 198, 199, 200, 201, 202}) {
        std::string names = "a";
        for (int i = 1; i < count; ++i) names += ", a";
        std::string statements;
        for (int i = 0; i < count; ++i) statements += "local a ";
        for (const std::string& source :
             {"local " + names, statements, "function f(" + names + ") end",
              "function f:g(" + names + ") end", "for " + names + " in f do end",
              statements + "for i = 1, 2 do end", statements + "local function f() end",
              "do " + statements + "end " + statements}) {
            const std::string refusal = engine_refusal(source);
            const std::string begin = source.substr(0, 20);
            CAPTURE(begin);
            CAPTURE(refusal);
            if (refusal.find("too complex") != std::string::npos) continue;
            CHECK(parse_lua(source, "source").ok() == refusal.empty());
        }
    }
}

TEST_CASE("refuses_an_expression_too_high_to_walk") {
    const std::string fits = "x = a" + nested(" + a", "", "", 999);
    const std::string too_high = "x = a" + nested(" + a", "", "", 1000);
    CHECK(parse_lua(fits, "f").ok());
    CHECK_FALSE(parse_lua(too_high, "f").ok());
    // Neither does a chain of functions, each within its own expression, get around that.
    std::string inner = "1";
    for (int i = 0; i < 3; ++i)
        inner = "(function() return " + inner + " end)()" + nested(".b", "", "", 400);
    CHECK_FALSE(parse_lua("x = " + inner, "f").ok());
}

TEST_CASE("accepts_a_script_line_and_long_sources_up_to_the_limit") {
    CHECK(parse_lua("#!/usr/bin/env perilune\nreturn 1", "f").ok());
    const std::string million = "--" + std::string((1 << 20) - 2, 'x');
    CHECK(parse_lua(million, "f").ok());
    CHECK_FALSE(parse_lua(million + "x", "f").ok());
    CHECK_FALSE(parse_lua("return 1", "f", {.source_bytes_max = 7}).ok());
}
