#include "bindings/database/postgres_moment.h"

#include <algorithm>
#include <filesystem>

#include "bindings/database/postgres_archive.h"
#include "bindings/database/postgres_backup.h"
#include "bindings/database/postgres_configuration.h"
#include "bindings/database/postgres_fencing.h"
#include "bindings/database/postgres_recovery.h"
#include "bindings/database/postgres_replica.h"
#include "bindings/database/postgres_restoring.h"
#include "interpreter/base/pause.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr double poll_s = 0.25;

std::string doing(const Call& call) { return "Restoring " + call.target; }

// What the restore uses: a base backup, or a folder that was kept.
struct Source {
    BackupEntry kept;
    BaseBackup base;
    double at_s = 0;
};

Result<Source> find_source(const PostgresTarget& target, const LocalServer& server,
                           const Call& call) {
    Source source;
    const std::string id = call.arguments["backup"].text();
    if (id.empty()) {
        source.at_s = call.arguments["at"].number();
        const auto base = choose_base(target, source.at_s);
        if (!base) return base.error();
        source.base = *base;
        return source;
    }
    for (const auto& one : list_kept_data(server))
        if (one.id == id) source.kept = one;
    source.at_s = source.kept.at_s;
    if (!source.kept.id.empty()) return source;
    return fail("not_found", doing(call) + ": there is no \"" + id + "\". See list_backups.");
}

// By its content undo sees whether anybody has written since; who cannot be asked has none to see.
Awaitable<Result<Value>> state_now(PostgresTargetPointer target, Call& call) {
    auto state = co_await content_state(target, call);
    if (state || (state.error().retry != Retry::safe && state.error().code != "fenced"))
        co_return state;
    co_return Value().set("unreadable", true);
}

// A commit after the moment: recovery must meet one, or it cannot tell that it has come so far.
Awaitable<bool> commit_now(PostgresTargetPointer target, Call& call) {
    const auto opened = co_await connect_past_fence(target, call);
    if (!opened) co_return false;
    const auto done = co_await (*opened)->query("select txid_current()");
    co_return done.ok();
}

Awaitable<Status> wait_recovered(PostgresTargetPointer target, Call& call,
                                 const LocalServer& server) {
    for (;;) {
        if (!is_running(server))
            co_return fail("restore_failed", doing(call) +
                                                 ": the server stopped while it "
                                                 "recovered. Its log: " +
                                                 last_start_words(server));
        const auto opened = co_await connect_past_fence(target, call);
        if (opened) {
            const auto replica = co_await read_replica(**opened);
            if (replica && !replica->in_recovery) co_return Done{};
        } else if (opened.error().retry != Retry::safe) {
            co_return opened.error();
        }
        if (call.cancel->asked() || boot_now_s() > call.deadline_s)
            co_return fail("timed_out", doing(call) +
                                            ": recovery did not end in time. Give it a "
                                            "longer `timeout`.");
        co_await pause_until(target->services->loop, boot_now_s() + poll_s, call.cancel);
    }
}

void remove_folders(const LocalServer& server, const ServerRecovery& recovery, double keep_s) {
    std::error_code code;
    if (keep_s <= 0) std::filesystem::remove_all(recovery.kept, code);
    for (const auto& one : list_kept_data(server))
        if (one.keep_until_at_s <= wall_now_s()) std::filesystem::remove_all(one.file, code);
}

Awaitable<Result<Value>> recover(PostgresTargetPointer target, Call& call, ServerRecovery& recovery,
                                 const StreamWatch& watch) {
    std::function<Status()> working = [&] { return take_place(recovery, watch); };
    Status done = co_await off_the_loop<Status>(*target, working);
    if (done) done = co_await wait_recovered(target, call, recovery.server);
    if (!done) co_return done.error();
    // Without what said where recovery ends.
    done = put_configuration_back(recovery.server);
    if (!done) co_return done.error();
    co_return co_await content_state(target, call);
}

Awaitable<Outcome> give_up(PostgresTargetPointer target, ServerRecovery& recovery,
                           const StreamWatch& watch, Error error) {
    std::function<Result<bool>()> working = [&] { return put_back(recovery, watch); };
    const auto back = co_await off_the_loop<Result<bool>>(*target, working);
    if (back) {
        error.message += *back ? " What was there before is in its place again." : "";
        co_return Outcome::failed(error);
    }
    error.message += " What was there before is in " + recovery.kept +
                     "; putting it back failed: " + back.error().message;
    co_return outcome_of(error, true);
}

Outcome outcome_from(const Value& said) { return Outcome::done(said["value"], said["after"]); }

}  // namespace

bool restores_server(const PostgresTarget& target, const Call& call) {
    if (call.operation != "restore") return false;
    if (call.arguments["backup"].text().starts_with(kept_data_id)) return true;
    return call.arguments.has("at") && !target.archive.empty() && !call.arguments.has("from");
}

Awaitable<Result<Before>> before_server_restore(PostgresTargetPointer target, Call& call) {
    const auto server = find_local_server(*target, doing(call));
    if (!server) co_return server.error();
    const auto source = find_source(*target, *server, call);
    if (!source) co_return source.error();
    auto state = co_await state_now(target, call);
    if (!state) co_return state.error();
    Before before;
    before.state = std::move(*state);
    before.plan = "the whole server, all its databases, to " + show_time(source->at_s) + " from " +
                  (source->kept.id.empty() ? source->base.folder : source->kept.id);
    co_return before;
}

Awaitable<Outcome> act_server_restore(PostgresTargetPointer target, Call& call) {
    const double began_s = boot_now_s();
    const auto server = find_local_server(*target, doing(call));
    if (!server) co_return outcome_of(server.error());
    const Value earlier = read_restored(*server);
    const bool ours = earlier["key"].text() == call.key;
    if (ours && earlier.has("value")) co_return outcome_from(earlier);
    auto source = find_source(*target, *server, call);
    // A kept folder that is in its place has another name by now.
    if (!source && !ours) co_return outcome_of(source.error());
    const double keep_s = call.arguments["keep_previous"].number();
    ServerRecovery recovery{
        .server = *server,
        .key = call.key,
        .incoming = server->beside("restored"),
        .kept = kept_data_name(*server, wall_now_s(), wall_now_s() + keep_s, call.key),
        .archive = target->archive};
    if (source) {
        recovery.at_s = source->at_s;
        recovery.base = source->base.folder;
        if (recovery.base.empty()) recovery.incoming = source->kept.file;
    }
    if (!ours) co_await commit_now(target, call);
    if (!call.may_act())
        co_return Outcome::failed(
            fail("stopped", doing(call) + " was stopped: the run may be lost."));
    const StreamWatch watch = watch_of(call, doing(call));
    const auto after = co_await recover(target, call, recovery, watch);
    if (!after) co_return co_await give_up(target, recovery, watch, after.error());
    Value result;
    result.set("data_until_at", recovery.at_s).set("moved_endpoint", false).set("changed", true);
    if (keep_s > 0) result.set("previous", kept_data_entry(*server, recovery.kept).to_value());
    result.set("took_s", boot_now_s() - began_s);
    const Value said = Value().set("key", call.key).set("value", result).set("after", *after);
    const auto written = write_restored(*server, said);
    if (!written) co_return outcome_of(written.error(), true);
    forget_configuration(*server);
    std::function<Status()> removing = [&] {
        remove_folders(*server, recovery, keep_s);
        return Status(Done{});
    };
    co_await off_the_loop<Status>(*target, removing);
    co_return outcome_from(said);
}

// Doing it again is safe, so what has not come to its end did not happen.
Awaitable<Sighting> look_for_server_restore(PostgresTargetPointer target, Call& call) {
    Sighting sighting;
    const auto server = find_local_server(*target, doing(call));
    if (!server) {
        sighting.evidence = server.error().message;
        co_return sighting;
    }
    const Value said = read_restored(*server);
    const bool done = said["key"].text() == call.key && said.has("value");
    sighting.kind = done ? Sighting::Kind::happened : Sighting::Kind::did_not;
    sighting.evidence = server->data + (done ? " is what this restore left."
                                             : " does not say that this restore came to its end.");
    if (!done) co_return sighting;
    sighting.value = said["value"];
    sighting.after = said["after"];
    co_return sighting;
}

Awaitable<Result<Value>> read_restore_window(PostgresTargetPointer target, Call& call) {
    if (target->archive.empty() || target->base_backups.empty())
        co_return fail("not_supported",
                       "Reading the restore window of " + target->target +
                           " needs the settings `data`, `archive` and `base_backups`.");
    const auto opened = co_await connect_past_fence(target, call);
    const bool answers = opened.ok();
    std::function<std::optional<ArchiveWindow>()> reading = [&] {
        return archive_window(*target, answers);
    };
    const auto window = co_await off_the_loop<std::optional<ArchiveWindow>>(*target, reading);
    if (!window) co_return Value();
    co_return Value().set("from_at", window->from_at_s).set("to_at", window->to_at_s);
}

}  // namespace perilune
