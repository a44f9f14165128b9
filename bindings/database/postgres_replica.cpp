// Replicas of a PostgreSQL server: lag, wait_caught_up and promote.
#include "bindings/database/postgres_replica.h"

#include <algorithm>

#include "bindings/database/postgres_fencing.h"
#include "interpreter/base/pause.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr double poll_s = 0.25;
constexpr double promotes_within_s = 2;  // For a look: once asked, a server is soon at it.

// What the primary says it has written counts, too, and not only what has come. Who may not read
// the statistics of others sees that a receiver is there, and nothing of it.
constexpr const char* lag_sql = R"(
select pg_is_in_recovery(),
       greatest(0, pg_wal_lsn_diff(
           greatest(r.latest_end_lsn, pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()),
           pg_last_wal_replay_lsn())),
       extract(epoch from pg_last_xact_replay_timestamp()),
       r.pid is not null and coalesce(r.status, 'streaming') = 'streaming',
       case when pg_has_role('pg_read_all_settings', 'usage')
            then current_setting('primary_conninfo') end
from (values (1)) one left join pg_stat_wal_receiver r on true)";

// Where a replica is told to find its primary, also when that is gone. What it logs in with stands
// beside it and is left out.
std::string primary_of(const std::string& connection_string) {
    const auto parameters = parse_connection_string(connection_string);
    if (!parameters) return {};
    const PostgresAddress address{.target = {}, .parameters = *parameters};
    const std::string& port = address.parameter("port");
    return address.parameter("host") + (port.empty() ? "" : ":" + port);
}

}  // namespace

Awaitable<Result<Replica>> read_replica(PostgresConnection& connection) {
    const auto begun = co_await begin(connection, PostgresAccess::read);
    if (!begun) co_return begun.error();
    const auto read = co_await connection.query(lag_sql);
    if (!read) co_return read.error();
    const auto ended = co_await connection.commit();
    if (!ended) co_return ended.error();
    const PostgresRow& row = read->rows.at(0);
    Replica replica;
    replica.in_recovery = *row[0] == "t";
    if (!replica.in_recovery) co_return replica;
    const double behind = std::stod(row[1].value_or("0"));
    replica.lag.set("behind_bytes", behind).set("idle", behind <= 0);
    replica.lag.set("connected", *row[3] == "t");
    if (row[2]) replica.lag.set("replayed_at", std::stod(*row[2]));
    replica.primary = primary_of(row[4].value_or(""));
    co_return replica;
}

Awaitable<Result<double>> read_timeline(PostgresConnection& connection) {
    const auto read = co_await connection.query(
        "select ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int");
    if (!read) co_return read.error();
    co_return std::stod(read->first());
}

namespace {

Awaitable<Result<Value>> read_lag(PostgresTargetPointer target, Call& call) {
    const auto opened = co_await connect_past_fence(target, call);
    if (!opened) co_return opened.error();
    const auto replica = co_await read_replica(**opened);
    if (!replica) co_return replica.error();
    if (!replica->in_recovery)
        co_return fail("wrong_role", "Asking how far " + target->target +
                                         " is behind its primary: it is no replica but a primary.");
    co_return replica->lag;
}

Awaitable<Result<Value>> wait_caught_up(PostgresTargetPointer target, Call& call) {
    double until_s = boot_now_s() + call.arguments["within"].number();
    if (call.deadline_s > 0) until_s = std::min(until_s, call.deadline_s);
    Call look = call;
    look.deadline_s = until_s;
    for (;;) {
        const auto lag = co_await read_lag(target, look);
        if (!lag && lag.error().retry != Retry::safe) co_return lag.error();
        if (call.cancel->asked())
            co_return fail("cancelled", "Waiting for " + call.target + " was told to stop.",
                           Retry::safe);
        const double most = call.arguments["behind_max"].number();
        if (lag && (*lag)["behind_bytes"].number() <= most) co_return *lag;
        const std::string last =
            lag ? "it is " + show_size((*lag)["behind_bytes"].number()) + " behind."
                : lag.error().message;
        if (boot_now_s() + poll_s > until_s)
            co_return fail("timed_out",
                           "Waiting until " + call.target + " has caught up ended after " +
                               show_duration(call.arguments["within"].number()) +
                               ". At last: " + last,
                           Retry::safe);
        co_await pause_until(target->services->loop, boot_now_s() + poll_s, call.cancel);
    }
}

Awaitable<Result<Value>> promoted(PostgresConnection& connection, std::string primary_before) {
    const auto timeline = co_await read_timeline(connection);
    if (!timeline) co_return timeline.error();
    Value result;
    if (!primary_before.empty()) result.set("primary_before", primary_before);
    co_return result.set("timeline", *timeline);
}

Awaitable<Result<Before>> before_promote(PostgresTargetPointer target, Call& call) {
    const auto opened = co_await connect_past_fence(target, call);
    if (!opened) co_return opened.error();
    const auto replica = co_await read_replica(**opened);
    if (!replica) co_return replica.error();
    Before before;
    before.already_so = !replica->in_recovery;
    before.state.set("role", before.already_so ? "primary" : "replica");
    if (!replica->primary.empty()) before.state.set("primary", replica->primary);
    before.plan = replica->primary.empty() ? "" : "in place of " + replica->primary;
    if (!before.already_so) co_return before;
    auto result = co_await promoted(**opened, "");
    if (!result) co_return result.error();
    before.result = result->set("changed", false);
    co_return before;
}

// The old primary's fence came with its data, and would go on here.
Awaitable<Status> open_promoted(PostgresTargetPointer target, Call& call,
                                PostgresConnection& connection) {
    const auto found = co_await read_fence(target, call, connection);
    if (!found) co_return found.error();
    if (found->how() == "none") co_return Done{};
    bool touched = false;
    co_return co_await lift_fence(target, call, connection, *found, touched);
}

Awaitable<Outcome> act_promote(PostgresTargetPointer target, Call& call, const Value& before) {
    const auto opened = co_await connect_past_fence(target, call);
    if (!opened) co_return outcome_of(opened.error());
    PostgresConnection& connection = **opened;
    const auto replica = co_await read_replica(connection);
    if (!replica) co_return outcome_of(replica.error());
    if (replica->in_recovery) {
        const double left_s = std::clamp(call.deadline_s - boot_now_s(), 1.0, 3600.0);
        const std::string whole_s = std::to_string(static_cast<long>(left_s));
        const auto asked = co_await connection.query("select pg_promote(true, " + whole_s + ")");
        if (!asked) co_return outcome_of(asked.error());
        if (asked->first() != "t")
            co_return Outcome::unknown(
                fail("timed_out",
                     "Promoting " + target->target +
                         ": it was asked to, and did not end its recovery in time.",
                     Retry::unknown));
    }
    const auto open = co_await open_promoted(target, call, connection);
    if (!open) co_return Outcome::unknown(open.error());
    auto result = co_await promoted(connection, before["primary"].text());
    if (!result) co_return Outcome::unknown(result.error());
    co_return Outcome::done(result->set("changed", true), Value().set("role", "primary"));
}

Awaitable<Sighting> look_for_promotion(PostgresTargetPointer target, Call& call,
                                       const Value& before) {
    Sighting sighting;
    const auto opened = co_await connect_past_fence(target, call);
    if (!opened) {
        sighting.evidence = opened.error().message;
        co_return sighting;
    }
    const double until_s = boot_now_s() + promotes_within_s;
    for (;;) {
        const auto replica = co_await read_replica(**opened);
        if (!replica) {
            sighting.evidence = replica.error().message;
            co_return sighting;
        }
        if (!replica->in_recovery) break;
        if (boot_now_s() > until_s) {
            sighting.kind = Sighting::Kind::did_not;
            sighting.evidence = target->target + " is a replica.";
            co_return sighting;
        }
        co_await pause_until(target->services->loop, boot_now_s() + poll_s, call.cancel);
    }
    const auto fence = co_await read_fence(target, call, **opened);
    if (fence && fence->how() != "none") {
        sighting.kind = Sighting::Kind::did_not;
        sighting.evidence = target->target + " is a primary, with the old one's fence.";
        co_return sighting;
    }
    auto result = co_await promoted(**opened, before["primary"].text());
    sighting.evidence = result ? target->target + " is a primary." : result.error().message;
    if (!result) co_return sighting;
    sighting.kind = Sighting::Kind::happened;
    sighting.value = result->set("changed", true);
    sighting.after.set("role", "primary");
    co_return sighting;
}

}  // namespace

void add_postgres_replica(Operations& operations, const PostgresTargetPointer& target) {
    operations["lag"].observe = [target](Call& call) { return read_lag(target, call); };
    operations["wait_caught_up"].observe = [target](Call& call) {
        return wait_caught_up(target, call);
    };
    Handler& promote = operations["promote"];
    promote.before = [target](Call& call) { return before_promote(target, call); };
    promote.act = [target](Call& call, const Value& before) {
        return act_promote(target, call, before);
    };
    promote.look = [target](Call& call, const Value& before) {
        return look_for_promotion(target, call, before);
    };
}

}  // namespace perilune
