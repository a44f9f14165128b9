// The table of bindings of the crash tests' program: some real families and drivers, and the tests'
// own.
#include "bindings/table.h"

#include "bindings/database/database.h"
#include "bindings/deploy/deploy.h"
#include "bindings/dns/dns.h"
#include "bindings/http/http.h"
#include "bindings/notify/notify.h"
#include "bindings/process/process.h"
#include "bindings/storage/storage.h"
#include "tests/crash/counting.h"
#include "tests/crash/twin.h"

namespace perilune {

const std::vector<const Family*>& all_families() {
    static const std::vector<const Family*> families = {
        &storage_family,  &notify_family, &http_family, &process_family,
        &database_family, &deploy_family, &dns_family,  &counting_family,
    };
    return families;
}

const std::vector<const DriverKind*>& all_drivers() {
    static const std::vector<const DriverKind*> drivers = {
        &folder_kind,        &notify_file_kind, &http_kind,     &process_local_kind,
        &database_twin_kind, &deploy_twin_kind, &dns_twin_kind, &counting_kind,
    };
    return drivers;
}

const std::vector<const FamilyRules*>& all_family_rules() {
    static const std::vector<const FamilyRules*> rules = {&dns_rules};
    return rules;
}

}  // namespace perilune
