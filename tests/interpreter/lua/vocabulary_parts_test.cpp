// Suggestions and random numbers, and what the worker's own program does when it is started.
#include <doctest/doctest.h>

#include "interpreter/base/suggest.h"
#include "tests/interpreter/lua/worker_rig.h"

namespace perilune::test {

TEST_CASE("suggests_the_same_names_as_the_host") {
    WorkerRig rig;
    const std::vector<std::string> candidates{"upsert", "resolves", "get",     "remove", "records",
                                              "pairs",  "ipairs",   "promote", "fence",  ""};
    List listed;
    for (const auto& candidate : candidates) listed.push_back(candidate);
    for (const std::string wrong : {"upset", "reslves", "gte", "g", "", "removee", "ipars", "pair",
                                    "completely", "fnece", "UPSERT", "recrods"}) {
        INFO(wrong);
        const List answer = rig.trusted(R"lua(
            local _, wrong, candidates = ...
            return require("vocabulary.suggest").did_you_mean(wrong, candidates))lua",
                                        {wrong, listed});
        CHECK(answer.at(0).text() == did_you_mean(wrong, candidates));
    }
    CHECK(did_you_mean("upset", candidates) == " Did you mean \"upsert\"?");
}

TEST_CASE("draws_random_numbers_that_only_the_seed_decides") {
    const std::string draw = R"lua(
        local _, seed = ...
        local random = require("vocabulary.sandbox").random(seed)
        local drawn = {}
        for i = 1, 5 do drawn[i] = random(1000000) end
        return drawn, random(), random(-3, -3))lua";
    WorkerRig left;
    WorkerRig right;
    const List first = left.trusted(draw, {"run 1|/"});
    CHECK(first == right.trusted(draw, {"run 1|/"}));
    CHECK(first == left.trusted(draw, {"run 1|/"}));
    CHECK_FALSE(first[0] == left.trusted(draw, {"run 1|/2.a"})[0]);
    CHECK_FALSE(first[0] == left.trusted(draw, {""})[0]);
    CHECK(first[2] == Value(-3));
}

TEST_CASE("draws_random_numbers_evenly") {
    WorkerRig rig;
    const List answer = rig.trusted(R"lua(
        local random = require("vocabulary.sandbox").random("even")
        local counts, sum, least, most = {}, 0, 1, 0
        for i = 1, 10 do counts[i] = 0 end
        for _ = 1, 100000 do
          local n = random(10)
          counts[n] = counts[n] + 1
          local x = random()
          sum, least, most = sum + x, math.min(least, x), math.max(most, x)
        end
        return counts, sum / 100000, least, most, random(2^53) > 0, pcall(random, 0),
          pcall(random, 1.5), pcall(random, 2, 1))lua");
    const Value& counts = answer.at(0);
    for (const auto& count : counts.list()) {
        CHECK(count.number() > 9500);
        CHECK(count.number() < 10500);
    }
    CHECK(answer.at(1).number() == doctest::Approx(0.5).epsilon(0.01));
    CHECK(answer.at(2).number() >= 0);
    CHECK(answer.at(3).number() < 1);
    CHECK(answer.at(4) == Value(true));
    CHECK(answer.at(5) == Value(false));
}

TEST_CASE("shows_no_address_to_trusted_code_either") {
    WorkerRig rig;
    const List answer = rig.trusted(R"lua(
        local wire = ...
        require("vocabulary.sandbox").make(wire)
        return tostring({}), tostring(error), ("%s"):format({}))lua");
    CHECK(answer == List{"table", "function", "table"});
}

TEST_CASE("starts_the_vocabularys_own_program") {
    WorkerRig rig({}, "runbook", "perilune-worker");
    rig.await_messages(1);
    CHECK(rig.messages()[0].at(0).text() == "hello");
}

TEST_CASE("the_workers_own_program_takes_no_orders_meant_for_tests") {
    WorkerRig rig({}, "test", "perilune-worker");
    rig.await_messages(1);
    rig.worker().send(List{"trusted", "return 1"});
    CHECK(rig.await_end().reason == WorkerEnd::Reason::failed);
}

}  // namespace perilune::test
