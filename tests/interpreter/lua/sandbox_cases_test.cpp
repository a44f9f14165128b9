// The sandbox cases A to F: scripts that attack the sandbox, each executed twice in one worker.
#include <doctest/doctest.h>

#include "tests/interpreter/lua/worker_rig.h"

namespace perilune::test {

namespace {

struct Attack {
    const char* name;
    const char* script;
    const char* expected;  // Part of what is printed or raised.
};

constexpr Attack attacks[] = {
    {"LA01 dump", R"(
        local dump = string.dump or ("").dump
        if not dump then return print("SAFE: no string.dump") end
        local f = (loadstring or load)(dump(function() return "ran" end))
        print(f and "BREACH: bytecode " .. f() or "SAFE: refused"))",
     "SAFE: no string.dump"},
    {"LA03 bytecode", "\033LJ\002\012\000\377\377\377\377", "this is bytecode"},
    {"LA05 text with an environment", R"(
        local f = (load or loadstring)
        if not f then return print("SAFE: no load") end
        print("BREACH"))",
     "load is not part of the language"},
    {"LA07 endless reader", "pcall(load, function() return ' ' end) print('BREACH')",
     "load is not part of the language"},
    {"LB01 string metatable", R"(
        local mt = getmetatable and getmetatable("")
        if type(mt) ~= "table" then return print("SAFE: string metatable hidden") end
        pcall(function() mt.__index.upper = function() return "PWNED" end end)
        print(("a"):upper() == "PWNED" and "BREACH: all strings changed" or "SAFE"))",
     "SAFE: string metatable hidden"},
    {"LB03 getfenv", "local g = getfenv(0) print('BREACH')", "getfenv is not part"},
    {"LB05 setfenv", "setfenv(2, {}) print('BREACH')", "setfenv is not part"},
    {"LB07 rawset", R"(
        print(math.MARK == nil and "clean" or "BREACH: a mark of before")
        pcall(rawset, math, "MARK", true) pcall(rawset, string, 1, true)
        pcall(table.insert, table, true) pcall(function() bit.MARK = true end)
        print((math.MARK or string[1] or table[1] or bit.MARK) and "BREACH" or "SAFE"))",
     "clean\nSAFE"},
    {"LB09 base metatables", "debug.setmetatable(0, {}) print('BREACH')", "debug is not part"},
    {"LB11 handles", R"(
        local h = secret("KEY")
        local mt = getmetatable(h)
        print(type(mt) == "table" and "BREACH" or "SAFE", pcall(setmetatable, h, {})))",
     "SAFE\tfalse"},
    {"LC01 ffi", R"(
        local function try(f)
          local ok, v = pcall(f)
          return ok and type(v) == "table" and v.cdef and v
        end
        local f = try(function() return ffi end) or try(function() return require("ffi") end)
          or try(function() return package.preload.ffi("ffi") end)
        print(f and "BREACH" or "SAFE"))",
     "SAFE"},
    {"LC01 ffi by a number", "print('BREACH', 1LL)", "numbers that end in LL, ULL or i"},
    {"LC03 jit", "jit.on() print('BREACH')", "jit is not part"},
    {"LC05 events", R"(
        local ok = pcall(function() jit.attach(function() end, "bc") end)
        local ok2 = pcall(function() return require("jit.profile") end)
        print((ok or ok2) and "BREACH" or "SAFE"))",
     "SAFE"},
    {"LC07 upvalues", "debug.setupvalue(print, 1, 1) print('BREACH')", "debug is not part"},
    {"LC09 exit", "os.exit() print('BREACH')", "os is not part"},
    {"LC11 locale", "os.setlocale('C') print('BREACH')", "os is not part"},
    {"LC13 files", "io.open('/etc/hostname') print('BREACH')", "io is not part"},
    {"LC15 newproxy", "newproxy(true) print('BREACH')", "newproxy is not part"},
    {"LD07 one huge text", R"(
        local ok, e = pcall(string.rep, "x", 2^30)
        print(ok and "BREACH: 1 GiB" or "SAFE: " .. tostring(e)))",
     "SAFE: string.rep would make"},
    {"LD11 recursion through coroutines", R"(
        local function f() coroutine.wrap(f)() end
        print(pcall(f) and "BREACH" or "SAFE: depth limited"))",
     "SAFE: depth limited"},
    {"LD13 deep recursion", R"(
        local function f() return 1 + f() end
        local function g() return xpcall(error, g) end
        print("SAFE: " .. tostring(select(2, pcall(f))), pcall(g)))",
     "stack overflow"},
    {"LD15 unpack", R"(
        for _, r in ipairs { { 1, 1e7 }, { 0, 2^31 - 1 }, { -2^31, 2^31 - 1 }, { 1, 2^53 },
          { -2^53, 2^53 }, { 1, 1/0 }, { -1/0, 1/0 }, { 0/0, 0/0 }, { 2^53, 1 } } do
          local ok, n = pcall(function() return select("#", unpack({}, r[1], r[2])) end)
          if ok and n ~= 0 then return print("BREACH: " .. n .. " values") end
        end
        print("SAFE: refused or empty"))",
     "SAFE: refused or empty"},
    {"LD17 sort", R"(
        local t = {} for i = 1, 1000 do t[i] = i % 7 end
        print("SAFE: ", pcall(table.sort, t, function() return true end))
        local function f() table.sort({ 3, 2, 1 }, function() f() return false end) end
        print("SAFE: ", pcall(f)))",
     "invalid order function"},
    {"gsub within gsub", R"(
        local function f() return (("a"):gsub("a", function() return f() end)) end
        print(pcall(f))
        local t = setmetatable({}, { __index = function(t, k) return (("a"):gsub("a", t)) end })
        print(pcall(string.gsub, "a", "a", t))
        print(("again"):gsub("a", function() return "works" end)))",
     "gsub is called more than 100 times within itself."},
    {"LE01 finaliser", "setmetatable({}, { __gc = function() end }) print('BREACH')",
     "A metatable here may not have __gc"},
    {"weak tables", R"(
        print(pcall(setmetatable, {}, { __mode = "k" }))
        print(pcall(rawset, {}, "__mode", "k")))",
     "may not have __mode"},
    {"LE07 paths", R"(
        local _, e = pcall(error, "x", 1)
        local _, e2 = pcall(function() local a = nil return a.b end)
        print("INFO: " .. e .. " | " .. e2))",
     "INFO: x | runbooks/test.lua:3: attempt to index local 'a' (a nil value)"},
    {"LF01 order of pairs", R"(
        local t, r = {}, {}
        for _, k in ipairs { "alpha", "beta", "gamma", "delta", "eps", "zeta", "eta", "theta" } do
          t[k] = 1
        end
        for k in pairs(t) do r[#r + 1] = k end
        print(table.concat(r, " ")))",
     "alpha beta delta eps eta gamma theta zeta"},
    {"LF03 addresses", R"(
        print(tostring({}), tostring(function() end), tostring(print),
          tostring(coroutine.create(print)), ("%s %s"):format({}, print)))",
     "table\tfunction\tfunction\tthread\ttable function"},
    {"LF05 random", "print(math.random(1e6), math.random(1e6), math.random(1e6))",
     "601705\t542939\t367864"},
    {"LF07 next", R"(
        local t, r = { b = 1, a = 2, [2] = 3, [1] = 4, [true] = 5, [0.5] = 6 }, {}
        local k = next(t)
        while k ~= nil do r[#r + 1] = tostring(k) k = next(t, k) end
        print(table.concat(r, " ")))",
     "0.5 1 2 a b true"},
};

std::string joined(const WorkerRig::ScriptEnd& end) {
    std::string all;
    for (const auto& line : end.printed) all += (all.empty() ? "" : "\n") + line.text();
    if (!end.error.empty()) all += (all.empty() ? "" : "\n") + end.error;
    return all;
}

}  // namespace

TEST_CASE("withstands_every_attack_twice_in_one_process") {
    WorkerRig rig;
    for (const auto& [name, script, expected] : attacks) {
        INFO(std::string(name));
        const std::string first = joined(rig.script(script));
        const std::string second = joined(rig.script(script));
        CHECK(first.find("BREACH") == std::string::npos);
        INFO(first);
        CHECK(first.find(expected) != std::string::npos);
        CHECK(first == second);  // No state carries over.
        CHECK(first.find("0x") == std::string::npos);
        CHECK(rig.script("print(1 + 1)").printed == List{"2"});
    }
}

TEST_CASE("prints_the_same_in_another_process") {
    WorkerRig left;
    WorkerRig right;
    for (const auto& [name, script, expected] : attacks) {
        INFO(std::string(name) << ": " << std::string(expected));
        CHECK(joined(left.script(script)) == joined(right.script(script)));
    }
}

TEST_CASE("refuses_source_that_is_nested_without_end") {
    WorkerRig rig;
    const std::string open(100'000, '(');
    const std::string close(100'000, ')');
    CHECK(rig.script("return " + open + "1" + close).error.find("syntax levels") !=
          std::string::npos);
    CHECK(rig.script("print('still here')").printed == List{"still here"});
}

TEST_CASE("refuses_source_with_a_nul_byte_whole") {
    WorkerRig rig;
    const auto end = rig.script(std::string("print('first half')\n\0os.exit(7)\n", 32));
    CHECK(end.printed.empty());
    CHECK(end.error == "runbooks/test.lua: the source holds a NUL byte.");
}

TEST_CASE("refuses_bytecode_behind_a_byte_order_mark_or_a_first_line") {
    WorkerRig rig;
    for (const std::string prefix : {"", "\xef\xbb\xbf", "#!/usr/bin/lua\n", "\xef\xbb\xbf#\n"}) {
        INFO(prefix);
        const auto end = rig.script(prefix + "\033LJ\002");
        CHECK(end.printed.empty());
        INFO(end.error);
        CHECK(end.error.find("runbooks/test.lua") == 0);
    }
    CHECK(rig.script("#!/usr/bin/lua\nprint('text')").printed == List{"text"});
}

TEST_CASE("finds_numbers_of_the_ffi_wherever_they_stand_and_nowhere_else") {
    WorkerRig rig;
    for (const std::string source :
         {"return 1LL", "return 0x1ull", "return 2i", "x = .5I", "return 1e5i", "return 0x1p-2i",
          "return 1..2LL", "local s = '\\'' return 1LL", "--[==[ ]] ]==] return 1LL",
          "local s = [[ ]] return 1LL", "local s = [=[ ]] ]=] return 1uLL",
          // Who takes the string to end with its line takes what follows it for one.
          "return '\\z\n a' .. 1LL .. ''", "return '\\\r\n a' .. 1LL .. ''"}) {
        INFO(source);
        CHECK(rig.script(source).error.find("numbers that end in LL") != std::string::npos);
    }
    for (const std::string source :
         {"print('1LL')", "print [[1LL]]", "-- 1LL\nprint(1)", "--[[ 1LL ]] print(1)",
          "local x1LL = 1 print(x1LL)", "local t = { a1i = 1 } print(t.a1i)", "print(\"\\\"1LL\")",
          "print('\\z\n 1LL')", "print('\\\r\n2i')", "print(0xfp1, 1e+3, 0xALL and 1)"}) {
        INFO(source);
        const bool is_hexadecimal = source.find("0xALL") != std::string::npos;
        CHECK((rig.script(source).printed.size() == 1) != is_hexadecimal);
    }
}

}  // namespace perilune::test
