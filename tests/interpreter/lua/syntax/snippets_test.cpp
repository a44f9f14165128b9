// The parser accepts and refuses what LuaJIT accepts and refuses.
#include <doctest/doctest.h>

#include "interpreter/lua/syntax/parser.h"
#include "tests/interpreter/lua/syntax/engine.h"
#include "tests/interpreter/lua/syntax/snippets.h"

namespace perilune::syntax {

namespace {

constexpr std::string_view all_snippets[] = {
    // clang-format off
    "x=1", "x=1;", "x=1;;", ";", "local a, b, c = 1, 2", "local a", "local function f() end",
    "local function f(a, b, ...) return ... end", "local function a.b() end",
    "local x <const> = 1", "local x == 1", "local = 1", "local 1 = x", "local a,",
    "function f() end", "function a.b.c() end", "function a.b:c() end",
    "function a:b.c() end", "function a:b:c() end", "function a[\"b\"]() end",
    "function () end", "function f(a,) end", "function f(,) end", "function f(a b) end",
    "function f(a, ..., b) end", "function f(...) return ... end",
    "function f() return ... end", "function f(...) return function() return ... end end",
    "function f(...) return function(...) return ... end end", "f(...)", "local goto = 1",
    "goto = 1", "goto.x = 1", "goto(1)", "goto goto ::goto::", "::goto::", "x = {goto = 1}",
    "x = a.goto", "x = a:goto()", "goto a ::a::", "goto a", "::a:: ::a::",
    "::a:: do ::a:: end", "do ::a:: end ::a::", "do ::a:: end goto a", "::a:: do goto a end",
    "do goto a end ::a::", "goto a; local x ::a::", "goto a; local x ::a:: f()",
    "goto a; local x ::a:: ::b::", "goto a; local x ::a:: ::b:: f()",
    "do goto a; local x ::a:: end", "repeat goto a; local x ::a:: until x",
    "repeat goto a; local x; do ::a:: end until x", "repeat local x; goto a; ::a:: until x",
    "while x do goto continue; local y = 1; ::continue:: end",
    "while x do if y then goto continue end local z = 1 f(z) ::continue:: end",
    "while x do if y then goto continue end local z = 1 ::continue:: f(z) end",
    "for i = 1, 2 do goto a end ::a::", "for i = 1, 2 do ::a:: end goto a",
    "goto a; function f() ::a:: end", "function f() goto a end ::a::",
    "::a:: function f() goto a end", "goto a; ::a:: local x; goto a",
    "local x; goto a; local y; do goto b; local z; ::b:: end ::a::",
    "goto a; do local x; ::a:: end", "do local x; goto a end local y; ::a:: f()", "break",
    "do break end", "while true do break end", "while true do break; end",
    "while true do break break end", "while true do break x() end",
    "while true do do break end x() end", "while true do if x then break end end",
    "while true do function f() break end end", "repeat break until true",
    "for i = 1, 2 do break end", "for k in f do break end", "if x then break end", "return",
    "return;", "return;;", "return 1", "return 1, 2", "return 1,", "return return",
    "return 1 return 2", "do return end x = 1", "do return 1; end", "if x then return end",
    "if x then return 1 else return 2 end", "function f() return 1 x = 2 end",
    "if x then end", "if x then else end", "if x then elseif y then end",
    "if x then elseif y then else end", "if x then else elseif y then end",
    "if x then else else end", "if x else end", "if then end", "if x then",
    "if x then end end", "if (x) then y() end", "if x = 1 then end", "if x == 1 then end",
    "if not x then end", "while x do end", "while x end", "while do end", "while true do",
    "repeat until x", "repeat x() until x", "repeat until", "repeat", "until x",
    "repeat local a = f() until a", "do end", "do", "end", "else", "for i = 1, 2 do end",
    "for i = 1, 2, 3 do end", "for i = 1, 2, 3, 4 do end", "for i = 1 do end",
    "for i = do end", "for i, j = 1, 2 do end", "for i in x do end",
    "for i, j, k in x, y, z, w do end", "for i in do end", "for a.b in x do end",
    "for 1 = 1, 2 do end", "for i = 1, 2 end", "for i = 1, 2 do", "a = 1", "a, b = 1, 2",
    "a, b.c, d[1], e.f:g().h = 1", "a, f() = 1", "a = ", "= 1", "a b = 1", "a, b", "a",
    "a.b", "a[1]", "a.b.c = 1", "a[\"b\"].c = 1", "a[1][2] = 3", "a[] = 1", "a. = 1",
    "a.1 = 1", "a.b. c = 1", "(a) = 1", "(a).b = 1", "(a)()", "(a()).b()", "(a())", "(a)",
    "((a))()", "(a, b)()", "()", "f()", "f() = 1", "f().x = 1", "f()()", "f()()()", "f{}",
    "f{} = 1", "f{}.x = 1", "f\"\"", "f\"\" = 1", "f\"\".x = 1", "f'x' \"y\" {z} [[w]]",
    "f[[x]]", "f[[x]].y = 1", "f(1, 2, 3)", "f(1, 2,)", "f(,)", "f(", "f)",
    "f(a)(b)[c].d:e(f):g\"x\":h{y}", "a:b()", "a:b = 1", "a:b", "a:b.c()", "a:b() = 1",
    "a:b().c = 1", "a:b\"\"", "a:b{}", "a:\"b\"()", "a:1()", "'x'.y = 1", "'x':y()",
    "('x'):y()", "x = ('x').y", "x = 'x'.y", "x = 'x':y()", "x = {}.y", "x = {}:y()",
    "x = ({}).y", "x = function() end()", "x = (function() end)()", "x = function f() end",
    "x = function() end", "x = function(a, a) end", "x = f", "(y)()", "x = f{", "}(y)",
    "x = f(", "1)(2)", "x = {f", "(y)}", "x = {f, g", ".g(y)}", "x = {a = f", "x = {}",
    "x = {1}", "x = {1,}", "x = {1;}", "x = {1;2,3}", "x = {,}", "x = {;}", "x = {1,,2}",
    "x = {1 2}", "x = {a = 1, b = 2}", "x = {a = 1; [\"b\"] = 2; 3; [4] = 5}", "x = {a = }",
    "x = {a == 1}", "x = {a = b = c}", "x = {[a] = 1}", "x = {[a]}", "x = {[a] 1}",
    "x = {[] = 1}", "x = {\"a\" = 1}", "x = {\"a\": 1}", "x = {a: 1}", "x = {1 = 2}",
    "x = {a.b = 1}", "x = {end = 1}", "x = {f()}", "x = {f(), g()}", "x = {...}",
    "x = {function() end}", "x = {[1] = {[2] = {}}}", "x = {", "x = }", "x = {a",
    "x = 1 + 2 * 3 ^ 4 .. 5", "x = -2 ^ 2", "x = 2 ^ -2", "x = 2 ^ - - 2", "x = - - 2",
    "x = -x", "x = --x", "x = not not x", "x = not", "x = #x", "x = # # x", "x = #x + #y",
    "x = not x == y", "x = a and b or c", "x = a or b and c", "x = a and", "x = and b",
    "x = a < b", "x = a < b < c", "x = a <= b", "x = a >= b", "x = a ~= b", "x = a != b",
    "x = a == b", "x = a === b", "x = a =< b", "x = a = b", "x = a && b", "x = a || b",
    "x = !a", "x = a \? b : c", "x = a // b", "x = a << b", "x = a & b", "x = ~a",
    "x = a | b", "x = a % b", "x = a .. b .. c", "x = a .. .. b", "x = a . b", "x = a ... b",
    "x = a ..b", "x = a.. b", "x = 1 .. 2", "x = 1..2", "x = 1 ..2", "x = a + + b",
    "x = a + b -", "x = (a", "x = a)", "x = (a + b) * (c - d)", "x = ((((a))))", "x = ()",
    "x += 1", "x -= 1", "x ++", "x++", "x = x++", "x = nil", "x = true", "x = false",
    "x = nil.x", "x = true()", "nil = 1", "true = 1", "x = ...", "... = 1", "x = 0",
    "x = 00", "x = 08", "x = 1.5", "x = .5", "x = 5.", "x = .", "x = 5..5", "x = 1.2.3",
    "x = 1e5", "x = 1E5", "x = 1e+5", "x = 1e-5", "x = 1e", "x = 1e+", "x = 1e5.5",
    "x = 1e5e5", "x = e5", "x = 1x", "x = 1_000", "x = 0x", "x = 0x1", "x = 0X1F", "x = 0xg",
    "x = 0x1.8", "x = 0x.8", "x = 0x5.", "x = 0x.", "x = 0x1p4", "x = 0x1P-4", "x = 0x1p",
    "x = 0x1pf", "x = 0x.p1", "x = 0xA.8p1", "x = 0xe+1", "x = 0xep+1", "x = 0b1",
    "x = 0b101", "x = 0B11", "x = 0b", "x = 0b2", "x = 0b1.1", "x = 0b1e1",
    "x = 0b1111111111111111111111111111111111111111111111111111111111111111",
    "x = 0b11111111111111111111111111111111111111111111111111111111111111111",
    "x = 0xffffffffffffffffffff", "x = 123456789012345678901234567890", "x = 1e308",
    "x = 1e400", "x = 1e-400", "x = 1e99999", "x = 1e9999999999", "x = 1e-9999999999",
    "x = 0x1p99999", "x = 0x1p9999999999", "x = 3and 4", "x = 3 and 4", "x = 3or 4",
    "x = 1L", "x = 1U", "x = 0x1Lx", "x = 1.5LL", "x = 1e5LL", "x = \"\"", "x = ''",
    "x = \"a", "x = 'a", "x = \"a'", "x = \"\\n\\t\\\\\\\"\\'\\a\\b\\f\\r\\v\"",
    "x = \"\\q\"", "x = \"\\", "\"", "x = \"\\x41\"", "x = \"\\x4\"", "x = \"\\xg1\"",
    "x = \"\\x\"", "x = \"\\0\"", "x = \"\\65\"", "x = \"\\065\"", "x = \"\\0651\"",
    "x = \"\\255\"", "x = \"\\256\"", "x = \"\\999\"", "x = \"\\u{41}\"",
    "x = \"\\u{10FFFF}\"", "x = \"\\u{110000}\"", "x = \"\\u{D7FF}\"", "x = \"\\u{D800}\"",
    "x = \"\\u{}\"", "x = \"\\u{41\"", "x = \"\\u41\"", "x = \"\\u{00000000000041}\"",
    "x = \"\\z   a\"", "x = \"\\z", "   a\"", "x = \"a\\", "b\\", "c\"", "x = \"\\\"",
    "x = [[a]]", "x = [[a", "b]]", "x = [[]]", "x = [==[a]]b]=]c]==]", "x = [=[a]]",
    "x = [=a", "x = [==", "x = [a]", "x = a[ [[b]] ]", "x = a[[[b]]]", "x = a[b[c[d]]]",
    "x = a[b]]", "-- comment", "--", "--[[ comment ]]", "--[[ comment",
    "--[==[ comment ]] ]==] x = 1", "--[==[ comment ]]", "--[=", "--[ x",
    "x = 1 --[[ y ]] + 2", "x = 1 -- [[ y", "+ 2", "--[[", "]] x = 1", "x = a--[==[b",
    "]==]", "#!/usr/bin/perilune", " #!/usr/bin/perilune", "x = @", "x = $a", "x = `a`",
    "x = \"a\" \"b\"", "x = a \"b\"", "x = {} {}", "x = a {} {}", "@a",
    "function f() end function g() end", "function f() function g() end", "f() g() h()",
    "a = b c = d", "a = 1 b = 2 local c = 3 return c",
    "local function f() return f() end return f", "local f = function() return f end",
    "if a then b() elseif c then d() else e() end",
    "for i = 1, #t do local v = t[i] print(v) end", "for _, v in ipairs(t) do print(v) end",
    "while true do local x = f() if not x then break end end",
    "return runbook { run = function() end }", "return runbook({ run = function() end })",
    "return { a = 1, b = { c = 2 } }", "continue", "while x do continue end",
    "x = function() return end", "x = a.b.c[\"d\"].e[1](2)", "local a <close> = 1",
    "x = (...)", "x = (...) + 1", "x = {(f())}", "x = f(...)", "return ...", "return (...)",
    "return f(...)", "and = 1", "x = a.and", "x = a:end()", "if x then y() end;", "do ; end",
    "do x(); end", "do x();; end", "x = 1 ; y = 2", "local x; local y;", "repeat ; until x",
    "ä = 1", "local größe = 1", "x = \"ä\"", "-- ä", "x = ä.ö:ü()", "x = 1ä", "x = a.b.",
    "x = a.b:", "x = a:b", "x = a:b.c", "x = a", ":b()", ".b", "\"b\"", "{}", "[1]",
    "local a = b", "(c or d)()", "f() (g)()", "(g)()", "f();", "x = f\012(y)()",
    "x = f{\012}(y)", "x = f(\0121)(2)", "x = {f\012(y)}", "x = {f, g\012(y)}",
    "x = {f\012.g(y)}", "x = {a = f\012(y)}", "x = \"\\\012\"", "x = \"\\z\012   a\"",
    "x = \"a\\\012b\\\012c\"", "x = [[a\012b]]", "x = 1 -- [[ y\012+ 2", "--[[\012]] x = 1",
    "x = a--[==[b\012]==]", "#!/usr/bin/perilune\012return 1", "x = a\012:b()",
    "x = a\012.b", "x = a\012\"b\"", "x = a\012{}", "x = a\012[1]",
    "local a = b\012(c or d)()", "f()\012(g)()", "f();\012(g)()", "x = \"a\\\015\012b\"",
    "x = [[\015\012a\015b\012\015c]]", "-- a\015x = 1", "x = f\015(y)()",
    "x = 1\013y = 2\014", "x = \"\\\015\"", "x = {goto\012(x)}", "goto\012(x)",
    "x = {f\012\012(y)}", "x = {f()\012(y)}", "goto a\012::a::", "", "\012\012",
    " \011\015\012",
    // clang-format on
};

}  // namespace

std::span<const std::string_view> snippets() { return all_snippets; }

}  // namespace perilune::syntax

using namespace perilune;
using namespace perilune::syntax;

TEST_CASE("judges_every_snippet_as_luajit_does") {
    int accepted = 0;
    for (const auto source : snippets()) {
        const auto tree = parse_lua(source, "source");
        const std::string refusal = engine_refusal(source);
        CAPTURE(source);
        CAPTURE(refusal);
        CAPTURE(tree.ok() ? "" : tree.error().message);
        CHECK(tree.ok() == refusal.empty());
        accepted += tree.ok() ? 1 : 0;
    }
    CHECK(accepted > 200);
    CHECK(snippets().size() - static_cast<std::size_t>(accepted) > 200);
}

TEST_CASE("names_the_line_that_luajit_names_or_an_earlier_one") {
    for (const auto source : snippets()) {
        const auto tree = parse_lua(source, "source");
        const std::string refusal = engine_refusal(source);
        if (tree.ok() || !refusal.starts_with("source:")) continue;
        CAPTURE(source);
        CAPTURE(refusal);
        CHECK(tree.error().detail["line"].integer() <= std::stoi(refusal.substr(7)));
    }
}

TEST_CASE("reads_numbers_as_luajit_does") {
    for (const std::string_view number : {"0",
                                          "1",
                                          "08",
                                          "1.5",
                                          ".5",
                                          "5.",
                                          "1e5",
                                          "1E+5",
                                          "1e-5",
                                          "0x1",
                                          "0XfF",
                                          "0x1.8",
                                          "0x.8",
                                          "0x5.",
                                          "0x1p4",
                                          "0xA.8p-1",
                                          "0b101",
                                          "0B11",
                                          "0xffffffff",
                                          "0xffffffffffff",
                                          "1e308",
                                          "1e400",
                                          "1e-400",
                                          "2.2250738585072014e-308",
                                          "4.9e-324",
                                          "123456789012345678901234567890",
                                          "0.1",
                                          "3.141592653589793238462643383279",
                                          "9007199254740993",
                                          "0x1p99999",
                                          "1e99999"}) {
        CAPTURE(number);
        const auto tree = parse_lua("x = " + std::string(number), "source");
        REQUIRE(tree.ok());
        const Statement& statement = *tree->main().body.statements[0];
        REQUIRE(statement.values[0]->kind == ExpressionKind::number);
        char shown[64];
        std::snprintf(shown, sizeof shown, "%.17g", statement.values[0]->number);
        CHECK(shown == engine_value(number));
    }
}

TEST_CASE("reads_strings_as_luajit_does") {
    for (const std::string_view text :
         {R"("")", R"("\n\t\\\"\'\a\b\f\r\v")", R"("\x41\x7f\xff")", R"("\65\065\0651\255")",
          R"("\u{41}\u{e4}\u{20ac}\u{1F600}\u{10FFFF}")", "\"a\\z  \n\t b\"", "'a\\\nb'",
          "'a\\\r\nb'", "[[\na]]", "[[\r\na\rb\n\rc\n\n]]", "[==[a]]b]=]c]==]", "[=[]]=]",
          R"('a"b')", "'\xC3\xA4'", R"("\0\0001")"}) {
        CAPTURE(text);
        const auto tree = parse_lua("x = " + std::string(text), "source");
        REQUIRE(tree.ok());
        CHECK(tree->main().body.statements[0]->values[0]->text == engine_value(text));
    }
}
