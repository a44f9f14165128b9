// What the redis driver reads.
#include "bindings/cache/redis_store.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

// Reading changes nothing, so what was lost may be asked for again.
Error safely(Error error) {
    if (error.retry == Retry::unknown) error.retry = Retry::safe;
    return error;
}

Result<Value> fill_status(RedisSession& session, double began_s) {
    const auto pong = session.ask({"PING"});
    if (!pong) return pong.error();
    Value status;
    status.set("reachable", true).set("latency_s", boot_now_s() - began_s);
    const auto role = session.info("replication", "role");
    if (!role) return role.error();
    status.set("role", *role == "master" ? "primary" : "replica");
    const auto keys = session.ask({"DBSIZE"});
    if (!keys) return keys.error();
    status.set("keys", keys->number);
    const auto used = session.info("memory", "used_memory");
    if (used && !used->empty()) status.set("memory_bytes", amount_in(*used));
    const auto most = session.info("memory", "maxmemory");
    if (most && !most->empty() && *most != "0") status.set("memory_max_bytes", amount_in(*most));
    return status;
}

// A store that cannot be reached is an answer; one that refuses us is a failure.
Result<Value> status(const RedisStore& store, Call& call) {
    const double began_s = boot_now_s();
    auto session = RedisSession::open(store, call);
    Result<Value> read = session ? fill_status(*session, began_s) : Result<Value>(session.error());
    if (read || read.error().retry == Retry::never) return read;
    return Value().set("reachable", false);
}

Result<Value> get(const RedisStore& store, Call& call) {
    auto session = RedisSession::open(store, call);
    if (!session) return safely(session.error());
    const std::string& key = call.arguments["key"].text();
    const auto value = session->ask({"GET", key});
    if (!value) return safely(value.error());
    if (value->kind == RespReply::Kind::nothing) return Value();
    const auto left = session->ask({"PTTL", key});
    if (!left) return safely(left.error());
    Value entry;
    entry.set("value", value->text);
    if (left->number >= 0) entry.set("ttl_s", static_cast<double>(left->number) / 1000);
    return entry;
}

Result<Value> count(const RedisStore& store, Call& call) {
    auto session = RedisSession::open(store, call);
    if (!session) return safely(session.error());
    const auto keys = matching_keys(*session, call.arguments["pattern"].text(), call);
    if (!keys) return safely(keys.error());
    return Value(static_cast<double>(keys->size()));
}

}  // namespace

void add_redis_observes(Driver& driver, const RedisStorePointer& store) {
    using Observe = Result<Value> (*)(const RedisStore&, Call&);
    const std::pair<const char*, Observe> all[] = {
        {"status", status}, {"get", get}, {"count", count}};
    for (const auto& [name, observe] : all)
        driver.operations[name] = observe_blocking(
            store->loop, [store, observe](Call& call) { return observe(*store, call); });
}

}  // namespace perilune
