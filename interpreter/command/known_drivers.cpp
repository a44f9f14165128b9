#include "interpreter/command/known_drivers.h"

#include <array>
#include <filesystem>

#include <unistd.h>

#include "bindings/table.h"
#include "interpreter/base/http_client.h"
#include "interpreter/base/loop.h"
#include "interpreter/command/secret_fetch.h"
#include "interpreter/driver/lua_drivers.h"

namespace perilune {

namespace {

// Lives as long as the program: environments refer to what it has read.
LuaDrivers& lua_drivers(const std::string& worker_program) {
    static LuaDrivers drivers({.worker_program = worker_program,
                               .families = all_families(),
                               .rules = all_family_rules()});
    return drivers;
}

// Lent to drivers that are made for their complaints alone: nothing is ever asked of them.
class NoHttp : public HttpClient {
    Awaitable<Result<HttpAnswer>> send(HttpRequest, std::shared_ptr<Cancel>) override {
        co_return fail("no_http", "A driver on trial may ask nothing.");
    }
};

// Making a driver reads its settings and does nothing else, so that one can be made to see whether
// they are right. One in Lua would start a worker: its table of settings has to say all.
Status try_settings(const DriverKind& kind, const Settings& settings) {
    if (kind.script || !kind.make) return Done{};
    static const std::unique_ptr<Loop> loop = Loop::make();
    static NoHttp http;
    Services services = {.loop = *loop, .http = &http, .state_folder = "/"};
    services.program_folder = "/";
    services.open_secret = [](const Value&) {
        return fail("no_secrets", "A driver on trial is given no secrets.");
    };
    services.keep_secret = [](const std::string& name, const std::string&) {
        return make_secret(name);
    };
    services.print = [](const std::string&) {};
    services.driver_of = [](const std::string&) -> Driver* { return nullptr; };
    const auto made = kind.make(settings, services);
    if (!made) return made.error();
    return Done{};
}

std::string program_folder() {
    std::array<char, 4096> path{};
    const auto size = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
    if (size <= 0) return ".";
    return std::filesystem::path(std::string(path.data(), static_cast<std::size_t>(size)))
        .parent_path()
        .string();
}

}  // namespace

std::string helper_program(const std::string& name) {
    const std::string beside = program_folder() + "/" + name;
    if (::access(beside.c_str(), X_OK) == 0) return beside;
    return program_folder() + "/../libexec/perilune/" + name;
}

KnownDrivers known_drivers(const std::string& worker_program) {
    KnownDrivers known;
    known.find = find_driver;
    known.names = driver_names;
    known.find_script = [worker_program](const Library& library, std::string_view family,
                                         std::string_view name) {
        return lua_drivers(worker_program).find(library, family, name);
    };
    known.script_names = [worker_program](const Library& library, std::string_view family) {
        return lua_drivers(worker_program).names(library, family);
    };
    known.try_settings = try_settings;
    known.find_secrets = find_secret_provider;
    return known;
}

std::vector<const DriverKind*> shipped_drivers() {
    std::vector<const DriverKind*> shipped = all_drivers();
    LuaDrivers& drivers = lua_drivers(helper_program("perilune-worker"));
    for (const auto* family : all_families())
        for (const auto& name : drivers.names(Library(), family->name))
            if (const auto kind = drivers.find(Library(), family->name, name); kind && *kind)
                shipped.push_back(*kind);
    return shipped;
}

}  // namespace perilune
