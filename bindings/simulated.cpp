// The simulated targets, one a family: what tests and explorations act on in place of providers.
#include "bindings/database/database.h"
#include "bindings/storage/storage.h"
#include "bindings/table.h"

namespace perilune {

const std::vector<const SimulatedKind*>& all_simulated() {
    static const std::vector<const SimulatedKind*> kinds = {&simulated_database,
                                                            &simulated_storage};
    return kinds;
}

const SimulatedKind* find_simulated(std::string_view family) {
    for (const auto* kind : all_simulated())
        if (kind->family == family) return kind;
    return nullptr;
}

}  // namespace perilune
