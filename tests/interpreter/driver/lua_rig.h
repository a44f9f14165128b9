// A Lua driver under test: its text, a worker for it, and a server that it talks to.
#pragma once

#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "tests/interpreter/driver/builtin_rig.h"
#include "tests/support/driver_rig.h"
#include "tests/support/http_server.h"

namespace perilune::test {

inline Result<const DriverKind*> kind_of_text(const std::string& text) {
    Library library;
    library.texts = std::make_shared<Texts>(Texts{{"drivers/thing/own.lua", text}});
    return lua_drivers().find(library, "thing", "own");
}

// The text of a driver of the family thing; `operations` is the inside of their table.
inline std::string own_driver(const std::string& operations, const std::string& before = "") {
    return before +
           "\nlocal function nothing() return {} end\n"
           "return { family = \"thing\", name = \"own\", doc = \"For tests.\",\n"
           "  hosts = { \"{url}\" },\n"
           "  settings = {\n"
           "    { name = \"url\", doc = \"Where.\", secret = true },\n"
           "    { name = \"token\", doc = \"Opens it.\", secret = true, optional = true },\n"
           "  },\n"
           "  operations = {\n" +
           operations + "\n  } }\n";
}

inline const std::string reads_nothing = "read = { observe = nothing },\n";

// One target of a driver with these operations, and the server that it is told of.
struct Thing {
    explicit Thing(const std::string& operations, Value settings = Value(Map{})) {
        const auto kind = kind_of_text(own_driver(operations));
        REQUIRE_MESSAGE(kind.ok(), (kind.ok() ? "" : kind.error().message));
        rig = std::make_unique<DriverRig>(thing_family, **kind, "thing/one");
        if (!settings.has("url")) settings.set("url", server.url());
        const auto made = rig->make(settings);
        REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message));
    }
    HttpServer server;
    std::unique_ptr<DriverRig> rig;
};

}  // namespace perilune::test
