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

const std::vector<const Family*>& all_families() {
    static const std::vector<const Family*> families = {
        &deploy_family,  &dns_family,      &database_family, &storage_family,
        &notify_family,  &http_family,     &process_family,  &cache_family,
        &metrics_family, &schedule_family, &secrets_family,
    };
    return families;
}

const std::vector<const DriverKind*>& all_drivers() {
    static const std::vector<const DriverKind*> drivers = {
        &deploy_local_kind,    &deploy_ssh_kind,  &zone_file_kind,
        &rfc2136_kind,         &sqlite_kind,      &folder_kind,
        &notify_console_kind,  &notify_file_kind, &notify_webhook_kind,
        &notify_smtp_kind,     &http_kind,        &process_local_kind,
        &process_ssh_kind,     &http_json_kind,   &crontab_kind,
        &secrets_file_kind,    &redis_kind,       &secrets_environment_kind,
        &secrets_command_kind, &postgres_kind,    &s3_kind,
    };
    return drivers;
}

const std::vector<const FamilyRules*>& all_family_rules() {
    static const std::vector<const FamilyRules*> rules = {&dns_rules, &secrets_rules};
    return rules;
}

}  // namespace perilune
