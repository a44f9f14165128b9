#include "interpreter/drill/service_layout.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "interpreter/base/child.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"
#include "interpreter/base/suggest.h"
#include "interpreter/library/services.h"

namespace perilune {

namespace {

namespace fs = std::filesystem;

constexpr double facts_within_s = 20;
constexpr int port_tries = 50;

// A port that nothing on this machine listens on, whatever the address.
Result<int> free_port() {
    for (int i = 0; i < port_tries; ++i) {
        const int stream = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int datagram = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        sockaddr_in any{};
        any.sin_family = AF_INET;
        socklen_t size = sizeof any;
        auto* address = reinterpret_cast<sockaddr*>(&any);
        const bool free = ::bind(stream, address, size) == 0 &&
                          ::getsockname(stream, address, &size) == 0 &&
                          ::bind(datagram, address, size) == 0;
        ::close(stream);
        ::close(datagram);
        if (free) return static_cast<int>(ntohs(any.sin_port));
    }
    return fail("no_port", "No port of this machine is free for the drill's services.");
}

std::string program_of(const Library& library, const std::string& kind) {
    std::vector<std::string> folders = {library.folder};
    for (const auto& dependency : library.dependencies) folders.push_back(dependency.folder);
    for (const auto& folder : folders) {
        const fs::path path = fs::path(folder) / "services" / kind;
        std::error_code code;
        if (fs::is_regular_file(path, code) && ::access(path.c_str(), X_OK) == 0)
            return path.string();
    }
    return {};
}

void add_named(const Value& value, const Map& services, std::set<std::string>& named) {
    if (value.is_text() && services.contains(value.text())) named.insert(value.text());
    for (const auto& inner : value.list()) add_named(inner, services, named);
    for (const auto& [key, inner] : value.map()) add_named(inner, services, named);
}

Value program_setting(const std::string& path, const Value& variables, const char* verb) {
    const bool observes = std::string_view(verb) == "ready";
    Value program;
    program.set("path", path).set("effect", observes ? "observe" : "change");
    if (observes) program.set("expect_exit", List{1});  // Not yet.
    return program.set("arguments", List{verb}).set("environment", variables);
}

struct Layout {
    const Library& library;
    const std::string& folder;
    std::string network;  // "127.81.23."
    int port = 0;
    Value facts = Value(Map{});
    Value public_facts = Value(Map{});
    Value secrets = Value(Map{});
    Value secret_names = Value(Map{});
    Value programs = Value(Map{});

    Status add(const std::string& name, const Value& settings, std::size_t number) {
        const std::string kind = settings["kind"].text();
        const std::string program = program_of(library, kind);
        if (program.empty())
            return fail("bad_services", "The service " + name + " is of the kind " +
                                            in_quotes(kind) + ", but neither this library nor " +
                                            "one it depends on has a program services/" + kind +
                                            ".");
        const std::string own = folder + "/" + name;
        std::error_code code;
        fs::create_directories(own, code);
        if (code) return fail("bad_folder", own + " cannot be made: " + code.message() + ".");
        const std::string address = network + std::to_string(number);
        Value variables;
        variables.set("SERVICE_NAME", name).set("SERVICE_ADDRESS", address);
        variables.set("SERVICE_PORT", std::to_string(port)).set("SERVICE_FOLDER", own);
        variables.set("SERVICE_LIBRARY", library.folder);
        variables.set("SERVICE_SETTINGS", to_json(settings)).set("SERVICE_FACTS", facts_file());
        variables.set("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        // Where doubles find the providers' documents, and a Python with moto.
        for (const auto* inherited : {"PERILUNE_SPECS", "PERILUNE_PYTHON"})
            if (const char* text = std::getenv(inherited)) variables.set(inherited, text);
        if (const auto kept = keep(facts_file(), facts); !kept) return kept;
        auto told = ask_facts(name, program, variables);
        if (!told) return told.error();
        told->set("address", address).set("port", std::to_string(port)).set("folder", own);
        facts.set(name, *told);
        Value shown = *told;
        List hidden;
        for (const auto& fact : (*told)["secrets"].list()) {
            secrets.set(name + "." + fact.text(), (*told)[fact.text()]);
            shown.set(fact.text(), {});
            hidden.push_back(fact);
        }
        public_facts.set(name, shown.set("secrets", {}));
        secret_names.set(name, hidden);
        programs.set(name, program_setting(program, variables, "run"));
        programs.set(name + "-ready", program_setting(program, variables, "ready"));
        programs.set(name + "-clean", program_setting(program, variables, "clean"));
        return Done{};
    }

    std::string facts_file() const { return folder + "/facts.json"; }

    std::string secrets_file() const { return folder + "/secrets.json"; }

    Status keep(const std::string& path, const Value& value) const {
        std::error_code code;
        std::ofstream file(path);
        fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, code);
        file << to_json(value);
        file.close();
        if (!file || code) return fail("bad_folder", path + " cannot be written.");
        return Done{};
    }

    static Result<Value> ask_facts(const std::string& name, const std::string& path,
                                   const Value& variables) {
        const auto loop = Loop::make();
        Program program;
        program.argv = {path, "facts"};
        for (const auto& [variable, value] : variables.map())
            program.environment.push_back(variable + "=" + value.text());
        program.environment.push_back("LANG=C.UTF-8");
        Ended ended;
        loop->post([&] {
            start_task(run_program(*loop, program, std::make_shared<Cancel>(),
                                   boot_now_s() + facts_within_s),
                       [&](Ended how) {
                           ended = std::move(how);
                           loop->stop();
                       });
        });
        loop->run();
        if (!ended.started || ended.exit_code != 0)
            return fail("bad_services", "The service " + name + " does not say its facts (" + path +
                                            " facts): " + ended.error + ended.errors);
        auto facts = from_json(ended.output);
        if (!facts || !facts->is_map())
            return fail("bad_services", path + " facts must print a JSON map, but it printed: " +
                                            ended.output.substr(0, 200));
        return facts;
    }
};

}  // namespace

Result<std::vector<std::string>> service_order(const Value& services) {
    std::vector<std::string> order;
    std::map<std::string, std::set<std::string>> needs;
    for (const auto& [name, settings] : services.map()) {
        add_named(settings, services.map(), needs[name]);
        needs[name].erase(name);
    }
    while (order.size() < needs.size()) {
        const std::size_t before = order.size();
        for (const auto& [name, needed] : needs) {
            const auto placed = [&](const std::string& one) {
                return std::find(order.begin(), order.end(), one) != order.end();
            };
            if (!placed(name) && std::all_of(needed.begin(), needed.end(), placed))
                order.push_back(name);
        }
        if (order.size() == before)
            return fail("bad_services",
                        "The services of this environment need each other in a circle, so none "
                        "of them can be started first.");
    }
    return order;
}

Result<ServiceLayout> lay_out_services(const Library& library, const Environment& environment,
                                       const std::string& folder) {
    const auto order = service_order(environment.services);
    if (!order) return order.error();
    auto port = free_port();
    if (!port) return port.error();
    const std::string chance = random_bytes(2);
    const auto part = [&](std::size_t at) {
        return std::to_string(1 + static_cast<unsigned char>(chance[at]) % 254);
    };
    Layout layout = {.library = library,
                     .folder = folder,
                     .network = "127." + part(0) + "." + part(1) + ".",
                     .port = *port};
    for (auto* facts : {&layout.facts, &layout.public_facts})
        facts->set("drill", Value().set("folder", folder).set("port", std::to_string(*port)));
    List names;
    for (std::size_t i = 0; i < order->size(); ++i) {
        const std::string& name = (*order)[i];
        const auto added = layout.add(name, environment.services[name], i + 1);
        if (!added) return added.error();
        names.emplace_back(name);
    }
    for (const auto& [path, value] : {std::pair(layout.facts_file(), layout.facts),
                                      std::pair(layout.secrets_file(), layout.secrets)})
        if (const auto kept = layout.keep(path, value); !kept) return kept.error();
    Value signal;
    signal.set("path", "/bin/kill").set("effect", "change").set("arguments", "any");
    layout.programs.set("signal", signal);
    ServiceLayout made;
    made.port = *port;
    made.services.set("facts", layout.public_facts).set("secrets", layout.secret_names);
    made.services.set("secrets_file", layout.secrets_file());
    made.services.set("order", names).set("programs", layout.programs);
    made.services.set("targets", Value(services_behind(environment)));
    return made;
}

}  // namespace perilune
