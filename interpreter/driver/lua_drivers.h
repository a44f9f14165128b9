// The Lua drivers that there are: those that come with the program, and a library's own.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "interpreter/driver/lua_driver.h"
#include "interpreter/library/library.h"

namespace perilune {

// The files of stdlib/drivers, built into the program: "drivers/dns/cloudflare.lua" to its text.
const Texts& builtin_driver_texts();

// Keeps what it has read: a DriverKind lives as long as this does.
class LuaDrivers {
public:
    explicit LuaDrivers(LuaDriverSetup setup) : setup_(std::move(setup)) {}
    LuaDrivers(const LuaDrivers&) = delete;
    LuaDrivers& operator=(const LuaDrivers&) = delete;

    // The driver, null where there is none of this name, or what is wrong with its file. What the
    // library has (on the disk, or in the bundle of a run) stands before what is built in.
    Result<const DriverKind*> find(const Library& library, std::string_view family,
                                   std::string_view name);
    std::vector<std::string> names(const Library& library, std::string_view family) const;

private:
    LuaDriverSetup setup_;
    std::map<std::string, std::unique_ptr<LuaDriverKind>> read_;  // By path and text.
};

}  // namespace perilune
