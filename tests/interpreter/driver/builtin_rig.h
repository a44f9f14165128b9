// The drivers in Lua that come with the program, as tests find them.
#pragma once

#include <cstdlib>
#include <string>

#include <doctest/doctest.h>

#include "bindings/table.h"
#include "interpreter/driver/lua_drivers.h"

namespace perilune::test {

inline std::string worker_program() {
    const char* folder = std::getenv("PERILUNE_BIN");
    return std::string(folder ? folder : ".") + "/perilune-worker";
}

// A family of the tests' own: one operation of every sort.
inline constexpr Operation thing_operations[] = {
    {.name = "read", .result = "plain", .doc = "Reads.", .everywhere = true},
    {.name = "add",
     .effect = Effect::change,
     .recovery = Recovery::look,
     .undo = "by remove",
     .result = "map",
     .doc = "Adds.",
     .parameters = {{{.name = "name", .doc = "Its name.", .need = Need::optional}}}},
    {.name = "remove",
     .effect = Effect::change,
     .recovery = Recovery::repeat,
     .undo = "no",
     .result = "map",
     .doc = "Removes.",
     .parameters = {{{.name = "name", .doc = "Its name.", .need = Need::optional}}}},
};
inline const Family thing_family = {
    .name = "thing", .doc = "For tests.", .operations = thing_operations, .records = {}};

inline LuaDrivers& lua_drivers() {
    static LuaDrivers drivers([] {
        LuaDriverSetup setup = {.worker_program = worker_program(),
                                .families = all_families(),
                                .rules = all_family_rules()};
        setup.families.push_back(&thing_family);
        return setup;
    }());
    return drivers;
}

// A driver that comes with the program.
inline const DriverKind& builtin_kind(std::string_view family, std::string_view name) {
    const auto found = lua_drivers().find(Library(), family, name);
    REQUIRE_MESSAGE(found.ok(), (found.ok() ? "" : found.error().message));
    REQUIRE(*found != nullptr);
    return **found;
}

}  // namespace perilune::test
