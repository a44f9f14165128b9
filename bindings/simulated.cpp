// The simulated targets, one a family: what tests and explorations act on in place of providers.
#include "bindings/table.h"

#include "bindings/cache/cache.h"
#include "bindings/database/database.h"
#include "bindings/deploy/deploy.h"
#include "bindings/dns/dns.h"
#include "bindings/http/http.h"
#include "bindings/metrics/metrics.h"
#include "bindings/notify/notify.h"
#include "bindings/process/process.h"
#include "bindings/schedule/schedule.h"
#include "bindings/secrets/secrets.h"
#include "bindings/storage/storage.h"

namespace perilune {

const std::vector<const SimulatedKind*>& all_simulated() {
    static const std::vector<const SimulatedKind*> kinds = {
        &simulated_cache,
        &simulated_database,
        &simulated_deploy,
        &simulated_dns,
        &simulated_http,
        &simulated_metrics,
        &simulated_notify,
        &simulated_process,
        &simulated_schedule,
        &simulated_secrets,
        &simulated_storage,
    };
    return kinds;
}

const SimulatedKind* find_simulated(std::string_view family) {
    for (const auto* kind : all_simulated())
        if (kind->family == family) return kind;
    return nullptr;
}

}  // namespace perilune
