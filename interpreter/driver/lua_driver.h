// A driver in Lua as the host uses it: what its file declares, and its functions as handlers.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "interpreter/base/remote.h"

namespace perilune {

// Owns all that a DriverKind only refers to.
struct LuaDriverKind {
    DriverScript script;
    std::deque<std::string> texts;
    std::vector<Setting> settings;
    std::vector<std::string_view> operations;
    Value declared;
    DriverKind kind;
};

// What drivers are checked against and made with.
struct LuaDriverSetup {
    std::string worker_program;
    std::vector<const Family*> families;
    std::vector<const FamilyRules*> rules;
    // What a file declares, of one who knows it already; empty: a worker is asked.
    std::function<Result<Value>(const DriverScript& script)> describe = {};

    const FamilyRules* rules_of(std::string_view family) const;
};

// Loads the file in a worker and checks what it declares against its family's table. Every problem
// is named, with the file. `setup` outlives what is made.
Result<std::unique_ptr<LuaDriverKind>> read_lua_driver(const LuaDriverSetup& setup,
                                                       const std::string& path,
                                                       const std::string& text);

// Makes the driver of one target. `kind` outlives it.
Result<Driver> make_lua_driver(const LuaDriverSetup& setup, const LuaDriverKind& kind,
                               const Family& family, const Settings& settings, Services& services);

}  // namespace perilune
