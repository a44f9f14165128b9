// What the parser says about malformed sources.
#include <doctest/doctest.h>

#include "interpreter/lua/syntax/parser.h"

namespace {

using namespace perilune;
using namespace perilune::syntax;

std::string refusal(std::string_view source) {
    const auto tree = parse_lua(source, "f");
    return tree.ok() ? "accepted" : tree.error().message;
}

void check_says(std::string_view source, std::string_view begin, std::string_view part) {
    const std::string message = refusal(source);
    CAPTURE(source);
    CAPTURE(message);
    CHECK(message.starts_with(begin));
    CHECK(message.find(part) != std::string::npos);
}

}  // namespace

TEST_CASE("says_what_was_found_what_was_expected_and_where") {
    CHECK(refusal("if x do end") == "f:1:6: Found \"do\", expected \"then\" after the condition.");
    CHECK(refusal("local x =\n\n  )") == "f:3:3: Found \")\", expected an expression.");
    CHECK(refusal("x = 'it''s'") ==
          "f:1:9: Found the string \"s\", expected an operator or the next statement.");
    const auto tree = parse_lua("x = ", "runbooks/a.lua");
    REQUIRE_FALSE(tree.ok());
    CHECK(tree.error().code == "syntax_error");
    CHECK(tree.error().detail["file"].text() == "runbooks/a.lua");
    CHECK(tree.error().detail["line"].number() == 1);
    CHECK(tree.error().detail["column"].number() == 5);
    CHECK(tree.error().detail["text"].text() ==
          "Found the end of the file, expected an expression.");
}

TEST_CASE("translates_what_other_languages_write") {
    check_says("if a != b then end", "f:1:6: Found \"!=\"", "written \"~=\"");
    check_says("if a && b then end", "f:1:6: Found \"&&\"", "written \"and\"");
    check_says("x = a || b", "f:1:7: Found \"||\"", "written \"or\"");
    check_says("x = !a", "f:1:5: Found \"!\"", "written \"not\"");
    check_says("x += 1", "f:1:3: Found \"+=\"", "x = x + ");
    check_says("x ..= y", "f:1:3: Found \"..=\"", "x = x .. ");
    check_says("x++", "f:1:2: Found \"++\"", "x = x + 1");
    check_says("x = a // b", "f:1:8: Found \"/\"", "math.floor(a / b)");
    check_says("x = a ? b : c", "f:1:7: Found \"?\"", "condition and this or that");
    check_says("while x do continue end", "f:1:21: Found \"end\"", "goto continue");
    check_says("continue", "f:1:9: Found the end of the file", "goto continue");
    check_says("if a then elif b then end", "f:1:16", "elseif");
    check_says("var x = 1", "f:1:5", "\"local\"");
    check_says("function f() { return 1 }", "f:1:14: Found \"{\"", "do … end");
    check_says("# comment", "f:1:1: Found \"#\"", "A comment begins with \"--\"");
    check_says("// comment", "f:1:1: Found \"/\"", "A comment begins with \"--\"");
    check_says("x = a =< b", "f:1:7: Found \"=<\"", "written \"<=\"");
}

TEST_CASE("tells_assignment_from_comparison") {
    check_says("if x = 1 then end", "f:1:6: Found \"=\"", "To compare, write \"==\"");
    check_says("while x = 1 do end", "f:1:9: Found \"=\"", "To compare, write \"==\"");
    check_says("repeat until x = 1", "f:1:16: Found \"=\"", "To compare, write \"==\"");
    check_says("return x = 1", "f:1:10: Found \"=\" after the \"return\"", "nothing after it");
    check_says("f(a = 1)", "f:1:5: Found \"=\"", "f { name = value }");
    check_says("x == 1", "f:1:3: Found \"==\"", "To assign, write \"=\"");
    check_says("local x == 1", "f:1:9: Found \"==\"", "To assign, write \"=\"");
    check_says("(a) = 1", "f:1:1: Found an assignment", "neither a name nor a field");
}

TEST_CASE("explains_tables_of_other_languages") {
    check_says("x = { \"a\": 1 }", "f:1:10: Found \":\"", "name = value");
    check_says("x = { a: 1 }", "f:1:10: Found \"1\"", "name = value");
    check_says("x = { end = 1 }", "f:1:7: Found \"end\"", "[\"end\"]");
    check_says("x = a.end", "f:1:7: Found \"end\"", "[\"end\"]");
    check_says("x = {1\ny = 2", "f:2:1: Found \"y\"", "the table that begins on line 1");
}

TEST_CASE("names_the_opener_that_a_missing_end_belongs_to") {
    check_says("if x then\n  y()\n", "f:3:1: Found the end of the file",
               "\"end\" to close the \"if\" on line 1");
    check_says("\nfor i = 1, 2 do\n", "f:3:1", "\"end\" to close the \"for\" on line 2");
    check_says("x = f(\n1", "f:2:2", "\")\" to close the \"(\" on line 1");
    check_says("repeat\n x() end", "f:2:6: Found \"end\"",
               "\"until\" to close the \"repeat\" on line 1");
    check_says("while x do\n x()\nuntil y", "f:3:1: Found \"until\"",
               "\"end\" to close the \"while\" on line 1");
    check_says("end", "f:1:1: Found \"end\"", "no open block");
}

TEST_CASE("finds_by_indentation_the_block_that_lacks_its_end") {
    check_says("step('x', function()\n  if a then\n    b()\nend)\n", "f:4:4: Found \")\"",
               "it is the \"if\" on line 2 that lacks its \"end\"");
    check_says("function f()\n  while a do\n    b()\nend\n\nfunction g()\nend\n", "f:8:1",
               "it is the \"while\" on line 2 that lacks its \"end\"");
    check_says("if a then\n  b()\nelse if c then\n  d()\nend\n", "f:6:1",
               "The \"if\" on line 3 follows an \"else\"");
}

TEST_CASE("refuses_code_that_is_never_reached") {
    check_says("return 1\nx = 2", "f:2:1: Found \"x\" after the \"return\" on line 1",
               "nothing after it is ever executed");
    check_says("while x do break y() end", "f:1:18: Found \"y\" after the \"break\" on line 1",
               "nothing after it is ever executed");
}

TEST_CASE("explains_labels_and_jumps") {
    check_says("break", "f:1:1: Found \"break\" outside of a loop", "loop");
    check_says("goto a", "f:1:6: Found a goto to the label \"a\"", "::a::");
    check_says("::a::\n::a::", "f:2:3: Found the label \"a\" a second time", "line 1");
    check_says("goto a\nlocal x\n::a:: f()", "f:1:6: Found a goto that jumps into the scope",
               "the local \"x\"");
    check_says("function f() return ... end", "f:1:21: Found \"...\"", "parameters");
    check_says("x = f\n(y)()", "f:2:1: Found \"(\"", "\";\"");
}

TEST_CASE("explains_malformed_strings_numbers_and_comments") {
    check_says("x = 'abc\ny'", "f:1:5: Found a string that is not closed", "[[…]]");
    check_says("x = 'a\\qb'", "f:1:7: Found the unknown escape \"\\q\"", "\"\\\\\"");
    check_says("x = 'ä\\ä'", "f:1:7: Found the unknown escape \"\\ä\"", "");
    check_says("\nx = [==[ a ]]", "f:2:5: Found a long string that never ends", "\"]==]\"");
    check_says("x = 1 --[[ a", "f:1:7: Found a long comment that never ends", "\"]]\"");
    check_says("x = 10LL", "f:1:5: Found \"10LL\"", "64-bit integers");
    check_says("x = 0xULL", "f:1:5: Found the malformed number \"0xULL\"", "");
    check_says("x = 10ull", "f:1:5: Found \"10ull\"", "64-bit integers");
    check_says("x = 2i", "f:1:5: Found \"2i\"", "imaginary");
    check_says("x = 3x", "f:1:5: Found the malformed number \"3x\"", "");
}

TEST_CASE("refuses_bytes_that_are_no_source") {
    using namespace std::string_view_literals;
    check_says("\033LJ\002\012", "f:1:1: Found bytecode", "source");
    check_says("\xEF\xBB\xBFx = 1", "f:1:1: Found a byte order mark", "UTF-8");
    check_says("print('first half')\n\0os.exit(7)\n"sv, "f:2:1: Found a NUL byte", "text");
    check_says("x = '\0'"sv, "f:1:6: Found a NUL byte", "\\0");
    check_says("-- \xC3\x28", "f:1:4: Found bytes that are not UTF-8", "\\xNN");
    for (const auto bytes : {"\xFF", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82",
                             "\x80", "\xF8\x88\x80\x80\x80", "\xE0\x80\xAF", "\xF0\x80\x80\xAF"})
        check_says("x = '" + std::string(bytes) + "'", "f:1:6: Found bytes that are not", "");
    check_says("local ok = true --\u202E\u2066 then", "f:1:19: Found U+202E", "another order");
    check_says("local x\u00A0= 1", "f:1:8: Found a space", "");
    check_says("print(\u201Chi\u201D)", "f:1:7: Found a typographic quote", "write \"");
    check_says("local a\u200Bb", "f:1:8: Found an invisible character", "");
    CHECK(refusal("x = '\u00A0\u201C\u200B'") == "accepted");
    CHECK(refusal("local größe = '\U0001F600' -- \u201C") == "accepted");
}

TEST_CASE("names_the_limit_that_is_passed") {
    check_says("x = " + std::string(300, '('), "f:1:203: Found blocks", "200 deep");
    check_says(std::string(1048577, ' '), "f:1:1: Found 1048577 bytes", "1048576");
}
