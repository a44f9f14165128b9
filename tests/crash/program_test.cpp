// Kill -9 while programs run: each is started once, and its output is not lost with the host.
#include <atomic>
#include <cstdlib>

#include <doctest/doctest.h>

#include "tests/crash/crash_rig.h"

using namespace perilune;
using namespace perilune::test;

namespace {

constexpr const char* three_programs = R"(return runbook {
  summary = "Three programs", targets = { ["process/here"] = { "run" } },
  run = function()
    local said = ""
    for number = 1, 3 do
      said = said .. step("Program " .. number, function()
        return process("here"):run { program = "mark", arguments = { tostring(number) } }.output
      end)
    end
    return said
  end,
}
)";

// Each program leaves its mark twice, so that a host that dies meanwhile finds it running.
void prepare(const CrashWorld& world) {
    world.write("library/runbooks/book.lua", three_programs);
    world.write("mark.sh",
                "#!/bin/sh\ncd \"${0%/*}\"\necho \"$1\" >> begun\nsleep 0.05\n"
                "echo \"$1\" >> ended\necho \"said $1\"\n");
    // Written by a program of its own: what another thread starts meanwhile would inherit the open
    // file here, and nobody can execute a file that someone may write to.
    const std::string install = "install -m 755 " + world.at("mark.sh") + " " + world.at("mark");
    REQUIRE(std::system(install.c_str()) == 0);
    world.environment("  process/here: { driver: local, programs: { mark: { path: " +
                      world.at("mark") + ", arguments: any } } }\n");
}

std::string compare(const CrashWorld& world) {
    if (world.row().outcome != "done") return "it came to " + world.row().outcome;
    const std::string said = world.last("end")["value"].text();
    if (said != "said 1\nsaid 2\nsaid 3\n") return "it gave back: " + said;
    for (const char* mark : {"begun", "ended"})
        if (world.read(mark) != "1\n2\n3\n") return mark + (": " + world.read(mark));
    return world.broken();
}

}  // namespace

TEST_CASE("a_program_is_started_once_and_heard_to_its_end_wherever_the_host_dies") {
    int moments = 0;
    {
        CrashWorld world;
        prepare(world);
        moments = world.count_moments();
        CHECK(compare(world) == "");
    }
    REQUIRE(moments > 12);
    std::atomic<int> killed = 0;
    const std::string problems = for_each_at_once(moments, [&](int moment) {
        CrashWorld world;
        prepare(world);
        const Executed first = world.start({.number = moment});
        killed += first.killed();
        if (first.killed() && (!world.has_run() || world.row().state != "ended")) {
            const Executed second = world.has_run() ? world.resume() : world.start();
            if (second.code != 0)
                return "moment " + std::to_string(moment) + ": " + second.output + second.errors;
        }
        const std::string problem = compare(world);
        return problem.empty() ? "" : "moment " + std::to_string(moment) + ": " + problem;
    });
    CHECK_MESSAGE(problems == "", problems);
    CHECK(killed > moments * 3 / 4);
}
