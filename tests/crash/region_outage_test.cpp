// The design page's runbook, word for word, executed, killed and resumed with drivers that count.
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <doctest/doctest.h>

#include "tests/crash/crash_rig.h"

using namespace perilune;
using namespace perilune::test;

namespace {

constexpr const char* targets = R"(
  database/primary: { driver: twin, folder: ../primary }
  database/standby: { driver: twin, folder: ../standby }
  deploy/web-dr: { driver: twin, folder: ../web }
  dns/site: { driver: twin, folder: ../zone }
  notify/oncall: { driver: file, path: ../notices.jsonl }
)";

std::string design_runbook() {
    const char* source = std::getenv("PERILUNE_SOURCE");
    std::ifstream file(std::string(source ? source : ".") + "/tests/crash/region_outage.lua");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

void set_up(const CrashWorld& world) {
    world.environment(targets);
    world.write("library/runbooks/region-outage.lua", design_runbook());
}

Executed start(const CrashWorld& world, const Moment& moment = {}) {
    return world.perilune(
        "run region-outage --environment here --no-input --json --run-id case "
        "outage_began=2026-01-01T00:00:00Z",
        moment);
}

int lines(const CrashWorld& world, const std::string& path, const std::string& with) {
    int found = 0;
    std::istringstream text(world.read(path));
    for (std::string line; std::getline(text, line);)
        if (line.find(with) != std::string::npos) ++found;
    return found;
}

// Approves, and does by hand what is asked, until the run has ended; at most a few times.
Executed finish(const CrashWorld& world) {
    Executed ended;
    for (int i = 0; i < 6; ++i) {
        if (!world.has_run()) {
            ended = start(world);
        } else if (world.row().state == "ended") {
            return ended;
        } else {
            world.perilune("approve case --no-input --json");
            ended = world.resume();
        }
        if (ended.code == 0) return ended;
    }
    return ended;
}

std::string compare(const CrashWorld& world) {
    std::string problems = world.broken();
    const auto expect = [&](const std::string& path, const std::string& with, int least, int most) {
        const int found = lines(world, path, with);
        if (found < least || found > most)
            problems += path + ": " + with + " " + std::to_string(found) + " times. ";
    };
    expect("primary/acts", "fence", 1, 2);
    expect("standby/acts", "promote", 1, 1);
    expect("web/acts", "scale", 1, 2);
    expect("zone/acts", "upsert", 1, 2);
    expect("notices.jsonl", "Served from the standby region", 1, 1);
    if (world.row().outcome != "done") problems += "It is " + world.row().state + ". ";
    return problems;
}

}  // namespace

TEST_CASE("the_design_pages_runbook_waits_for_its_approval_and_fails_over") {
    CrashWorld world;
    set_up(world);
    Executed ended = start(world);
    CHECK_MESSAGE(ended.code == 3, ended.output, ended.errors);
    CHECK(ended.says("Promote the standby?"));
    CHECK(world.last("question")["args"]["detail"].text() ==
          "At most 60 s of writes are lost; the objective is 900 s.");
    CHECK(lines(world, "standby/acts", "promote") == 0);
    CHECK(world.perilune("approve case --no-input --json").code == 0);
    ended = world.resume();
    CHECK_MESSAGE(ended.code == 0, ended.output, ended.errors);
    CHECK(compare(world) == "");
    CHECK(world.count("intent") == 6);
}

TEST_CASE("where_the_primary_cannot_be_fenced_a_person_does_it_by_hand") {
    CrashWorld world;
    set_up(world);
    world.write("primary/fault.fence", "fail");
    CHECK(start(world).code == 3);
    world.perilune("approve case --no-input --json");
    Executed ended = world.resume();
    CHECK_MESSAGE(ended.code == 3, ended.output, ended.errors);
    CHECK(ended.says("Fence the old primary by hand"));
    CHECK(ended.says("database/primary could not be reached."));
    CHECK(lines(world, "standby/acts", "promote") == 0);
    const auto question = world.last("question");
    const std::string name =
        question["strand"].text() + "#" + std::to_string(question["n"].integer());
    CHECK(world.perilune("answer case " + name + " unplugged --no-input --json").code == 0);
    ended = world.resume();
    CHECK_MESSAGE(ended.code == 0, ended.output, ended.errors);
    CHECK(lines(world, "standby/acts", "promote") == 1);
}

TEST_CASE("the_design_pages_runbook_killed_at_any_moment_fails_over_once") {
    const std::string problems = for_each_at_once(24, [](int number) -> std::string {
        CrashWorld world;
        set_up(world);
        const Executed first = start(world, {.number = 3 * number});
        if (!first.killed() && first.code != 3) return first.output + first.errors;
        const Executed ended = finish(world);
        if (ended.code != 0) return std::to_string(ended.code) + ended.output + ended.errors;
        return compare(world);
    });
    CHECK_MESSAGE(problems == "", problems);
}
