// The driver `redis`: one Redis server, or what speaks its protocol, such as Valkey.
#include "bindings/cache/cache.h"
#include "bindings/cache/redis_store.h"
#include "interpreter/base/files.h"
#include "interpreter/base/findings.h"

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

// Says of a command whether the user may give it, without giving it (ACL DRYRUN, Redis 7). That it
// may not touch the key that is asked about says nothing of the keys that runs touch.
Status examine_command(RedisSession& session, const std::string& user,
                       const std::vector<std::string>& command, const std::string& operation,
                       Findings& found) {
    std::vector<std::string> words = {"ACL", "DRYRUN", user};
    words.insert(words.end(), command.begin(), command.end());
    const auto told = session.ask(words);
    if (!told) return told.error();
    const bool denied = told->text.find("no permissions to run") != std::string::npos;
    if (denied)
        found.lacks({operation.c_str()},
                    "the user " + user + " may not give the command " + command[0],
                    "Allow it to the user (ACL SETUSER).");
    return Done{};
}

Result<Value> examine(const RedisStore& store, const Call& call) {
    Findings found(call);
    auto session = RedisSession::open(store, call);
    if (!session) return session.error();
    const auto user = session->ask({"ACL", "WHOAMI"});
    Status asked = user ? Status(Done{}) : Status(user.error());
    const std::pair<const char*, std::vector<std::string>> all[] = {
        {"set", {"SET", "perilune", "1"}},
        {"delete", {"DEL", "perilune"}},
        {"delete_matching", {"SCAN", "0"}},
        {"flush_sessions", {"DEL", "perilune"}},
        {"promote", {"REPLICAOF", "NO", "ONE"}}};
    for (const auto& [operation, command] : all)
        if (asked) asked = examine_command(*session, user->text, command, operation, found);
    if (asked)
        found.well("the commands of the user " + user->text + " were asked for");
    else
        found.unchecked("which commands the user may give: " + asked.error().message);
    return found.value();
}

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
    driver.examine = [store = RedisStorePointer(store)](Call& call) {
        return off_loop<Result<Value>>(store->loop,
                                       [store, &call] { return examine(*store, call); });
    };
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
    .doctor_checks =
        "the server, user and password (status); which commands the user may give "
        "(ACL DRYRUN, of Redis 7)",
    .doctor_cannot = "which keys the user may touch",
};

}  // namespace perilune
