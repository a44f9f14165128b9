// What check finds in a file that parses.
#include "interpreter/lua/syntax/diagnose.h"

#include <doctest/doctest.h>

#include "interpreter/lua/syntax/parser.h"
#include "tests/interpreter/lua/syntax/engine.h"

namespace {

using namespace perilune;
using namespace perilune::syntax;

const KnownNames& known() {
    static const KnownNames names = {
        .globals = {"step", "secret", "print", "pairs", "string", "math", "dns", "runbook", "http"},
        .fields = {{"string", {"format", "rep"}}, {"math", {"max", "min"}}}};
    return names;
}

std::vector<Diagnostic> found_in(std::string_view source) {
    const auto tree = parse_lua(source, "books/a.lua");
    INFO(source);
    REQUIRE_MESSAGE(tree.ok(), (tree.ok() ? "" : tree.error().message));
    return diagnose(*tree, resolve(*tree), known());
}

// "CODE LINE:COLUMN" of each.
std::vector<std::string> codes_in(std::string_view source) {
    std::vector<std::string> codes;
    for (const Diagnostic& diagnostic : found_in(source))
        codes.push_back(diagnostic.code + " " + std::to_string(diagnostic.position.line) + ":" +
                        std::to_string(diagnostic.position.column));
    return codes;
}

std::string message_in(std::string_view source) {
    const auto found = found_in(source);
    REQUIRE(found.size() == 1);
    return found[0].message;
}

using Codes = std::vector<std::string>;

}  // namespace

TEST_CASE("finds_unknown_names_and_suggests_near_ones") {
    CHECK(codes_in("print(pair)") == Codes{"unknown_global 1:7"});
    CHECK(message_in("for k in pair(1) do print(k) end").find("Did you mean \"pairs\"?") !=
          std::string::npos);
    CHECK(message_in("local standby = 1 print(stanby, standby)").find("\"standby\"") !=
          std::string::npos);
    CHECK(message_in("print(null)").find("Write nil.") != std::string::npos);
    CHECK(message_in("io.open('x')").find("operations of its targets") != std::string::npos);
    CHECK(codes_in("local function f(x) return x end print(f(1), x)") ==
          Codes{"unknown_global 1:46"});
}

TEST_CASE("suggests_no_local_that_is_out_of_sight") {
    CHECK(message_in("do local standby = 1 print(standby) end print(stanby)").find("standby") ==
          std::string::npos);
}

TEST_CASE("finds_assignments_to_globals") {
    CHECK(codes_in("x = 1\nfunction f() end\nprint = 2") ==
          Codes{"global_assignment 1:1", "global_assignment 2:10", "global_assignment 3:1"});
    CHECK(codes_in("local x x = 1 print(x)").empty());
    CHECK(message_in("local found = 1 print(found) fuond = 2").find("\"found\"") !=
          std::string::npos);
}

TEST_CASE("finds_unknown_fields_of_libraries_and_writes_to_them") {
    CHECK(codes_in("print(string.fromat('x'))") == Codes{"unknown_field 1:14"});
    CHECK(message_in("print(string.fromat('x'))").find("Did you mean \"format\"?") !=
          std::string::npos);
    CHECK(codes_in("print(math['maximum'])") == Codes{"unknown_field 1:12"});
    CHECK(codes_in("print(string.format('x'), math.max(1, 2), http.anything)").empty());
    CHECK(codes_in("local string = {} print(string.anything)").empty());
    CHECK(codes_in("string.format = print") == Codes{"library_assignment 1:1"});
    CHECK(codes_in("function math.max() end") == Codes{"library_assignment 1:10"});
}

TEST_CASE("finds_locals_that_are_never_read") {
    CHECK(codes_in("local a = 1") == Codes{"unused_local 1:7"});
    CHECK(codes_in("local a = 1 a = 2") == Codes{"unused_local 1:7"});
    CHECK(codes_in("local function f() end") == Codes{"unused_local 1:16"});
    CHECK(codes_in("local _, _unused = 1").empty());
    CHECK(codes_in("for k, v in pairs({}) do end print(function(a, ...) end)").empty());
    CHECK(codes_in("local a = 1 print(function() return a end)").empty());
    CHECK(codes_in("local a = 1 local a = a print(a)").empty());
    CHECK(found_in("local a = 1")[0].severity == Severity::warning);
}

TEST_CASE("finds_steps_that_assign_what_is_declared_outside") {
    CHECK(codes_in("local x step('a', function() x = 1 end) print(x)") ==
          Codes{"step_assigns_outer_local 1:30"});
    CHECK(codes_in("local x step('a', { timeout = 1 }, function() print(function() x = 1 end) "
                   "end) print(x)") == Codes{"step_assigns_outer_local 1:64"});
    CHECK(codes_in("step('a', function() local x x = 1 print(x) end)").empty());
    CHECK(codes_in("local x = step('a', function() return 1 end) x = 2 print(x)").empty());
    CHECK(codes_in("step('a', function() local x step('b', function() x = 1 end) print(x) end)") ==
          Codes{"step_assigns_outer_local 1:51"});
    // A function that is not the step's own body is not judged.
    CHECK(codes_in("local x step(function() x = 1 end, 'a') print(x)").empty());
    CHECK(codes_in("local step = print local x step('a', function() x = 1 end) print(x)").empty());
    const auto found = found_in("local x step('Promote', function() x = 1 end) print(x)");
    CHECK(found[0].severity == Severity::warning);
    CHECK(found[0].message.find("The step \"Promote\" assigns \"x\"") == 0);
    CHECK(found[0].message.find("local x = step(…)") != std::string::npos);
}

TEST_CASE("finds_secrets_compared_with_text") {
    CHECK(codes_in("print(secret('A') == 'x')") == Codes{"secret_comparison 1:7"});
    CHECK(codes_in("print('x' ~= secret('A'))") == Codes{"secret_comparison 1:7"});
    CHECK(codes_in("local s = secret('A') if s == 'x' then print(1) end") ==
          Codes{"secret_comparison 1:26"});
    CHECK(codes_in("local s, w = secret('A'), 'x' if (s) == w then print(1) end") ==
          Codes{"secret_comparison 1:34"});
    CHECK(codes_in("local s = secret('A') print(s == secret('B'), s == nil)").empty());
    CHECK(codes_in("local secret = print print(secret('A') == 'x')").empty());
}

TEST_CASE("finds_functions_with_more_upvalues_than_luajit_has") {
    for (const int count : {59, 60, 61, 62}) {
        std::string declared;
        std::string used = "print(function() print(0";
        for (int i = 0; i < count; ++i) {
            declared += "local a" + std::to_string(i) + " = 1 ";
            used += ", a" + std::to_string(i);
        }
        const std::string source = declared + used + ") end)";
        CAPTURE(count);
        CHECK(codes_in(source).empty() == engine_refusal(source).empty());
    }
}

TEST_CASE("reports_in_the_order_of_the_file_and_on_one_line") {
    const auto found = found_in("local a\nx = 1\nprint(y)");
    REQUIRE(found.size() == 3);
    CHECK(show_diagnostic(found[0]) ==
          "books/a.lua:1:7: warning: The local \"a\" is never used. Remove it, or begin its name "
          "with \"_\". (unused_local)");
    CHECK(found[1].code == "global_assignment");
    CHECK(show_diagnostic(found[2]) ==
          "books/a.lua:3:7: error: \"y\" is neither a local nor a name of the language. "
          "(unknown_global)");
}
