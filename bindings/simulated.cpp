// The simulated targets, one a family: what tests and explorations act on in place of providers.
#include "bindings/deploy/deploy.h"
#include "bindings/http/http.h"
#include "bindings/metrics/metrics.h"
#include "bindings/process/process.h"
#include "bindings/secrets/secrets.h"
#include "bindings/table.h"

namespace perilune {

const std::vector<const SimulatedKind*>& all_simulated() {
    static const std::vector<const SimulatedKind*> kinds = {
        &simulated_deploy,  &simulated_http,    &simulated_process,
        &simulated_metrics, &simulated_secrets,
    };
    return kinds;
}

const SimulatedKind* find_simulated(std::string_view family) {
    for (const auto* kind : all_simulated())
        if (kind->family == family) return kind;
    return nullptr;
}

}  // namespace perilune
