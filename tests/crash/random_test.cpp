// Programs made at random from the language's words, killed at random moments and resumed: they end
// with the same value, and each keyed change was made once.
#include <algorithm>
#include <atomic>
#include <random>
#include <set>

#include <doctest/doctest.h>

#include "interpreter/base/json.h"
#include "tests/crash/crash_rig.h"

using namespace perilune;
using namespace perilune::test;

namespace {

constexpr int programs = 16;
constexpr int moments_max = 90;

class ProgramMaker {
public:
    explicit ProgramMaker(unsigned seed) : random_(seed) {}

    std::string make() { return "local total = 7\n" + block(0) + "return total\n"; }

private:
    unsigned pick(unsigned count) { return static_cast<unsigned>(random_() % count); }
    std::string fresh(const char* letter) { return letter + std::to_string(++names_); }

    std::string block(int depth) {
        std::string text;
        const unsigned count = 2 + pick(depth == 0 ? 5 : 2);
        for (unsigned i = 0; i < count; ++i) text += statement(depth);
        return text;
    }

    std::string leaf() {
        const std::string name = fresh("k");
        switch (pick(6)) {
            case 0: return "shop:again { name = \"" + fresh("a") + "\" }\n";
            case 1: return "shop:set { name = \"" + fresh("v") + "\", body = \"x\" }\n";
            case 2: return "sleep(\"3ms\")\n";
            case 3: return "total = (total * 31 + math.random(1000)) % 1000003\n";
            case 4: return "log(\"line " + name + "\")\n";
            default: return keyed(name);
        }
    }

    static std::string keyed(const std::string& name) {
        return "shop:keyed { name = \"" + name + "\" }\n";
    }

    std::string statement(int depth) {
        if (depth > 2) return leaf();
        const std::string name = fresh("k");
        switch (pick(9)) {
            case 0:
            case 1: return "step(\"" + name + "\", function()\n" + block(depth + 1) + "end)\n";
            case 2:
                return "total = total + (try(function()\nstep(\"" + name + "\", function()\n" +
                       block(depth + 1) + "ensure(false, \"no\")\nend)\nend) and 1 or 2)\n";
            case 3: return branches(depth);
            case 4:
                return "each({ 1, 2, 3 }, { at_once = 2 }, function(i)\nshop:keyed { name = \"" +
                       name + "-\" .. i }\nend)\n";
            case 5:
                return keyed(name) + "wait_until(\"" + name +
                       "\", { within = \"20s\", every = \"3ms\" }, function() return shop:count { "
                       "name = \"" +
                       name + "\" } == 1 end)\n";
            case 6: return "keep(\"" + name + "\")\n" + leaf();
            case 7:
                return "do local tries = 0\nstep(\"" + name +
                       "\", { retries = 2, backoff = \"3ms\" }, function()\ntries = tries + 1\n" +
                       "ensure(tries >= 2, \"not yet\")\n" + keyed(name) + "end) end\n";
            default: return leaf();
        }
    }

    // Each branch has a total of its own, since branches share no order.
    std::string branches(int depth) {
        std::string text = "for _, part in pairs(parallel {\n";
        for (const char* name : {"a", "b", "c"})
            text += std::string(name) + " = function() local total = 1\n" + block(depth + 1) +
                    "return total end,\n";
        return text + "}) do total = (total * 17 + part) % 1000003 end\n";
    }

    std::mt19937 random_;
    int names_ = 0;
};

std::set<std::string> keyed_names(const CrashWorld& world) {
    std::set<std::string> names;
    for (const auto& line : world.act_lines())
        if (line.starts_with("keyed ")) names.insert(line.substr(6, line.find(' ', 6) - 6));
    return names;
}

std::size_t keyed_count(const CrashWorld& world) {
    const auto lines = world.act_lines();
    return static_cast<std::size_t>(
        std::count_if(lines.begin(), lines.end(),
                      [](const std::string& line) { return line.starts_with("keyed "); }));
}

std::string judge(unsigned seed, std::atomic<int>& killed) {
    const std::string program = ProgramMaker(seed).make();
    CrashWorld whole;
    whole.body(program);
    const Executed unkilled = whole.start();
    if (unkilled.code != 0) return unkilled.output + unkilled.errors + program;
    CrashWorld world;
    world.body(program);
    std::mt19937 random(seed);
    const auto moment = [&] {
        return Moment{.number = 1 + static_cast<int>(random() % moments_max)};
    };
    Executed part = world.start(moment());
    for (int i = 0; part.killed() && i < 3; ++i) {
        ++killed;
        part = world.has_run() ? world.resume(moment()) : world.start(moment());
    }
    for (int i = 0; i < 3 && part.code != 0; ++i) {
        if (world.has_run() && world.row().state == "ended") break;
        part = world.has_run() ? world.resume() : world.start();
    }
    if (world.row().outcome != "done")
        return "it is " + world.row().state + part.output + part.errors + program;
    std::string problem = world.broken();
    if (!(world.last("end")["value"] == whole.last("end")["value"]))
        problem += "it gave " + to_json(world.last("end")["value"]) + " and not " +
                   to_json(whole.last("end")["value"]) + program;
    if (keyed_names(world) != keyed_names(whole)) problem += "other changes were made" + program;
    if (keyed_count(world) != keyed_names(world).size()) problem += "one was made twice" + program;
    return problem;
}

}  // namespace

TEST_CASE("programs_made_at_random_and_killed_at_random_end_as_if_nobody_had_killed_them") {
    const unsigned seed = std::random_device{}();
    std::atomic<int> killed = 0;
    const std::string problems = for_each_at_once(programs, [&](int number) {
        const std::string problem = judge(seed + static_cast<unsigned>(number), killed);
        return problem.empty() ? "" : "seed " + std::to_string(seed) + ": " + problem;
    });
    CHECK_MESSAGE(problems == "", problems);
    CHECK(killed >= programs);
}
