// The driver `redis`: one Redis server, or what speaks its protocol, such as Valkey.
#include "bindings/cache/cache.h"
#include "bindings/cache/redis_store.h"
#include "interpreter/base/files.h"

namespace perilune {

namespace {

constexpr Setting settings_table[] = {
    {.name = "url",
     .doc = "redis://host:port/database, or rediss:// for TLS.",
     .may_be_secret = true,
     .identity = true},
    {.name = "user", .doc = "For servers with users (ACL).", .need = Need::optional},
    {.name = "password",
     .doc = "What AUTH is given.",
     .need = Need::optional,
     .may_be_secret = true},
    {.name = "sessions",
     .doc = "The pattern of the keys that are sessions, such as \"sess:*\"; for flush_sessions.",
     .need = Need::optional},
    {.name = "certificate_authority",
     .doc = "A PEM file with the authority to trust instead of the system's.",
     .need = Need::optional},
};

constexpr std::string_view operation_names[] = {
    "status", "get", "count", "set", "delete", "delete_matching", "flush_sessions", "promote"};

Result<Driver> make(const Settings& settings, Services& services) {
    const Value& values = settings.values;
    auto store = std::make_shared<RedisStore>(RedisStore{.loop = services.loop,
                                                         .target = settings.target,
                                                         .url = values["url"],
                                                         .user = values["user"].text(),
                                                         .password = values["password"],
                                                         .sessions = values["sessions"].text(),
                                                         .certificate_authority = {}});
    if (values.has("certificate_authority"))
        store->certificate_authority =
            path_below(settings.folder, values["certificate_authority"].text());
    Driver driver;
    driver.state = store;
    add_redis_observes(driver, store);
    add_redis_changes(driver, store);
    return driver;
}

}  // namespace

extern constinit const DriverKind redis_kind = {
    .family = "cache",
    .name = "redis",
    .doc =
        "One Redis server (5 and later), or what speaks its protocol. Keys are deleted a batch "
        "at a time, never by FLUSHDB.",
    .settings = settings_table,
    .operations = operation_names,
    .make = make,
};

}  // namespace perilune
