#include "bindings/database/postgres_restoring.h"

#include "bindings/database/database_checks.h"
#include "bindings/database/postgres_markers.h"
#include "bindings/database/postgres_tables.h"

namespace perilune {

namespace {

constexpr double cleans_up_within_s = 10;

// One restore on its way.
struct Restoring {
    PostgresTargetPointer target;
    Call& call;
    BackupEntry entry;
    double keep_previous_s;
    Owners owners;
    std::string database;  // The target's.
    std::string filled;    // The one that takes its place.
    std::string kept;      // What the target's is then called.
    bool exists = false;   // Whether there is one to replace.
    double began_s = boot_now_s();
    Value result = {};
    std::string content = {};

    bool is_dump() const { return !entry.storage.empty(); }
    std::string doing() const { return "Restoring " + target->target + " from " + entry.id; }
};

// Loads the dump into an empty database, and checks what is then in it.
Awaitable<Status> fill(Restoring& restoring, PostgresConnection& beside) {
    const PostgresTarget& target = *restoring.target;
    const auto made = co_await make_database(beside, restoring.filled, restoring.database);
    if (!made) co_return made;
    const DumpSource into{beside.address().with_database(restoring.filled), beside.endpoint(),
                          tools_of(target)};
    // Where a clone's backup lies, only its source's settings say.
    const Value where = Value().set("storage", restoring.entry.storage);
    const Shelf shelf = shelf_of(target, restoring.call, where);
    const StreamWatch watch = watch_of(restoring.call, restoring.doing());
    List checks;
    std::function<Status()> work = [&] {
        return load_dump(into, shelf, restoring.entry, restoring.owners, watch, checks);
    };
    const auto loaded = co_await off_the_loop<Status>(target, work);
    if (!loaded) co_return loaded;
    const std::string doing = restoring.doing() + " (nothing was changed)";
    const auto judged = judge_checks(checks, doing);
    if (!judged) co_return judged.error();
    const auto opened = co_await connect(restoring.target, restoring.call, restoring.filled);
    if (!opened) co_return opened.error();
    const auto begun = co_await begin(**opened, PostgresAccess::snapshot);
    if (!begun) co_return begun;
    for (const auto& [name, rows] : restoring.entry.manifest.counts.map()) {
        const auto found = co_await count_rows_of(**opened, name);
        checks.push_back(check_exact_rows(name, rows, found));
    }
    const auto counted = judge_checks(checks, doing);
    if (!counted) co_return counted.error();
    co_return Done{};
}

// Leaves within the database that is to take the place: statistics, by which its first queries are
// planned well, and the marker, which appears with the data or not at all.
Awaitable<Status> mark(Restoring& restoring) {
    const PostgresTarget& target = *restoring.target;
    const auto opened = co_await connect(restoring.target, restoring.call, restoring.filled);
    if (!opened) co_return opened.error();
    PostgresConnection& connection = **opened;
    if (restoring.is_dump()) {
        const auto analyzed = co_await connection.query("analyze");
        if (!analyzed) co_return analyzed.error();
    }
    const auto made = co_await make_own_tables(connection, target);
    if (!made) co_return made;
    Status done = co_await begin(connection, PostgresAccess::snapshot);
    if (!done) co_return done;
    const auto content = co_await digest_content(connection, target);
    if (!content) co_return content.error();
    restoring.content = *content;
    done = co_await connection.commit();
    if (!done) co_return done;
    const auto size = co_await connection.query("select pg_database_size(current_database())");
    if (!size) co_return size.error();
    restoring.result.set("restored_bytes", std::stod(size->first()));
    restoring.result.set("took_s", boot_now_s() - restoring.began_s);
    Value marker = restoring.result;
    marker.set("content", restoring.content);
    done = co_await begin(connection, PostgresAccess::write);
    if (done) done = co_await write_marker(connection, target, restoring.call.key, marker);
    if (!done) co_return done;
    co_return co_await connection.commit();
}

// Renames both within the transaction that `beside` has begun.
Awaitable<Status> exchange(Restoring& restoring, PostgresConnection& beside) {
    Status done = Done{};
    if (restoring.exists) {
        const auto comment = co_await read_comment(beside, restoring.database);
        if (!comment) co_return comment.error();
        if (restoring.is_dump())
            done = co_await copy_properties(beside, restoring.database, restoring.filled);
        if (done)
            done = co_await rename_database(restoring.target, restoring.call, beside,
                                            restoring.database, restoring.kept);
        if (!done) co_return done;
        KeptDatabase kept{.name = restoring.kept,
                          .of = restoring.database,
                          .at_s = restoring.result["previous"]["at"].number(),
                          .until_at_s = restoring.result["previous"]["keep_until_at"].number(),
                          .comment = *comment};
        done = co_await set_comment(beside, restoring.kept, kept.to_comment());
        if (!done) co_return done;
    }
    done = co_await rename_database(restoring.target, restoring.call, beside, restoring.filled,
                                    restoring.database);
    if (!done) co_return done;
    if (!restoring.call.may_act())
        co_return fail("stopped", restoring.doing() + " was stopped: the run may be lost.");
    co_return co_await beside.commit();
}

// A kept database says in its comment what was said of it before.
Awaitable<Status> give_back_comment(Restoring& restoring, PostgresConnection& beside) {
    const auto kept = co_await list_kept(beside, restoring.database);
    if (!kept) co_return kept.error();
    for (const auto& one : *kept)
        if (one.name == restoring.filled)
            co_return co_await set_comment(beside, one.name, one.comment);
    co_return Done{};
}

// What is kept no longer; where it cannot be removed now, the next restore does it.
Awaitable<bool> remove_expired(PostgresTargetPointer target, Call& call, std::string database) {
    const auto beside = co_await connect_beside(target, call);
    if (!beside) co_return false;
    const auto kept = co_await list_kept(**beside, database);
    for (const auto& one : kept ? *kept : std::vector<KeptDatabase>{})
        if (one.until_at_s <= wall_now_s()) co_await drop_database(**beside, one.name);
    co_return true;
}

void plan_result(Restoring& restoring) {
    restoring.result.set("data_until_at", restoring.entry.at_s).set("moved_endpoint", false);
    restoring.result.set("changed", true);
    if (!restoring.exists) return;
    KeptDatabase kept{.name = restoring.kept,
                      .of = restoring.database,
                      .at_s = wall_now_s(),
                      .until_at_s = wall_now_s() + restoring.keep_previous_s};
    restoring.result.set("previous", kept.to_entry().to_value());
}

// What was loaded is of no use to anybody. It goes also where the call was told to stop, or its
// time is over; under the guard's lock nobody else is at it.
Awaitable<bool> remove_filled(Restoring& restoring) {
    Call last = restoring.call;
    last.cancel = std::make_shared<Cancel>();
    last.deadline_s = boot_now_s() + cleans_up_within_s;
    const auto beside = co_await connect_beside(restoring.target, last);
    if (!beside) co_return false;
    const auto dropped = co_await drop_database(**beside, restoring.filled);
    co_return dropped.ok();
}

// Everything after the guard's lock: then no other restore of this database is at work.
Awaitable<Status> replace(Restoring& restoring, PostgresConnection& guard) {
    const auto beside = co_await connect_beside(restoring.target, restoring.call);
    if (!beside) co_return beside.error();
    const auto exists = co_await has_database(**beside, restoring.database);
    if (!exists) co_return exists.error();
    restoring.exists = *exists;
    plan_result(restoring);
    Status done = Done{};
    if (restoring.is_dump()) done = co_await fill(restoring, **beside);
    if (done) done = co_await mark(restoring);
    if (done && !restoring.is_dump()) done = co_await give_back_comment(restoring, guard);
    if (done) done = co_await exchange(restoring, guard);
    if (done) co_return done;
    // A database that was kept stays kept.
    if (restoring.is_dump() && done.error().retry != Retry::unknown)
        co_await remove_filled(restoring);
    co_return done;
}

}  // namespace

Awaitable<Outcome> restore_entry(PostgresTargetPointer target, Call& call, BackupEntry entry,
                                 double keep_previous_s, Owners owners) {
    const auto address = open_address(*target, call);
    if (!address) co_return outcome_of(address.error());
    const std::string database = address->database();
    const auto opened = co_await connect_beside(target, call);
    if (!opened) co_return outcome_of(opened.error());
    PostgresConnection& guard = **opened;
    Status ready = co_await begin(guard, PostgresAccess::write);
    if (ready) ready = co_await lock_name(guard, "restore " + database);
    if (!ready) co_return outcome_of(ready.error());
    const auto patient =
        co_await guard.execute("set local idle_in_transaction_session_timeout = 0");
    if (!patient) co_return outcome_of(patient.error());
    const auto earlier = co_await look_for_marker(target, call);
    if (earlier.kind == Sighting::Kind::happened) {
        Value value = earlier.value;
        const Value content = value["content"];
        value.set("content", Value());
        co_return Outcome::done(std::move(value), Value().set("content", content));
    }
    Restoring restoring{
        .target = target,
        .call = call,
        .entry = entry,
        .keep_previous_s = keep_previous_s,
        .owners = owners,
        .database = database,
        .filled = entry.storage.empty() ? entry.file : filled_name(database, call.key),
        .kept = kept_name(database, call.key)};
    const auto replaced = co_await replace(restoring, guard);
    if (!replaced) co_return outcome_of(replaced.error());
    co_await remove_expired(target, call, database);
    Value result = restoring.result;
    result.set("took_s", boot_now_s() - restoring.began_s);
    if (keep_previous_s <= 0) result.set("previous", Value());
    co_return Outcome::done(std::move(result), Value().set("content", restoring.content));
}

Awaitable<Sighting> look_for_restore(PostgresTargetPointer target, Call& call) {
    Sighting sighting;
    const auto address = open_address(*target, call);
    const auto beside = co_await connect_beside(target, call);
    if (!address || !beside) {
        sighting.evidence = beside ? address.error().message : beside.error().message;
        co_return sighting;
    }
    // Once we have the lock nobody is still at it.
    Status ready = co_await begin(**beside, PostgresAccess::read);
    if (ready) ready = co_await lock_name(**beside, "restore " + address->database());
    if (!ready) {
        sighting.evidence = ready.error().message;
        co_return sighting;
    }
    const auto exists = co_await has_database(**beside, address->database());
    if (exists && !*exists) {
        sighting.kind = Sighting::Kind::did_not;
        sighting.evidence = address->show() + " is not there.";
        co_return sighting;
    }
    sighting = co_await look_for_marker(target, call);
    // What the restore left, and not what somebody has written since.
    sighting.after.set("content", sighting.value["content"]);
    sighting.value.set("content", Value());
    if (sighting.kind != Sighting::Kind::happened) sighting.after = sighting.value = Value();
    co_return sighting;
}

Awaitable<Result<Value>> content_state(PostgresTargetPointer target, Call& call) {
    const auto opened = co_await connect(target, call);
    if (!opened && opened.error().code == "not_found") co_return Value().set("absent", true);
    if (!opened) co_return opened.error();
    const auto begun = co_await begin(**opened, PostgresAccess::snapshot);
    if (!begun) co_return begun.error();
    const auto content = co_await digest_content(**opened, *target);
    if (!content && content.error().code == "damaged") co_return Value().set("unreadable", true);
    if (!content) co_return content.error();
    co_return Value().set("content", *content);
}

}  // namespace perilune
