// Settings of drivers in Lua as environments name them: what is wrong is told with file and line.
#include <doctest/doctest.h>

#include "tests/interpreter/driver/builtin_rig.h"
#include "tests/interpreter/library/temporary_library.h"

namespace perilune::test {

namespace {

std::string told_of(const std::string& targets) {
    const TemporaryLibrary folder;
    folder.write("environments/production.yaml", "kind: production\ntargets:\n" + targets);
    const auto library = open_library(folder.path());
    REQUIRE(library.ok());
    const auto find = [](const Library& of, std::string_view family, std::string_view name) {
        return lua_drivers().find(of, family, name);
    };
    const auto nothing = [](std::string_view, std::string_view) -> const DriverKind* {
        return nullptr;
    };
    return refusal(
        load_environment(*library, "production", {.find = nothing, .find_script = find}));
}

}  // namespace

TEST_CASE("wrong_settings_of_drivers_in_lua_are_refused_with_file_and_line") {
    const std::string file = "environments/production.yaml:3:";
    CHECK(told_of("  metrics/jobs: { driver: betterstack, token: t, watches: heartbeats }\n") ==
          "accepted");
    const std::string watches =
        told_of("  metrics/jobs: { driver: betterstack, token: t, watches: heartbeat }\n");
    CHECK(holds(watches, file));
    CHECK(holds(watches, "Did you mean \"heartbeats\"?"));
    const std::string slot =
        told_of("  deploy/web: { driver: vercel, token: t, project: p, slot: production }\n");
    CHECK(holds(slot, file));
    CHECK(holds(slot, "slot of deploy/web must be \"preview\""));
    const std::string resources =
        told_of("  notify/page: { driver: betterstack_page, token: t, page: p }\n");
    CHECK(holds(resources, file));
    CHECK(holds(resources, "resources"));
    const std::string disposable = told_of(
        "  database/copy: { driver: neon, token: t, project: p, branch: b, disposable: often }\n");
    CHECK(holds(disposable, file));
    CHECK(holds(disposable, "disposable of database/copy must be"));
    const std::string name =
        told_of("  database/copy: { driver: neon, token: t, project: p, name: b }\n");
    CHECK(holds(name, file));
    CHECK(holds(name, "branch"));
}

}  // namespace perilune::test
