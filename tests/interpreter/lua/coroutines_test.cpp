// Coroutines of the script's own: nested and counted within limits, apart from the scheduler's.
#include <doctest/doctest.h>

#include "tests/interpreter/lua/worker_rig.h"

namespace perilune::test {

TEST_CASE("lets_scripts_compute_with_coroutines") {
    WorkerRig rig;
    const auto end = rig.script(R"lua(
        local function numbers(n)
          return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end)
        end
        local sum = 0
        for i in numbers(10) do sum = sum + i end
        print(sum)
        local co = coroutine.create(function(a) local b = coroutine.yield(a + 1) return a + b end)
        print(coroutine.resume(co, 1))
        print(coroutine.status(co), coroutine.resume(co, 10))
        print(coroutine.status(co), coroutine.resume(co))
        print(coroutine.resume(coroutine.create(function() error("own", 0) end)))
        print(pcall(coroutine.wrap(function() error({ code = 1 }) end)))
        print(coroutine.running(), coroutine.isyieldable())
        coroutine.wrap(function()
          print(type(coroutine.running()), coroutine.isyieldable())
          print(pcall(function() return coroutine.yield(1) end))
        end)())lua");
    CHECK(end.error == "");
    CHECK(end.printed == List{"55", "true\t2", "suspended\ttrue\t11",
                              "dead\tfalse\tcannot resume dead coroutine", "false\town",
                              "false\ttable", "nil\tfalse", "thread\ttrue"});
}

TEST_CASE("never_yields_to_the_scheduler") {
    WorkerRig rig;
    const auto end = rig.script("coroutine.yield(1)");
    CHECK(end.error ==
          "runbooks/test.lua:1: coroutine.yield is called outside of any coroutine "
          "of the script's own.");
}

TEST_CASE("nests_coroutines_100_deep_and_not_101") {
    WorkerRig rig;
    const std::string nest = R"lua(
        local function nest(n)
          if n == 0 then return "bottom" end
          local ok, value = coroutine.resume(coroutine.create(nest), n - 1)
          return value
        end
        print(nest()))lua";
    std::string source = nest;
    source.replace(source.find("nest())"), 7, "nest(100))");
    CHECK(rig.script(source).printed == List{"bottom"});
    source = nest;
    source.replace(source.find("nest())"), 7, "nest(101))");
    CHECK(rig.script(source).printed == List{"Coroutines are nested more than 100 deep."});
}

TEST_CASE("keeps_at_most_20000_coroutines_that_have_not_ended") {
    WorkerRig rig;
    const auto end = rig.script(R"lua(
        local kept = {}
        for i = 1, 19999 do kept[i] = coroutine.create(function() end) end
        for i = 1, 30000 do coroutine.wrap(function() end)() end
        kept[20000] = coroutine.create(function() end)
        print(pcall(coroutine.create, function() end))
        coroutine.resume(kept[1])
        print(coroutine.resume(kept[1]), coroutine.resume(kept[1]))
        print(pcall(coroutine.create, function() end))
        print(pcall(coroutine.create, function() end)))lua");
    CHECK(end.error == "");
    const std::string full =
        "false\tA run may have 20000 coroutines that have not ended, and has them.";
    CHECK(end.printed ==
          List{full, "false\tfalse\tcannot resume dead coroutine", "true\tthread", full});
}

TEST_CASE("refuses_coroutines_that_are_not_the_scripts_own") {
    WorkerRig rig;
    const List answer = rig.trusted(R"lua(
        local wire = ...
        local sandbox = require "vocabulary.sandbox"
        local foreign = coroutine.create(function() return "hijacked" end)
        local chunk = wire.load("local co = ... return pcall(coroutine.resume, co)", "@x",
          sandbox.make(wire, { pcall = pcall }))
        local ok, message = chunk(foreign)
        return ok, message, coroutine.status(foreign))lua");
    CHECK(answer == List{false,
                         "bad argument #1 to 'resume' (coroutine of the script's own expected)",
                         "suspended"});
}

TEST_CASE("says_where_a_coroutine_was_made_or_resumed_wrongly") {
    WorkerRig rig;
    for (const std::string word : {"create", "wrap"}) {
        CHECK(rig.script("local co = coroutine." + word + "(1)").error ==
              "runbooks/test.lua:1: bad argument #1 to '" + word +
                  "' (function expected, got number)");
    }
    for (const std::string word : {"resume", "status"}) {
        CHECK(rig.script("local co = coroutine." + word + "({})").error ==
              "runbooks/test.lua:1: bad argument #1 to '" + word +
                  "' (coroutine of the script's own expected)");
    }
}

TEST_CASE("abandons_a_strand_from_within_its_scripts_coroutines") {
    WorkerRig rig;
    const List answer = rig.trusted(R"lua(
        local wire = ...
        local sandbox = require "vocabulary.sandbox"
        local depths, cleaned = {}, false
        local globals = sandbox.make(wire, { pcall = pcall,
          leave = function()
            depths[1] = sandbox.coroutine_depth()
            sandbox.abandon("horizon", 7)
          end, clean = function() cleaned = true end })
        local chunk = wire.load([[
          coroutine.wrap(function()
            pcall(coroutine.wrap(function() leave() clean() end))
            clean()
          end)()
          clean()]], "@x", globals)
        local strand = coroutine.create(chunk)
        local ok, tag, value = coroutine.resume(strand)
        return ok, tag, value, depths[1], sandbox.coroutine_depth(), cleaned)lua");
    CHECK(answer == List{true, "horizon", 7, 2, 0, false});
}

TEST_CASE("cannot_yield_out_of_sort_or_gsub") {
    WorkerRig rig;
    const auto end = rig.script(R"lua(
        local co = coroutine.wrap(function()
          return pcall(table.sort, { 2, 1 }, function() coroutine.yield() end)
        end)
        print(co())
        print(coroutine.wrap(function()
          return pcall(string.gsub, "a", "a", function() coroutine.yield() end)
        end)()))lua");
    CHECK(end.error == "");
    CHECK(end.printed ==
          List{"false\trunbooks/test.lua:3: attempt to yield across C-call boundary",
               "false\trunbooks/test.lua:7: attempt to yield across C-call boundary"});
}

}  // namespace perilune::test
