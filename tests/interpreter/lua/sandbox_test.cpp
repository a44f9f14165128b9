// The script's globals: what they do, where they differ from Lua's, and how their errors read.
#include <doctest/doctest.h>

#include "tests/interpreter/lua/worker_rig.h"

namespace perilune::test {

namespace {

struct Case {
    const char* script;
    const char* printed;  // One line.
};

struct Refused {
    const char* script;
    const char* error;  // Behind the position.
};

void check_printed(const Case* cases, std::size_t count) {
    WorkerRig rig;
    for (std::size_t i = 0; i < count; ++i) {
        INFO(std::string(cases[i].script));
        const auto end = rig.script(cases[i].script);
        CHECK(end.error == "");
        REQUIRE(end.printed.size() == 1);
        CHECK(end.printed[0].text() == cases[i].printed);
    }
}

void check_refused(const Refused* cases, std::size_t count) {
    WorkerRig rig;
    for (std::size_t i = 0; i < count; ++i) {
        INFO(std::string(cases[i].script));
        const auto end = rig.script(cases[i].script);
        CHECK(end.error == "runbooks/test.lua:1: " + std::string(cases[i].error));
    }
}

}  // namespace

TEST_CASE("goes_through_tables_in_one_order") {
    static constexpr Case cases[] = {
        {"local r = '' for k, v in pairs { 3, 2, 1 } do r = r .. k .. v end print(r)", "132231"},
        {"local r = '' for k in pairs { b = 1, a = 1, [2] = 1, [-1] = 1, [false] = 1, [true] = 1, "
         "[1.5] = 1, B = 1, [''] = 1 } do r = r .. tostring(k) .. ' ' end print(r)",
         "-1 1.5 2  B a b false true "},
        {"local t = { a = 1, b = 2, c = 3 } local r = '' for k in pairs(t) do r = r .. k "
         "t.b = nil t.z = 1 end print(r)",
         "ac"},
        {"local t = { a = 1, b = 2, c = 3 } for k in pairs(t) do t[k] = nil end print(next(t))",
         "nil"},
        {"print(next({}), next({ x = 1 }), next({ 5, 6 }, 1))", "nil\tx\t2\t6"},
        {"local t = { a = 1, b = 2, c = 3 } local r = '' for k, v in next, t do r = r .. k .. v "
         "end print(r)",
         "a1b2c3"},
        {"local t = { a = 1, b = 2 } local s, r = { x = 1, y = 2 }, '' for k in next, t do "
         "for l in next, s do r = r .. k .. l end end print(r)",
         "axaybxby"},
        {"local t = { a = 1, b = 2, c = 3 } t.b = nil print(next(t, 'a'))", "c\t3"},
        {"local t = {} for i = 1, 20 do t[i] = { [i] = 1 } end local r = 0 for k, v in next, t do "
         "for l in next, v do r = r + l end end print(r)",
         "210"},
        {"local n = 0 for k in pairs(words) do n = n + 1 end print(n, words.a)", "1\t1"},
        {"local n = 0 for k in pairs(bit) do n = n + 1 end print(n)", "12"},
        {"print(pcall(pairs))", "false\tbad argument #1 to 'pairs' (table expected, got nil)"},
    };
    check_printed(cases, std::size(cases));
    static constexpr Refused refused[] = {
        {"for k in pairs { [print] = 1 } do end",
         "pairs: a key of the table is a function; only numbers, texts and booleans have an order "
         "that is the same in every run."},
        {"next { [{}] = 1 }",
         "next: a key of the table is a table; only numbers, texts and booleans have an order "
         "that is the same in every run."},
        {"next({ a = 1 }, 'b')", "next: the key b is not in the table."},
        {"pairs 'x'", "bad argument #1 to 'pairs' (table expected, got string)"},
        {"pairs(unknown 'lag')",
         "bad argument #1 to 'pairs' (table expected, got a value that only the run will know)"},
    };
    check_refused(refused, std::size(refused));
}

TEST_CASE("refuses_globals_with_the_reason_and_the_nearest_name") {
    static constexpr Refused refused[] = {
        {"x = 1",
         "Assignment to the global x: write \"local x\" before its first use. Globals "
         "are refused because branches would share them."},
        {"function run() end",
         "Assignment to the global run: write \"local run\" before its first use. Globals are "
         "refused because branches would share them."},
        {"print = nil",
         "Assignment to the global print: write \"local print\" before its first "
         "use. Globals are refused because branches would share them."},
        {"return tosting(1)",
         "tosting is not defined: there is no local variable and no word of "
         "that name. Did you mean \"tostring\"?"},
        {"return qqqqqqqqq",
         "qqqqqqqqq is not defined: there is no local variable and no word of "
         "that name."},
        {"return os.time()",
         "os is not part of the language. The time is now() and date(), "
         "programs are the family process."},
        {"string.x = 1", "x cannot be set: this table is read-only."},
        {"words.a = 2", "a cannot be set: this table is read-only."},
        {"rawset(words, 'a', 2)", "This table is read-only."},
        {"table.insert(words, 2)", "This table is read-only."},
        {"table.remove(words)", "This table is read-only."},
        {"table.sort(words)", "This table is read-only."},
    };
    check_refused(refused, std::size(refused));
}

TEST_CASE("formats_and_shows_values_without_addresses") {
    static constexpr Case cases[] = {
        {"print(('%s|%5.1f|%d|%q|%x|%%p'):format('a', 1.5, 3, 'b', 255))", "a|  1.5|3|\"b\"|ff|%p"},
        {"print(('%s %s %s %s'):format(nil, true, {}, print))", "nil true table function"},
        {"print(('%s'):format(setmetatable({}, { __tostring = function() return 'shown' end })))",
         "shown"},
        {"print(('%-6s|%.2s|'):format('ab', 'abc'))", "ab    |ab|"},
        {"print(tostring(setmetatable({}, { __tostring = function() return 'x' end })))", "x"},
        {"print(tostring(12), tostring(0.1), tostring(1e300), tostring(-0.0))",
         "12\t0.1\t1e+300\t-0"},
        {"print(('ab'):rep(3), ('ab'):rep(2, '-'), ('x'):rep(0), (''):rep(2^53), ('x'):rep(-1))",
         "ababab\tab-ab\t\t\t"},
        {"print((('abc'):gsub('%w', { a = 'x', b = false })), ('abc'):gsub('b', '%0%0'))",
         "xbc\tabbc\t1"},
        {"print(('a,b'):find(',', 1, true), ('key=v'):match('(%w+)=(%w+)'))", "2\tkey\tv"},
        {"print(#string.format('%99d', 1), ('x'):byte(), string.char(65))", "99\t120\tA"},
        {"print(_VERSION, select('#', nil, nil), tonumber('0x10'), tonumber('z', 36))",
         "Lua 5.1\t2\t16\t35"},
        {"print(getmetatable(''), getmetatable(1), getmetatable(print), getmetatable(string))",
         "false\tnil\tnil\tfalse"},
        {"print(math.max(1, 2), math.floor(1.5), math.pi > 3, bit.band(6, 3))", "2\t1\ttrue\t2"},
        {"print(table.concat({ 1, 2, 'x' }, '-'), table.maxn({ 1, 2 }), unpack({ 1, 2, 3 }, 2))",
         "1-2-x\t2\t2\t3"},
    };
    check_printed(cases, std::size(cases));
    static constexpr Refused refused[] = {
        {"local x = ('%p'):format('x')",
         "string.format has no %p here: addresses differ from run to run."},
        {"local x = ('%%%-5p'):format('x')",
         "string.format has no %p here: addresses differ from run to run."},
        {"local x = string.format('%d', 'x')",
         "bad argument #2 to 'format' (number expected, got string)"},
        {"local x = string.format()", "bad argument #1 to 'format' (string expected, got nil)"},
        {"local x = string.gsub('x', 'x')",
         "bad argument #3 to 'gsub' (string/function/table expected)"},
        {"local x = ('x'):gsub('[', 'y')", "malformed pattern (missing ']')"},
        {"local x = ('x'):gsub('(', print)", "unfinished capture"},
        {"local x = ('x'):gsub('x', function() return {} end)",
         "invalid replacement value (a table)"},
        {"local x = ('x'):gsub('x', function() error('own', 0) end)", ""},
        {"local x = table.concat { 1, {} }",
         "invalid value (table) at index 2 in table for 'concat'"},
        {"local x = table.concat { 'a', secret 'KEY' }",
         "table.concat cannot join the handle [secret KEY] at index 2; join handles with .. "
         "instead."},
        {"local x = table.sort({ 1, 'x' })", "attempt to compare string with number"},
        {"local x = string.rep('xy', 2^24)",
         "string.rep would make a text of 33554432 bytes; at most 16777216 are allowed."},
        {"local x = unpack({}, 1, 8001)", "too many results to unpack"},
    };
    WorkerRig rig;
    for (const auto& [script, error] : refused) {
        INFO(std::string(script));
        const auto end = rig.script(script);
        const bool own = std::string(error).empty();
        CHECK(end.error == (own ? "own" : "runbooks/test.lua:1: " + std::string(error)));
    }
}

TEST_CASE("installs_what_a_plan_puts_in_place_of_what_was_made") {
    WorkerRig rig;
    const List answer = rig.trusted(R"lua(
        local wire = ...
        local sandbox = require "vocabulary.sandbox"
        local globals = sandbox.make(wire, { math = { answer = 42 } }, function(_, made)
          local upper = made.string.upper
          return { type = function() return "replaced" end,
            string = { upper = function(text) return upper(text) .. "!" end } }
        end)
        local chunk = wire.load("return type(1), ('a'):upper(), string.upper('b'), math.answer, "
          .. "math.floor(1.5), ('x'):rep(2)", "@x", globals)
        return chunk())lua");
    CHECK(answer == List{"replaced", "A!", "B!", 42, 1, "xx"});
}

TEST_CASE("reports_syntax_errors_with_the_runbooks_own_name") {
    WorkerRig rig;
    CHECK(rig.script("local x =").error == "runbooks/test.lua:1: unexpected symbol near '<eof>'");
}

}  // namespace perilune::test
