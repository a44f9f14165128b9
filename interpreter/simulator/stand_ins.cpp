#include "interpreter/simulator/stand_ins.h"

#include "interpreter/library/services.h"

namespace perilune {

namespace {

constexpr const char* port = "18600";  // As each drill has one port for all its services.

bool is_or_ends(std::string_view fact, std::string_view word) {
    return fact == word || fact.ends_with("_" + std::string(word));
}

// Each service has an address of its own, as in a drill: `number` counts them.
Value made_up(std::string_view service, std::string_view fact, std::size_t number) {
    const std::string name(service);
    const std::string address = "127.0.9." + std::to_string(number);
    if (is_or_ends(fact, "port")) return Value(port);
    if (is_or_ends(fact, "host") || is_or_ends(fact, "address")) return Value(address);
    if (is_or_ends(fact, "server")) return Value(address + ":" + port);
    if (is_or_ends(fact, "url") || is_or_ends(fact, "endpoint"))
        return Value("http://" + address + ":" + port);
    if (is_or_ends(fact, "zone")) return Value(name + ".simulated.example");
    if (is_or_ends(fact, "folder") || is_or_ends(fact, "state"))
        return Value("/simulated/" + name + "/" + std::string(fact));
    return Value(name + "-" + std::string(fact));
}

}  // namespace

void stand_in_for_services(Environment& environment) {
    const Map& services = environment.services.map();
    const ServiceValue value_of = [&](std::string_view name) -> std::optional<Value> {
        const auto dot = std::min(name.find('.'), name.size());
        const auto service = services.find(std::string(name.substr(0, dot)));
        const auto number = static_cast<std::size_t>(std::distance(services.begin(), service)) + 2;
        return made_up(name.substr(0, dot), name.substr(std::min(dot + 1, name.size())), number);
    };
    for (auto& [name, target] : environment.targets) {
        if (!target.needs_services) continue;
        for (const auto& setting : target.driver->settings) {
            auto filled = fill_services(target.settings, std::span(&setting, 1), value_of);
            if (filled) target.settings = std::move(*filled);
        }
    }
}

}  // namespace perilune
