// The word `retention` of Lua drivers keeps what the host's own retention keeps.
#include <cmath>
#include <random>

#include "interpreter/base/retention.h"
#include "interpreter/base/units.h"
#include "tests/interpreter/driver/lua_rig.h"

namespace perilune::test {

namespace {

std::string lua_things(const std::vector<Dated>& things) {
    std::string text = "{";
    for (const auto& one : things)
        text += " { id = \"" + one.id + "\", at = " + std::to_string(one.at_s) + " },";
    return text + " }";
}

// What a driver is told: { removed, kept }.
Result<Value> told(const std::string& things, const std::string& options) {
    Thing thing("read = { observe = function() local removed, kept = retention.choose(" + things +
                ", " + options +
                ") return { removed = removed, kept = kept } end },\n"
                "add = { before = nothing, act = nothing },\n"
                "remove = { before = nothing, act = nothing },");
    return thing.rig->observe("read", fields());
}

Value list_of(const std::vector<std::string>& ids) { return Value(List(ids.begin(), ids.end())); }

}  // namespace

TEST_CASE("a_driver_s_retention_keeps_what_the_host_s_keeps") {
    const unsigned seed = std::random_device()();
    INFO("seed ", seed);
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> moment(*parse_time("2023-11-01T00:00:00Z"),
                                                  *parse_time("2026-03-01T00:00:00Z"));
    for (int round = 0; round < 5; ++round) {
        std::vector<Dated> things;
        for (int i = 0; i < 80; ++i)
            things.push_back({"b" + std::to_string(i), std::floor(moment(random))});
        const Retention rules = {.last = static_cast<int>(random() % 4),
                                 .daily = static_cast<int>(random() % 9),
                                 .weekly = static_cast<int>(random() % 9),
                                 .monthly = static_cast<int>(random() % 9),
                                 .yearly = static_cast<int>(1 + random() % 3)};
        const auto wanted = choose_retention(things, rules, 2, 80);
        REQUIRE(wanted.ok());
        const auto rule = [](const char* name, int count) {
            return std::string(name) + " = " + std::to_string(count) + ", ";
        };
        const auto found =
            told(lua_things(things),
                 "{ keep = { " + rule("last", rules.last) + rule("daily", rules.daily) +
                     rule("weekly", rules.weekly) + rule("monthly", rules.monthly) +
                     rule("yearly", rules.yearly) + "}, keep_at_least = 2, delete_at_most = 80 }");
        REQUIRE_MESSAGE(found.ok(), (found.ok() ? "" : found.error().message));
        CHECK((*found)["removed"] == list_of(wanted->removed));
        CHECK((*found)["kept"] == list_of(wanted->kept));
    }
}

TEST_CASE("a_driver_s_retention_refuses_slips_of_the_pen_and_too_many_deletions") {
    const std::string things = "{ { id = \"a\", at = 0 }, { id = \"b\", at = 100000 } }";
    const auto code = [&](const std::string& keep, int at_most) {
        const auto found = told(things, "{ keep = " + keep + ", keep_at_least = 0, " +
                                            "delete_at_most = " + std::to_string(at_most) + " }");
        return found.ok() ? "" : found.error().code;
    };
    CHECK(code("{ last = 1 }", 1) == "");
    CHECK(code("{ last = 1 }", 0) == "too_many_deletions");
    CHECK(code("{ lst = 1 }", 9) == "bad_argument");
    CHECK(code("{ last = 0 }", 9) == "bad_argument");
    CHECK(code("{ last = 1.5 }", 9) == "bad_argument");
    CHECK(code("{}", 9) == "bad_argument");
}

}  // namespace perilune::test
