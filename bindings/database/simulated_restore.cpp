// Restoring a database in memory: from dumps and copies, to a moment of its own history, and from
// another database.
#include "bindings/database/clone_source.h"
#include "bindings/database/database_checks.h"
#include "bindings/database/simulated_handlers.h"
#include "bindings/database/sqlite_markers.h"
#include "bindings/database/sqlite_previous.h"
#include "bindings/database/sqlite_restoring.h"
#include "bindings/database/sqlite_tables.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/loop.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr const char* history_id = "history:";

// What a call's `backup` or `at` means. A moment of the kept history needs no backup.
Result<BackupEntry> resolve(const Work& work, const SimulatedServer& server) {
    const Value& arguments = work.call.arguments;
    if (arguments.has("at") && !arguments.has("from")) {
        const double at_s = std::min(arguments["at"].number(), wall_now_s());
        if (server.known_at(at_s)) {
            BackupEntry entry;
            entry.id = history_id + show_time(at_s);
            entry.state = "complete";
            entry.at_s = at_s;
            return entry;
        }
    }
    const std::string id = arguments["backup"].text();
    for (const auto& entry : server.copies())
        if (entry.id == id) return entry;
    return resolve_backup(work);
}

Result<std::string> image_of(const Work& work, const SimulatedServer& server,
                             const BackupEntry& entry) {
    if (entry.id.starts_with(history_id)) {
        const auto then = server.known_at(entry.at_s);
        if (then) return *then->image;
        return no_such_backup(work.shelf, "in its history, which no longer goes back so far");
    }
    List checks;
    const auto fetched = fetch_image(work, server, entry, checks);
    if (!fetched) return fetched.error();
    const auto judged =
        judge_checks(std::move(checks), "Restoring " + work.target.target + " from " + entry.id +
                                            " (nothing was changed)");
    if (!judged) return judged.error();
    return *fetched;
}

Status require_primary(const SimulatedServer& server) {
    if (server.role() == ServerRole::primary) return Done{};
    return fail("wrong_role", "Restoring " + server.target() + " is not possible: it follows " +
                                  server.primary()->target() +
                                  ". Restore that one, or promote this one first.");
}

Result<Before> before_restore(Work& work, const SimulatedServer& server) {
    if (const auto allowed = require_primary(server); !allowed) return allowed.error();
    const auto entry = resolve(work, server);
    if (!entry) return entry.error();
    if (entry->state != "complete")
        return fail("not_found", "Restoring " + work.target.target + ": the backup " + entry->id +
                                     " is " + entry->state + " and not complete.");
    const auto readable =
        require_readable(work.shelf.keys, entry->id, entry->manifest, work.watch("The restore"));
    if (!readable) return readable.error();
    auto state = memory_state(work);
    if (!state) return state.error();
    Before before;
    before.state = std::move(*state);
    before.plan = entry->id + " of " + show_time(entry->at_s);
    return before;
}

KeptCopy previous_of(const Work& work, const SimulatedServer& server, double keep_s) {
    const std::string key = work.call.key.empty() ? "restore" : work.call.key;
    KeptCopy previous;
    previous.image = server.now().image;
    previous.entry.id = previous_id + std::string("memory-") + key.substr(0, 12);
    previous.entry.state = "complete";
    previous.entry.at_s = wall_now_s();
    previous.entry.size_bytes = static_cast<double>(previous.image->size());
    previous.entry.keep_until_at_s = wall_now_s() + keep_s;
    return previous;
}

// Puts the data in place with the call's marker in it: both appear at once, or neither.
Outcome put_in_place(Work& work, SimulatedServer& server, const BackupEntry& entry, double keep_s,
                     double took_s) {
    const Sighting earlier = look_for_restore(work, Value());
    if (earlier.kind == Sighting::Kind::happened)
        return Outcome::done(earlier.value, earlier.after);
    const auto image = image_of(work, server, entry);
    if (!image) return Outcome::failed(image.error());
    const auto opened = SqliteConnection::open_image(*image, Access::write, work.options());
    if (!opened) return Outcome::failed(opened.error());
    Value result;
    result.set("data_until_at", entry.at_s).set("moved_endpoint", false).set("changed", true);
    result.set("restored_bytes", static_cast<double>(image->size())).set("took_s", took_s);
    std::optional<KeptCopy> previous;
    if (keep_s > 0) previous = previous_of(work, server, keep_s);
    if (previous) result.set("previous", previous->entry.to_value());
    const auto content = digest_content(**opened);
    if (!content) return Outcome::failed(content.error());
    Value marker = result;
    marker.set("content", *content);
    const std::string key = work.call.key.empty() ? "restore" : work.call.key;
    if (const auto marked = write_marker(**opened, key, marker); !marked)
        return Outcome::failed(marked.error());
    if (previous) server.keep_copy(std::move(*previous));
    server.replace((*opened)->image());
    return Outcome::done(std::move(result), Value().set("content", *content));
}

// The old data is served until the new is whole.
Awaitable<Outcome> act_after(HostPointer host, Call& call, ActWork act, const Value& before) {
    auto waiting = wait_for_server(host, call, host->pace->restore_s);
    const bool whole = co_await waiting;
    if (!whole) co_return Outcome::failed(not_waited_for("Restoring", call));
    auto acted = work_act(host->target, std::move(act), call, before);
    co_return co_await acted;
}

Awaitable<Outcome> act_restore(HostPointer host, Call& call, const Value& before) {
    const ActWork act = [host](Work& work, const Value& found) {
        const auto entry = resolve(work, *host->server);
        if (!entry) return Outcome::failed(entry.error());
        const double keep_s =
            found["absent"].boolean() ? 0 : work.argument("keep_previous").number();
        return put_in_place(work, *host->server, *entry, keep_s, host->pace->restore_s);
    };
    auto acted = act_after(host, call, act, before);
    co_return co_await acted;
}

Status require_disposable(const SqliteTarget& target, const std::string& doing) {
    if (target.disposable) return Done{};
    return fail("not_allowed", doing + " " + target.target +
                                   " was refused: its settings do not say `disposable: yes`, so "
                                   "its data may be wanted.");
}

Awaitable<Result<Before>> before_clone(HostPointer host, Call& call) {
    if (const auto allowed = require_disposable(*host->target, "Cloning into"); !allowed)
        co_return allowed.error();
    if (const auto allowed = require_primary(*host->server); !allowed) co_return allowed.error();
    auto chosen = choose_readable_clone(host->target, call);
    co_return co_await chosen;
}

Awaitable<Outcome> act_clone(HostPointer host, Call& call, const Value& before) {
    const ActWork act = [host](Work& work, const Value& chosen) {
        const auto found = find_clone(work.shelf, chosen);
        if (!found) return Outcome::failed(found.error());
        return put_in_place(work, *host->server, *found, 0, host->pace->restore_s);
    };
    auto acted = act_after(host, call, act, before);
    co_return co_await acted;
}

Result<Before> before_drop(Work& work) {
    if (const auto allowed = require_disposable(work.target, "Dropping"); !allowed)
        return allowed.error();
    auto state = memory_state(work);
    if (!state) return state.error();
    Before before;
    before.already_so = (*state)["absent"].boolean();
    before.state = std::move(*state);
    before.sign = '-';
    before.result.set("changed", false);
    return before;
}

Result<Value> show_window(const SimulatedServer& server) {
    if (!server.known_at(wall_now_s())) return Value();
    return Value().set("from_at", server.known_from_s()).set("to_at", wall_now_s());
}

}  // namespace

Result<Value> memory_state(Work& work) {
    auto opened = work.open(Access::read);
    if (!opened && opened.error().code == "not_found") return Value().set("absent", true);
    if (!opened) return opened.error();
    const auto digest = digest_content(**opened);
    if (digest) return Value().set("content", *digest);
    if (digest.error().code == "damaged") return Value().set("unreadable", true);
    return digest.error();
}

void add_simulated_restore(Operations& operations, const HostPointer& host) {
    const auto& server = host->server;
    Handler restore = change_sqlite(
        host->target, [server](Work& work) { return before_restore(work, *server); }, {},
        look_for_restore, reverse_restore);
    restore.act = [host](Call& call, const Value& found) { return act_restore(host, call, found); };
    operations["restore"] = std::move(restore);
    Handler clone = change_sqlite(host->target, {}, {}, look_for_restore,
                                  [](const Call&, const Value&, const Value&) {
                                      return std::optional<Restore>(Restore{"drop", Value(Map{})});
                                  });
    clone.before = [host](Call& call) { return before_clone(host, call); };
    clone.act = [host](Call& call, const Value& found) { return act_clone(host, call, found); };
    operations["clone"] = std::move(clone);
    operations["drop"] =
        change_sqlite(host->target, before_drop, [server](Work&, const Value& before) {
            server->drop();
            return Outcome::done(Value().set("changed", !before["absent"].boolean()),
                                 Value().set("absent", true));
        });
    operations["restore_window"] =
        observe_sqlite(host->target, [server](Work&) { return show_window(*server); });
}

}  // namespace perilune
