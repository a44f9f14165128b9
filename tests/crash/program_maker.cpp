#include "tests/crash/program_maker.h"

#include <random>

namespace perilune::test {

namespace {

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

}  // namespace

std::string make_program(unsigned seed) { return ProgramMaker(seed).make(); }

}  // namespace perilune::test
