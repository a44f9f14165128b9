#include "interpreter/run/drivers.h"

#include <algorithm>

#include "interpreter/base/suggest.h"

namespace perilune {

Drivers::Drivers(const Environment& environment, Services services, MakeDriver make)
    : environment_(environment), services_(std::move(services)), make_(std::move(make)) {
    services_.driver_of = [this](const std::string& target) -> Driver* {
        auto found = of(target);
        return found ? *found : nullptr;
    };
}

Result<Driver*> Drivers::of(const std::string& target) {
    if (const auto found = made_.find(target); found != made_.end()) return found->second.get();
    const auto settings = environment_.targets.find(target);
    if (settings == environment_.targets.end()) {
        std::vector<std::string> names;
        for (const auto& [name, known] : environment_.targets) names.push_back(name);
        return fail("no_such_target", "The environment " + environment_.name + " has no target " +
                                          target + "." + did_you_mean(target, names));
    }
    const TargetSettings& known = settings->second;
    auto made =
        make_ ? make_(known, services_) : make_driver(*known.driver, known.settings, services_);
    if (!made) {
        Error error = made.error();
        error.message = target + ": " + error.message;
        return error;
    }
    auto& kept = made_[target] = std::make_unique<Driver>(std::move(*made));
    return kept.get();
}

const DriverKind* Drivers::kind_of(const std::string& target) const {
    const auto found = environment_.targets.find(target);
    return found == environment_.targets.end() ? nullptr : found->second.driver;
}

std::string Drivers::lacks(const std::string& target, const std::string& operation) const {
    const DriverKind* kind = kind_of(target);
    if (!kind) return "The environment " + environment_.name + " has no target " + target + ".";
    const auto& has = kind->operations;
    if (std::find(has.begin(), has.end(), operation) != has.end()) return {};
    std::string all;
    for (const auto name : has) all += (all.empty() ? "" : ", ") + std::string(name);
    return target + " is served by the driver " + std::string(kind->name) +
           " here, which has no operation " + operation + ". It has: " + all + ".";
}

}  // namespace perilune
