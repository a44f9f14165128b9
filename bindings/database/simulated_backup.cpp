// Backups of a database in memory: dumps in a storage target, as the driver sqlite makes and reads
// them, and snapshots beside the data.
#include <algorithm>

#include "bindings/database/backup_claim.h"
#include "bindings/database/backup_stream.h"
#include "bindings/database/simulated_handlers.h"
#include "bindings/database/sqlite_checks.h"
#include "bindings/database/sqlite_tables.h"
#include "bindings/database/sqlite_transfer.h"
#include "interpreter/base/loop.h"
#include "interpreter/base/pause.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

// A backup between its claim and its end, while time passes.
struct Dump {
    BackupManifest manifest;
    std::string image;
    std::optional<Outcome> ended;
};

Status take_state(Work& work, Dump& dump) {
    auto opened = work.open(Access::read);
    if (!opened) return opened.error();
    dump.image = (*opened)->image();
    dump.manifest.at_s = wall_now_s();
    return describe_dump(**opened, dump.manifest);
}

Outcome begin_dump(Work& work, Dump& dump) {
    BackupClaim claim = claim_backup(work.shelf, work.call, work.watch("The backup"));
    dump.manifest = std::move(claim.manifest);
    dump.ended = std::move(claim.ended);
    if (dump.ended) return *dump.ended;
    const auto taken = take_state(work, dump);
    if (taken) return Outcome::done(Value());
    dump.ended = give_up_claim(work.shelf, work.call, dump.manifest, taken.error());
    return *dump.ended;
}

Outcome store_dump(Work& work, const Dump& dump) {
    return store_backup(work.shelf, work.call, dump.manifest,
                        [&](ByteSink& sink, BackupManifest& manifest) -> Status {
                            DumpWriter writer(sink, manifest, work.shelf.keys,
                                              work.watch("Sending the backup"));
                            const auto written = writer.write(dump.image);
                            return written ? writer.finish() : written;
                        });
}

// The claim is there while the data is on its way: a host that dies meanwhile leaves no more.
Awaitable<Outcome> act_backup(HostPointer host, Call& call) {
    const auto dump = std::make_shared<Dump>();
    const ActWork begin = [dump](Work& work, const Value&) { return begin_dump(work, *dump); };
    const ActWork store = [dump](Work& work, const Value&) { return store_dump(work, *dump); };
    const ActWork give_up = [dump](Work& work, const Value&) {
        return give_up_claim(work.shelf, work.call, dump->manifest,
                             not_waited_for("Backing up", work.call));
    };
    auto begun = work_act(host->target, begin, call, Value());
    const Outcome claimed = co_await begun;
    if (dump->ended) co_return *dump->ended;
    if (claimed.kind != Outcome::Kind::done) co_return claimed;
    auto waiting = wait_for_server(host, call, host->pace->backup_s);
    const bool whole = co_await waiting;
    auto ending = work_act(host->target, whole ? store : give_up, call, Value());
    co_return co_await ending;
}

Result<Value> verify_backup(Work& work, const SimulatedServer& server) {
    const auto entry = resolve_backup(work);
    if (!entry) return entry.error();
    List checks;
    const auto fetched = fetch_image(work, server, *entry, checks);
    if (!fetched) return fetched.error();
    return judge_checks(std::move(checks), "Verifying the backup " + entry->id);
}

bool all_passed(const List& checks) {
    for (const auto& check : checks)
        if (!check["passed"].boolean()) return false;
    return true;
}

std::string snapshot_id(const Work& work) { return "snapshot:" + work.argument("name").text(); }

std::optional<BackupEntry> find_snapshot(const Work& work, const SimulatedServer& server) {
    for (auto& entry : server.copies())
        if (entry.id == snapshot_id(work)) return entry;
    return std::nullopt;
}

Result<Before> before_snapshot(Work& work, const SimulatedServer& server) {
    if (find_snapshot(work, server))
        return fail("already_exists", work.target.target + " already has a snapshot \"" +
                                          work.argument("name").text() + "\". Use another name.");
    Before before;
    before.sign = '+';
    return before;
}

Outcome act_snapshot(Work& work, SimulatedServer& server) {
    const auto earlier = find_snapshot(work, server);
    if (earlier && earlier->manifest.call == work.call.key)
        return Outcome::done(earlier->to_value().set("changed", true));
    auto opened = work.open(Access::read);
    if (!opened) return Outcome::failed(opened.error());
    KeptCopy copy;
    copy.image = std::make_shared<const std::string>((*opened)->image());
    copy.entry.id = snapshot_id(work);
    copy.entry.state = "complete";
    copy.entry.at_s = wall_now_s();
    copy.entry.size_bytes = static_cast<double>(copy.image->size());
    copy.entry.manifest.call = work.call.key;
    const double keep_s = work.argument("keep").number();
    if (keep_s > 0) copy.entry.keep_until_at_s = wall_now_s() + keep_s;
    Value result = copy.entry.to_value();
    server.keep_copy(std::move(copy));
    return Outcome::done(result.set("changed", true));
}

Sighting look_for_snapshot(Work& work, const SimulatedServer& server) {
    const auto found = find_snapshot(work, server);
    const bool ours = found && found->manifest.call == work.call.key;
    Sighting sighting;
    sighting.kind = ours ? Sighting::Kind::happened : Sighting::Kind::did_not;
    sighting.evidence = snapshot_id(work) + (ours ? " is of this call." : " is not of this call.");
    if (ours) sighting.value = found->to_value().set("changed", true);
    return sighting;
}

}  // namespace

Awaitable<bool> wait_for_server(HostPointer host, Call& call, double seconds) {
    const double ends_s = boot_now_s() + seconds;
    const double until_s = call.deadline_s > 0 ? std::min(ends_s, call.deadline_s) : ends_s;
    auto waiting = pause_until(host->target->services->loop, until_s, call.cancel);
    const bool undisturbed = co_await waiting;
    co_return undisturbed&& ends_s <= until_s;
}

Error not_waited_for(const std::string& doing, const Call& call) {
    const bool told = call.cancel->asked();
    return fail(
        told ? "cancelled" : "timed_out",
        doing + " " + call.target +
            (told ? " was told to stop." : " did not end in time. Give it more with `timeout`.") +
            " Nothing was changed.",
        Retry::safe);
}

Result<std::string> fetch_image(const Work& work, const SimulatedServer& server,
                                const BackupEntry& entry, List& checks) {
    std::string image;
    const bool dump = !entry.storage.empty();
    if (dump) {
        const auto take = [&](std::string_view bytes) {
            image.append(bytes);
            return Status(Done{});
        };
        const auto read = read_dump(work.shelf, entry, take,
                                    work.watch("Reading the backup " + entry.id), checks);
        if (!read) return read.error();
    } else {
        const auto kept = server.copy(entry.id);
        if (!kept) return no_such_backup(work.shelf, "\"" + entry.id + "\" beside its data");
        image = *kept;
    }
    if (!all_passed(checks)) return image;
    const auto opened = SqliteConnection::open_image(image, Access::read, work.options());
    if (!opened) return opened.error();
    check_structure(**opened, "full", checks);
    if (dump) check_exact_counts(**opened, entry.manifest.counts, checks);
    check_counts(**opened, work.argument("counts"), checks);
    if (const auto stopped = work.stopped("Checking the backup")) return *stopped;
    return image;
}

void add_simulated_backup(Operations& operations, const HostPointer& host) {
    const auto& server = host->server;
    Handler backup = change_sqlite(host->target, before_dump, {}, [](Work& work, const Value&) {
        return look_for_dump(work.shelf, work.call);
    });
    backup.act = [host](Call& call, const Value&) { return act_backup(host, call); };
    operations["backup"] = std::move(backup);
    operations["verify_backup"] =
        observe_sqlite(host->target, [server](Work& work) { return verify_backup(work, *server); });
    operations["snapshot"] = change_sqlite(
        host->target, [server](Work& work) { return before_snapshot(work, *server); },
        [server](Work& work, const Value&) { return act_snapshot(work, *server); },
        [server](Work& work, const Value&) { return look_for_snapshot(work, *server); });
}

}  // namespace perilune
