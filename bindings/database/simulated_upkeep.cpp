// Keeping a server in memory in shape: indexes, sessions, and what its provider sets.
#include "bindings/database/simulated_handlers.h"
#include "bindings/database/sqlite_markers.h"
#include "bindings/database/sqlite_transaction.h"
#include "interpreter/base/loop.h"

namespace perilune {

namespace {

Result<bool> has_index(SqliteConnection& connection, const std::string& name) {
    const auto count = connection.first(
        "select count(*) from sqlite_schema where type = 'index' and name = ?", List{name});
    if (!count) return count.error();
    return count->number() > 0;
}

Result<Before> before_index(Work& work) {
    auto opened = work.open(Access::read);
    if (!opened) return opened.error();
    const std::string name = work.argument("name").text();
    const auto there = has_index(**opened, name);
    if (!there) return there.error();
    Before before;
    before.sign = '+';
    before.already_so = *there;
    if (*there) before.result.set("name", name).set("size_bytes", 0).set("changed", false);
    return before;
}

Outcome act_index(Work& work) {
    auto opened = work.open(Access::write);
    if (!opened) return Outcome::failed(opened.error());
    Transaction transaction(**opened);
    if (const auto begun = transaction.begin(); !begun) return Outcome::failed(begun.error());
    const auto marked = read_marker(**opened, work.call.key);
    if (!marked) return Outcome::failed(marked.error());
    if (*marked) return Outcome::done(**marked);
    const double pages_before = (*opened)->first("pragma page_count")->number();
    const auto made = execute_guarded(**opened, work.argument("sql").text(), Value());
    if (!made) return Outcome::failed(made.error());
    const std::string name = work.argument("name").text();
    const auto there = has_index(**opened, name);
    if (!there || !*there)
        return Outcome::failed(fail("bad_argument",
                                    "The statement of database:create_index does "
                                    "not create an index \"" +
                                        name + "\". Nothing was changed."));
    const double pages = (*opened)->first("pragma page_count")->number() - pages_before;
    const auto page_size = (*opened)->first("pragma page_size");
    Value result;
    result.set("name", name).set("size_bytes", pages * page_size->number()).set("changed", true);
    const auto written = write_marker(**opened, work.call.key, result);
    if (!written) return Outcome::failed(written.error());
    if (const auto committed = transaction.commit(); !committed)
        return settle_commit(**opened, work.call.key, committed.error());
    return Outcome::done(std::move(result));
}

bool is_meant(const ServerSession& session, const Value& arguments, const char* state,
              const char* since) {
    const std::string& user = arguments["user"].text();
    if (!user.empty() && session.user != user) return false;
    if (!arguments.has(since)) return true;
    return session.state == state && wall_now_s() - session.since_at_s >= arguments[since].number();
}

Result<Value> list_sessions(Work& work, const SimulatedServer& server) {
    if (const auto refused = server.refusal()) return *refused;
    List listed;
    for (const auto& session : server.sessions) {
        if (!is_meant(session, work.call.arguments, "active", "active_for")) continue;
        Value shown;
        shown.set("id", session.id).set("user", session.user).set("client", session.client);
        shown.set("state", session.state).set("since_at", session.since_at_s);
        listed.push_back(shown.set("sql", session.sql));
    }
    return Value(std::move(listed));
}

double count_meant(const Work& work, const SimulatedServer& server) {
    double count = 0;
    for (const auto& session : server.sessions)
        count += is_meant(session, work.call.arguments, "idle", "idle_for");
    return count;
}

Result<Before> before_end(Work& work, const SimulatedServer& server) {
    Before before;
    before.state.set("sessions", count_meant(work, server));
    before.already_so = before.state["sessions"].number() == 0;
    before.result.set("sessions", 0).set("changed", false);
    before.sign = '-';
    return before;
}

Outcome act_end(Work& work, SimulatedServer& server) {
    const auto ended = std::erase_if(server.sessions, [&](const ServerSession& session) {
        return is_meant(session, work.call.arguments, "idle", "idle_for");
    });
    return Outcome::done(Value().set("sessions", static_cast<double>(ended)).set("changed", true),
                         Value().set("sessions", 0));
}

// A setting of the server: how it is, how a call wants it, and how it is made so.
struct ServerSetting {
    std::function<Value(const SimulatedServer&)> get;
    std::function<Value(const SimulatedServer&, const Value& arguments)> wanted;
    std::function<void(SimulatedServer&, const Value& wanted)> set;
};

Handler set_handler(const HostPointer& host, const ServerSetting& setting) {
    const auto server = host->server;
    const auto shown = [](const Value& from, const Value& to) {
        return Value().set("before", from).set("after", to).set("changed", !(from == to));
    };
    return change_sqlite(
        host->target,
        [=](Work& work) -> Result<Before> {
            const Value wanted = setting.wanted(*server, work.call.arguments);
            Before before;
            before.state = setting.get(*server);
            before.already_so = before.state == wanted;
            if (before.already_so) before.result = shown(wanted, wanted);
            return before;
        },
        [=](Work& work, const Value& before) {
            const Value wanted = setting.wanted(*server, work.call.arguments);
            setting.set(*server, wanted);
            return Outcome::done(shown(before, wanted), wanted);
        });
}

Handler pool_handler(const HostPointer& host) {
    ServerSetting pool;
    pool.get = [](const SimulatedServer& server) { return Value(server.pool); };
    pool.wanted = [](const SimulatedServer&, const Value& given) { return given["connections"]; };
    pool.set = [](SimulatedServer& server, const Value& to) { server.pool = to.number(); };
    Handler made = set_handler(host, pool);
    made.restore = [](const Call&, const Value& before, const Value&) {
        return std::optional<Restore>(
            Restore{"set_pool", Value().set("connections", before.number())});
    };
    return made;
}

Handler resize_handler(const HostPointer& host) {
    ServerSetting size;
    size.get = [](const SimulatedServer& server) { return server.size; };
    size.wanted = [](const SimulatedServer& server, const Value& given) {
        Value wanted = server.size;
        if (given.has("class")) wanted.set("class", given["class"]);
        if (given.has("storage")) wanted.set("storage_bytes", given["storage"]);
        return wanted;
    };
    size.set = [](SimulatedServer& server, const Value& to) { server.size = to; };
    return set_handler(host, size);
}

Handler password_handler(const HostPointer& host) {
    const auto server = host->server;
    return change_sqlite(
        host->target,
        [](Work& work) -> Result<Before> {
            Before before;
            before.plan = work.argument("user").text();
            return before;
        },
        [server](Work& work, const Value&) {
            const std::string user = work.argument("user").text();
            server->passwords.set(user, work.argument("password"));
            return Outcome::done(Value().set("user", user).set("changed", true));
        });
}

}  // namespace

void add_simulated_upkeep(Operations& operations, const HostPointer& host) {
    const auto server = host->server;
    Handler index = change_sqlite(
        host->target, before_index, [](Work& work, const Value&) { return act_index(work); },
        look_for_marker);
    index.restore = [](const Call& call, const Value&, const Value&) {
        const std::string sql = "drop index " + quote_name(call.arguments["name"].text());
        return std::optional<Restore>(Restore{"execute", Value().set("sql", sql)});
    };
    operations["create_index"] = std::move(index);
    operations["sessions"] =
        observe_sqlite(host->target, [server](Work& work) { return list_sessions(work, *server); });
    operations["end_sessions"] = change_sqlite(
        host->target, [server](Work& work) { return before_end(work, *server); },
        [server](Work& work, const Value&) { return act_end(work, *server); });
    operations["set_pool"] = pool_handler(host);
    operations["resize"] = resize_handler(host);
    operations["set_password"] = password_handler(host);
}

}  // namespace perilune
