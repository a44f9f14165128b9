// Backing a PostgreSQL database up as a stream: backup and verify_backup.
//
// One transaction holds a snapshot for as long as it takes: pg_dump reads it, and the rows are
// counted in it meanwhile, so the manifest's counts are those of the very rows in the dump.
#include "bindings/database/postgres_backup.h"

#include <chrono>
#include <filesystem>
#include <future>

#include "bindings/database/backup_claim.h"
#include "bindings/database/backup_files.h"
#include "bindings/database/database_checks.h"
#include "bindings/database/postgres_folder.h"
#include "bindings/database/postgres_tables.h"
#include "bindings/database/scratch_folder.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

using Counts = std::promise<Result<Value>>;

Error not_supported(const PostgresTarget& target, const std::string& what) {
    return fail("not_supported", "Backing up " + target.target + " " + what +
                                     " is not possible with the driver postgres. Leave it out.");
}

bool is_folder(const Call& call) { return call.arguments["format"].text() == "directory"; }

// What the files of a dump take, about: text is longer than what it was made of, but has no
// indexes.
Awaitable<Result<double>> folder_bytes(PostgresConnection& connection) {
    const auto size = co_await connection.query("select pg_database_size(current_database())");
    if (!size) co_return size.error();
    co_return std::stod(size->first());
}

Awaitable<Result<Before>> before_backup(PostgresTargetPointer target, Call& call) {
    if (call.arguments.has("tables")) co_return not_supported(*target, "by tables");
    const auto program = find_postgres_program(target->programs, "pg_dump");
    if (!program) co_return program.error();
    const auto connection = co_await connect(target, call);
    if (!connection) co_return connection.error();
    const Shelf shelf = shelf_of(*target, call, Value());
    const StreamWatch watch = watch_of(call, "Backing up " + target->target);
    std::function<Status()> work = [&] { return check_backup_call(shelf, call, watch); };
    const auto taken = co_await off_the_loop<Status>(*target, work);
    if (!taken) co_return taken.error();
    Before before;
    before.sign = '+';
    before.plan = call.arguments["key"].text() + " in " + call.arguments["to"].text();
    if (!is_folder(call)) co_return before;
    const auto needed = co_await folder_bytes(**connection);
    if (!needed) co_return needed.error();
    const DumpTools tools = tools_of(*target);
    const auto room = require_room(tools.scratch, *needed, "Backing up " + target->target);
    if (!room) co_return room.error();
    before.plan += ", by way of about " + show_size(*needed) + " in " + tools.scratch;
    call.tell("takes about " + show_room(tools.scratch, *needed));
    co_return before;
}

// Begins the transaction whose snapshot is dumped; gives the snapshot's name.
Awaitable<Result<std::string>> begin_snapshot(PostgresConnection& connection,
                                              BackupManifest& manifest) {
    const auto begun = co_await begin(connection, PostgresAccess::snapshot);
    if (!begun) co_return begun.error();
    const auto exported = co_await connection.query(
        "select pg_export_snapshot(), extract(epoch from clock_timestamp())");
    if (!exported) co_return exported.error();
    // It is left idle while the dump goes on.
    const auto patient =
        co_await connection.execute("set local idle_in_transaction_session_timeout = 0");
    if (!patient) co_return patient.error();
    manifest.at_s = std::stod(*exported->rows.at(0)[1]);
    co_return exported->first();
}

Awaitable<Result<Value>> count_tables(PostgresTargetPointer target,
                                      PostgresConnection& connection) {
    const auto tables = co_await tables_of(connection, *target);
    if (!tables) co_return tables.error();
    Value counts{Map{}};
    for (const auto& table : *tables) {
        const auto rows = co_await count_rows(connection, table);
        if (!rows) co_return rows.error();
        counts.set(table.name, *rows);
    }
    co_return counts;
}

// The counts, which the loop makes while the dump goes on.
Status take_counts(std::future<Result<Value>>& counts, const StreamWatch& watch,
                   BackupManifest& manifest) {
    while (counts.wait_for(std::chrono::milliseconds(50)) != std::future_status::ready)
        if (const auto stopped = watch.stopped()) return *stopped;
    auto counted = counts.get();
    if (!counted) return counted.error();
    manifest.counts = std::move(*counted);
    return Done{};
}

// What is dumped off the loop.
struct Dumping {
    const DumpSource source;
    const Shelf& shelf;
    const std::string storage;
    const std::string snapshot;
    std::future<Result<Value>>& counts;
    const StreamWatch& watch;
};

Status send_dump(const Dumping& dumping, ByteSink& sink, BackupManifest& manifest) {
    DumpWriter writer(sink, manifest, dumping.shelf.keys, dumping.watch);
    const auto dumped =
        write_dump(dumping.source, manifest.dump_format, dumping.snapshot, writer, dumping.watch);
    return dumped ? take_counts(dumping.counts, dumping.watch, manifest) : dumped;
}

Status send_folder(const Dumping& dumping, BackupManifest& manifest) {
    const DumpTools& tools = dumping.source.tools;
    const auto scratch = ScratchFolder::make(tools.scratch);
    if (!scratch) return scratch.error();
    const std::string folder = (*scratch)->path() + "/dump";
    Status done = write_folder(dumping.source, dumping.snapshot, folder, dumping.watch);
    if (done) done = take_counts(dumping.counts, dumping.watch, manifest);
    if (!done) return done;
    return store_files(dumping.shelf, dumping.storage, folder, tools.jobs, manifest, dumping.watch);
}

Awaitable<Outcome> act_backup(PostgresTargetPointer target, Call& call, const Value& before) {
    const Shelf shelf = shelf_of(*target, call, before);
    const StreamWatch watch = watch_of(call, "Backing up " + target->target);
    std::function<BackupClaim()> claiming = [&] { return claim_backup(shelf, call, watch); };
    BackupClaim claim = co_await off_the_loop<BackupClaim>(*target, claiming);
    if (claim.ended) co_return *claim.ended;
    claim.manifest.dump_format = call.arguments["format"].text();
    const auto connection = co_await connect(target, call);
    Result<std::string> snapshot = std::string();
    if (!connection) {
        snapshot = connection.error();
    } else {
        snapshot = co_await begin_snapshot(**connection, claim.manifest);
    }
    if (!snapshot) {
        std::function<Outcome()> ending = [&] {
            return give_up_claim(shelf, call, claim.manifest, snapshot.error());
        };
        co_return co_await off_the_loop<Outcome>(*target, ending);
    }
    Counts counts;
    auto counted = counts.get_future();
    const auto over = std::make_shared<bool>(false);
    start_task(count_tables(target, **connection), [&counts, over](Result<Value> value) {
        counts.set_value(std::move(value));
        *over = true;
    });
    const Dumping dumping{
        .source = {(*connection)->address(), (*connection)->endpoint(), tools_of(*target)},
        .shelf = shelf,
        .storage = call.arguments["to"].text(),
        .snapshot = *snapshot,
        .counts = counted,
        .watch = watch};
    std::function<Outcome()> storing = [&] {
        if (is_folder(call))
            return store_folder(shelf, call, claim.manifest, [&](BackupManifest& manifest) {
                return send_folder(dumping, manifest);
            });
        return store_backup(shelf, call, claim.manifest,
                            [&](ByteSink& sink, BackupManifest& manifest) {
                                return send_dump(dumping, sink, manifest);
                            });
    };
    Outcome stored = co_await off_the_loop<Outcome>(*target, storing);
    // Where the dump failed, the counting has to end before its connection goes.
    while (!*over) co_await wait_until(target->services->loop, boot_now_s() + 0.02);
    co_return stored;
}

Awaitable<Sighting> look_for_backup(PostgresTargetPointer target, Call& call, const Value& before) {
    const Shelf shelf = shelf_of(*target, call, before);
    std::function<Sighting()> work = [&] { return look_for_dump(shelf, call); };
    co_return co_await off_the_loop<Sighting>(*target, work);
}

// A database that a restore kept is checked as any other: by reading it.
Awaitable<Result<List>> check_kept(PostgresTargetPointer target, Call& call, BackupEntry entry) {
    const auto opened = co_await connect(target, call, entry.file);
    if (!opened) co_return opened.error();
    const auto begun = co_await begin(**opened, PostgresAccess::snapshot);
    if (!begun) co_return begun.error();
    List checks;
    const auto content = co_await digest_content(**opened, *target);
    checks.push_back(make_check("reading", content.ok(), "ok",
                                content ? std::string("ok") : content.error().message));
    for (const auto& [name, limit] : call.arguments["counts"].map()) {
        const auto rows = co_await count_rows_of(**opened, name);
        checks.push_back(check_rows(name, limit, rows));
    }
    co_return checks;
}

Awaitable<Result<Value>> verify_backup(PostgresTargetPointer target, Call& call) {
    const auto entry = co_await resolve_backup(target, call);
    if (!entry) co_return entry.error();
    const std::string doing = "Verifying the backup " + entry->id;
    if (entry->storage.empty()) {
        auto kept = co_await check_kept(target, call, *entry);
        if (!kept) co_return kept.error();
        co_return judge_checks(std::move(*kept), doing);
    }
    const Shelf shelf = shelf_of(*target, call, Value());
    const StreamWatch watch = watch_of(call, doing);
    List checks;
    std::function<Status()> work = [&] {
        return check_dump(tools_of(*target), shelf, *entry, call.arguments["counts"], watch,
                          checks);
    };
    const auto checked = co_await off_the_loop<Status>(*target, work);
    if (!checked) co_return checked.error();
    co_return judge_checks(std::move(checks), doing);
}

}  // namespace

Shelf shelf_of(const PostgresTarget& target, const Call& call, const Value& before) {
    Shelf shelf{.target = target.target,
                .engine = "postgres",
                .backups = target.backups,
                .backups_of = target.backups_of};
    shelf.keys.programs = target.age;
    shelf.keys.decrypt_with = target.decrypt_with;
    shelf.find_ports(*target.services, call, before);
    return shelf;
}

DumpTools tools_of(const PostgresTarget& target) {
    const auto state = std::filesystem::absolute(target.services->state_folder);
    return {
        .programs = target.programs, .scratch = (state / "scratch").string(), .jobs = target.jobs};
}

StreamWatch watch_of(const Call& call, const std::string& doing) {
    const auto stopped = [cancel = call.cancel, deadline_s = call.deadline_s,
                          doing]() -> std::optional<Error> {
        if (cancel->asked()) return fail("cancelled", doing + " was told to stop.", Retry::safe);
        if (deadline_s > 0 && boot_now_s() > deadline_s)
            return fail("timed_out", doing + " did not end in time. Give it more with `timeout`.",
                        Retry::safe);
        return std::nullopt;
    };
    return {.stopped = stopped, .tell = call.tell};
}

void add_postgres_backup(Operations& operations, const PostgresTargetPointer& target) {
    Handler& backup = operations["backup"];
    backup.before = [target](Call& call) { return before_backup(target, call); };
    backup.act = [target](Call& call, const Value& before) {
        return act_backup(target, call, before);
    };
    backup.look = [target](Call& call, const Value& before) {
        return look_for_backup(target, call, before);
    };
    operations["verify_backup"].observe = [target](Call& call) {
        return verify_backup(target, call);
    };
}

}  // namespace perilune
