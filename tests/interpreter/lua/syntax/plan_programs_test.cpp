// Rewritten programs do what they did before, and never choose a branch by an unknown value.
#include <doctest/doctest.h>

#include "interpreter/lua/syntax/parser.h"
#include "interpreter/lua/syntax/rewrite.h"
#include "tests/interpreter/lua/syntax/engine.h"
#include "tests/interpreter/lua/syntax/seed.h"

namespace {

using namespace perilune;
using namespace perilune::syntax;

std::string rewritten(std::string_view source) {
    const auto tree = parse_lua(source, "source");
    INFO(source);
    REQUIRE_MESSAGE(tree.ok(), (tree.ok() ? "" : tree.error().message));
    const auto text = rewrite_for_plan(*tree);
    REQUIRE(text.ok());
    return *text;
}

constexpr std::string_view programs[] = {
    R"(local function values(...) return ... end
if values() then print("yes") else print("no") end
if values(false, true) then print("yes") elseif values(1, nil) then print("one") end
print(values(1, 2) and values(3, 4), (values(5, 6)) or 7, not values())
print(#values("abc", "d"), values(1, 2) == values(1, 3))
print(select("#", values(nil, nil) or values(1, 2, 3)))
local function rest(...) if ... then return ..., select("#", ...) end return #{ ... } end
print(rest(1, 2, 3)) print(rest(nil, 2, 3)) print(rest()))",
    R"(for i = 1, 3 do for j = i, 3 do
  if j == 2 then goto continue end
  print(i, j)
  ::continue:: end end
local n = 5
while n > 0 and n ~= 2 do n = n - 1 if n == 4 then print("four") end end
repeat local done = n >= 4; n = n + 1 until done or n > 10
print(n)
for i = #"abc", -n, -2 do print(i) end)",
    R"(local t = { 10, 20, 30, a = { b = { 1, 2 } } }
local k, i = "a", 1
print(t[i], t[i + 1], t[#t], t[k].b[i], t[k]["b"][#t[k].b])
t[#t + 1], t[k].b[i] = 40, { [k .. i] = not t[k .. i] }
print(#t, t.a.b[1].a1, t[k].b[1]["a1"])
local built = { [k] = 1, [i] = 2, [k == "a"] = 3, [1 + i] = 4 }
print(built.a, built[1], built[true], built[2]))",
    R"(local function range(n) local i = 0
  return function() i = i + 1 if i <= n then return i, i * i end end end
for i, square in range(3) do print(i, square) end
for a, b in next, { 5 } do print(a, b) end
local function iterate(state, at) if at < state then return at + 1 end end
for i in iterate, 3, 0 do (print)(i) end
for word in ("a b c"):gmatch("%a") do print(word) end
local object = setmetatable({}, {
  __call = function(_, _, at) if at < 2 then return at + 1 end end })
for i in object, nil, 0 do print(i) if i == 1 then break end end)",
    R"(local log = {}
local function say(name, value) log[#log + 1] = name return value end
local x = say("a", false) and say("b", 1) or say("c", nil) or say("d", "end")
local y = (say("e", 1) and say("f", false)) == false and say("g", 2)
if not (say("h", nil) or say("i", false)) and (say("j", 1) or say("k", 2)) then say("l") end
print(x, y, table.concat(log)))",
    R"(local mt = { __eq = function() return true end, __lt = function(a, b) return a.v < b.v end,
  __le = function(a, b) return a.v <= b.v end, __len = function() return 9 end,
  __concat = function(a, b) return "joined" end, __add = function(a) return a end,
  __index = function(t, key) return key .. "!" end }
local a, b = setmetatable({ v = 1 }, mt), setmetatable({ v = 2 }, mt)
print(a == b, a ~= b, a < b, a <= b, a > b, a >= b, a .. b, a.z, a["y"], (a + b) == a, a == 1)
local method = { name = "m" }
function method:get(k) return self[k] or self.name .. k end
print(method:get("name"), method:get "x", #method:get("y") > 1, not method.missing)
print(pcall(function() return 1 < "2" end)))",
    R"(local function fact(n) return n <= 1 and 1 or n * fact(n - 1) end
local function tail(n, sum) if n == 0 then return sum end return tail(n - 1, sum + n) end
print(fact(10), tail(1000, 0))
local ok, err = pcall(function()
  local x
  if not x then
    error("on line six")
  end
end)
print(ok, err)
print(1 < 2 == true, not 1 == 2, -2 ^ 2 == -4, "a" .. 1 == "a1", 2 ^ 3 ^ 2 > 500)
print((1 and 2), (nil or false), ("x" and nil) == nil, not not (1 or error("never"))))",
};

}  // namespace

TEST_CASE("rewritten_programs_print_what_they_printed") {
    for (const auto program : programs) {
        const std::string after = rewritten(program);
        CAPTURE(after);
        CHECK(after != program);
        const std::string output = engine_output(program);
        CHECK(output.find("error:") == std::string::npos);
        CHECK(engine_output(after) == output);
    }
}

namespace {

// Grows random programs over `u`, whose value is not known, and `a`, `b`, `t`, whose are.
class Grower {
public:
    explicit Grower(std::uint64_t from) : random_(from) {}

    std::string number(int depth) {
        static constexpr std::string_view leaves[] = {"u", "a", "b", "1", "2", "t.n", "u", "two()"};
        if (depth == 0) return std::string(leaves[below(random_, std::size(leaves))]);
        switch (below(random_, 7)) {
            case 0: return number(depth - 1) + " + " + number(depth - 1);
            case 1: return "(" + number(depth - 1) + " - " + number(depth - 1) + ")";
            case 2: return "-" + number(0) + " * " + number(0);
            case 3: return "(" + condition(depth - 1) + " and " + number(0) + " or 3)";
            case 4: return "f(" + number(depth - 1) + ")";
            case 5: return "(t[" + number(0) + "] or " + number(0) + ")";
            default: return number(0);
        }
    }

    std::string condition(int depth) {
        static constexpr std::string_view comparisons[] = {"==", "~=", "<", "<=", ">", ">="};
        const auto comparison = comparisons[below(random_, std::size(comparisons))];
        if (depth == 0) return number(0) + " " + std::string(comparison) + " " + number(0);
        switch (below(random_, 7)) {
            case 0: return "not(" + condition(depth - 1) + ")";
            case 1: return condition(depth - 1) + " and " + condition(depth - 1);
            case 2: return "(" + condition(depth - 1) + " or " + condition(depth - 1) + ")";
            case 3: return number(depth - 1);
            case 4: return "two(" + condition(depth - 1) + ")";
            case 5: return "not " + number(0);
            default: return number(depth - 1) + " " + std::string(comparison) + " " + number(0);
        }
    }

    std::string statement(int depth) {
        const std::string mark = "mark(" + std::to_string(++marks_) + ") ";
        if (depth == 0) return mark;
        switch (below(random_, 8)) {
            case 0:
                return "if " + condition(2) + " then " + statement(depth - 1) + "else " + mark +
                       "end ";
            case 1: return "local c = " + condition(2) + " if c then " + mark + "end ";
            case 2:
                return "do local n = 0 while n < 3 and " + condition(1) + " do n = n + 1 " + mark +
                       statement(depth - 1) + "end end ";
            case 3:
                return "do local n = 0 repeat n = n + 1 " + mark + "until n > 2 or " +
                       condition(1) + " end ";
            case 4:
                return "for i = 1, " + number(0) + " do " + mark + "if i > 3 then break end end ";
            case 5: return "for v in once(" + number(1) + ") do " + mark + "end ";
            case 6: return "a = " + number(2) + " " + statement(depth - 1);
            default: return statement(depth - 1) + statement(depth - 1);
        }
    }

private:
    std::mt19937_64 random_;
    int marks_ = 0;
};

// All on the first line, which rewriting does not see.
constexpr std::string_view surroundings =
    "local a, b, t, marks = 2, 5, { n = 3, 7, 8 }, {} "
    "local function mark(n) marks[#marks + 1] = n end "
    "local function f(x) return x end local function two(x) return x or 4, 5 end "
    "local function once(x) local done return function() if not done then done = true return x end "
    "end end ";

constexpr std::string_view declared = "local two, once, f, mark, a, b, t, u ";

constexpr std::string_view unknown_value =
    "local meta = {} local u = setmetatable({}, meta) "
    "for _, name in ipairs { 'add', 'sub', 'mul', 'unm', 'concat', 'index', 'call' } do "
    "meta['__' .. name] = function() return u end end "
    "meta.__lt = function() print('guessed') end meta.__le = meta.__lt "
    "function __check(v) if rawequal(v, u) then error('horizon', 0) end return v end ";

std::string marks_of(const std::string& program) {
    return engine_output(program + " print(table.concat(marks, ' '))");
}

}  // namespace

TEST_CASE("an_unknown_value_never_chooses_a_branch") {
    // Where a plan comes to its end without a horizon, no value of `u` could have led elsewhere.
    int decided = 0;
    int stopped = 0;
    for (std::uint64_t i = 0; i < 1500; ++i) {
        Grower grower(seed() + i);
        const std::string body = grower.statement(3) + grower.statement(2);
        const std::string source = std::string(surroundings) + "\n" + body;
        const std::string plan = std::string(surroundings) + "\n" +
                                 rewritten(std::string(declared) + body).substr(declared.size());
        CAPTURE(seed() + i);
        CAPTURE(body);
        const std::string known = marks_of("local u = 1 " + source);
        CHECK(marks_of("local u = 1 " + plan) == known);
        const std::string planned = marks_of(std::string(unknown_value) + plan);
        CHECK(planned.find("guessed") == std::string::npos);
        if (planned.find("horizon") != std::string::npos) {
            ++stopped;
            continue;
        }
        ++decided;
        for (const std::string other : {"1", "0", "9", "2.5"})
            CHECK(marks_of("local u = " + other + " " + source) == planned);
    }
    CHECK(decided > 100);
    CHECK(stopped > 300);
}
