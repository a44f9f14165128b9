// Finding families and drivers in whichever table the program has.
#include "bindings/table.h"

namespace perilune {

const Family* find_family(std::string_view name) {
    for (const auto* family : all_families())
        if (family->name == name) return family;
    return nullptr;
}

const DriverKind* find_driver(std::string_view family, std::string_view name) {
    for (const auto* driver : all_drivers())
        if (driver->family == family && driver->name == name) return driver;
    return nullptr;
}

std::vector<std::string> driver_names(std::string_view family) {
    std::vector<std::string> names;
    for (const auto* driver : all_drivers())
        if (driver->family == family) names.emplace_back(driver->name);
    return names;
}

}  // namespace perilune
