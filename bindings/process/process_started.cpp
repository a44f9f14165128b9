// start and stop: programs that go on after the run, each with a keeper, found by the runbook's
// key.
#include <csignal>

#include <unistd.h>

#include "bindings/process/local_programs.h"
#include "interpreter/base/json.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr std::size_t log_bytes_max = 4 << 20;
constexpr std::size_t tail_bytes_max = 64 << 10;  // Of each stream, in the Exit.

// A key's folder as it is now.
struct Found {
    bool held = false;
    std::optional<KeptStatus> status;

    bool running() const { return held && status && !status->over(); }
    bool lost() const { return !held && status && !status->over(); }
};

Result<Found> find_key(const LocalPrograms& local, const std::string& key) {
    const std::string folder = local.key_folder(key);
    Found found;
    // In this order: a program that ends between the two is seen as ended.
    found.held = kept_is_held(folder);
    auto status = read_kept_status(folder);
    if (!status) return status.error();
    found.status = std::move(*status);
    return found;
}

// What `before` and `after` hold: undo compares them.
Value key_state(const Found& found, const std::string& key) {
    Value state;
    state.set("key", key);
    if (!found.status || found.status->state == KeptStatus::State::refused)
        return state.set("state", "absent");
    state.set("state", found.running() ? "running" : "ended");
    state.set("program", found.status->note["program"]);
    state.set("started_at", found.status->started_at);
    return state;
}

Value started_value(const Call& call, const KeptStatus& status, bool changed) {
    Value value;
    value.set("changed", changed).set("key", call.arguments["key"]);
    value.set("pid", status.pid).set("started_at", status.started_at);
    return value;
}

// The program and arguments of a call, to be compared with those that run.
Value note_of(const Call& call) {
    Value note;
    note.set("target", call.target).set("key", call.arguments["key"]);
    note.set("program", call.arguments["program"]).set("arguments", call.arguments["arguments"]);
    return note;
}

Result<Before> before_start(const LocalPrograms& local, Call& call) {
    const auto permitted = permit(local.declared, call);
    if (!permitted) return permitted.error();
    const auto found = find_key(local, call.arguments["key"].text());
    if (!found) return found.error();
    Before before;
    before.sign = '+';
    before.plan = show_invocation(call);
    before.state = key_state(*found, call.arguments["key"].text());
    if (!found->running()) return before;
    if (!(without_secrets(found->status->note) == note_of(call)))
        return fail("already_running", "Another program, " + found->status->note["program"].text() +
                                           ", already runs "
                                           "as " +
                                           call.arguments["key"].text() + " on " + call.target +
                                           ", since " + show_time(found->status->started_at) +
                                           ". Stop it first, or use another key.");
    before.already_so = true;
    before.result = started_value(call, *found->status, false);
    return before;
}

struct Prepared {
    std::optional<Outcome> outcome;
    KeeperStart start = {};
};

// The lock of a key; waits a moment for a keeper that has written the end and is about to let go.
Result<Descriptor> lock_key(const std::string& folder) {
    for (const double until_s = boot_now_s() + 2;; ::usleep(5000)) {
        auto lock = lock_kept(folder);
        if (lock || boot_now_s() > until_s) return lock;
        const auto status = read_kept_status(folder);
        if (!status || !*status || !(*status)->over()) return lock;
    }
}

Outcome outcome_of_start(const LocalPrograms& local, const Call& call) {
    const auto found = find_key(local, call.arguments["key"].text());
    if (!found) return Outcome::unknown(found.error());
    if (!found->status || found->status->label != call.key)
        return Outcome::failed(fail(
            "not_started",
            "The program " + show_invocation(call) + " of " + call.target + " was not started.",
            Retry::safe));
    if (found->status->state == KeptStatus::State::refused)
        return Outcome::failed(fail("not_started", found->status->error));
    return Outcome::done(started_value(call, *found->status, true),
                         key_state(*found, call.arguments["key"].text()));
}

Prepared prepare_start(const LocalPrograms& local, const Call& call,
                       const DeclaredProgram& program) {
    if (const auto place = place_of(local); !place) return {Outcome::failed(place.error())};
    const std::string folder = local.key_folder(call.arguments["key"].text());
    auto lock = lock_key(folder);
    const auto status = read_kept_status(folder);
    if (!status) return {Outcome::failed(status.error())};
    // An earlier try of this very intent started it; never a second start.
    if (*status && (*status)->label == call.key && (!lock || (*status)->over()))
        return {outcome_of_start(local, call)};
    if (!lock) return {Outcome::failed(lock.error())};
    const auto invocation = make_invocation(program, call);
    if (!invocation) return {Outcome::failed(invocation.error())};
    if (*status) kill_leftovers(**status);
    ::unlink((folder + "/log").c_str());
    ::unlink((folder + "/log.1").c_str());
    KeptProgram kept;
    kept.label = call.key;
    kept.argv = invocation->argv;
    kept.environment = invocation->environment;
    kept.folder = program.folder;
    kept.output_max = std::min(program.output_max, tail_bytes_max);
    kept.log_max = log_bytes_max;
    kept.ends_with_keeper = true;
    kept.note = note_of(call);
    note_secrets(kept.note, program, call);
    Prepared prepared;
    prepared.start = {folder, std::make_shared<Descriptor>(std::move(*lock)),
                      to_canonical_json(kept.to_value())};
    return prepared;
}

Awaitable<Outcome> act_start(SharedPrograms local, Call& call) {
    const auto permitted = permit(local->declared, call);
    if (!permitted) co_return Outcome::failed(permitted.error());
    const DeclaredProgram& program = **permitted;
    const Work<Prepared> preparing = [&] { return prepare_start(*local, call, program); };
    Prepared prepared = co_await off_loop(local->loop, preparing);
    if (prepared.outcome) co_return std::move(*prepared.outcome);
    const Ended keeper = co_await start_keeper(local, std::move(prepared.start), call.deadline_s);
    const Work<Outcome> reading = [&] { return outcome_of_start(*local, call); };
    Outcome outcome = co_await off_loop(local->loop, reading);
    const std::string said = keeper.started ? keeper.errors : keeper.error;
    if (outcome.kind == Outcome::Kind::failed && !said.empty()) outcome.error.message += " " + said;
    co_return outcome;
}

Sighting look_start(const LocalPrograms& local, Call& call) {
    Sighting sighting;
    const auto found = find_key(local, call.arguments["key"].text());
    if (!found) {
        sighting.evidence = found.error().message;
        return sighting;
    }
    const std::string folder = local.key_folder(call.arguments["key"].text());
    if (!found->status || found->status->label != call.key ||
        found->status->state == KeptStatus::State::refused) {
        sighting.kind = Sighting::Kind::did_not;
        sighting.evidence = "No program runs or ran for this intent: " + folder + " says so.";
    } else if (found->status->state == KeptStatus::State::starting) {
        sighting.evidence = "Its keeper ended, or hangs, while it was starting the program.";
    } else {
        sighting.kind = Sighting::Kind::happened;
        sighting.value = started_value(call, *found->status, true);
        sighting.after = key_state(*found, call.arguments["key"].text());
        sighting.evidence = "It runs or ran as process " + std::to_string(found->status->pid) + ".";
    }
    return sighting;
}

Error not_found(const Call& call) {
    return fail("not_found", "No program was ever started as " + call.arguments["key"].text() +
                                 " on " + call.target + ".");
}

Result<Before> before_stop(const LocalPrograms& local, Call& call) {
    const auto found = find_key(local, call.arguments["key"].text());
    if (!found) return found.error();
    if (!found->status) return not_found(call);
    const auto opened = open_noted(found->status->note, call);
    if (!opened) return opened.error();
    Before before;
    before.sign = '-';
    before.plan = "stop " + call.arguments["key"].text();
    before.state = key_state(*found, call.arguments["key"].text());
    before.already_so = found->status->over();
    if (before.already_so) {
        before.result = exit_value(*found->status);
        before.result.set("changed", false);
    }
    return before;
}

// Ends what a dead keeper left, and says so in the status in its place.
Status bury(const LocalPrograms& local, const std::string& key, KeptStatus status) {
    const auto lock = lock_kept(local.key_folder(key));
    if (!lock) return lock.error();
    kill_leftovers(status);
    status.state = KeptStatus::State::ended;
    status.stopped = true;
    status.exit_code = 128 + SIGKILL;
    status.error = "Its keeper had died; what was left of it was killed.";
    return write_kept_status(local.key_folder(key), status);
}

Outcome outcome_of_stop(const LocalPrograms& local, const Call& call) {
    const std::string& key = call.arguments["key"].text();
    auto found = find_key(local, key);
    if (found && found->lost()) {
        if (const auto buried = bury(local, key, *found->status); !buried)
            return Outcome::unknown(buried.error());
        found = find_key(local, key);
    }
    if (!found) return Outcome::unknown(found.error());
    if (!found->status) return Outcome::failed(not_found(call));
    if (found->running())
        return Outcome::unknown(fail("timed_out",
                                     "The program started as " + key + " on " + call.target +
                                         " was told to stop and still "
                                         "runs as process " +
                                         std::to_string(found->status->pid) + ".",
                                     Retry::unknown));
    if (const auto opened = open_noted(found->status->note, call); !opened)
        return Outcome::unknown(opened.error());
    Value value = exit_value(*found->status);
    return Outcome::done(value.set("changed", true), key_state(*found, key));
}

Awaitable<Outcome> act_stop(SharedPrograms local, Call& call) {
    const std::string key = call.arguments["key"].text();
    const double grace_s = call.arguments["grace"].number();
    const Work<bool> asking = [&] {
        const auto found = find_key(*local, key);
        return found && found->running() && ask_keeper_to_stop(*found->status, grace_s);
    };
    co_await off_loop(local->loop, asking);
    const std::string folder = local->key_folder(key);
    // A stop of this operation does not take back that the program was told to end.
    const auto never_asked = std::make_shared<Cancel>();
    const Work<bool> is_free = [folder] { return !kept_is_held(folder); };
    co_await poll_until(local->loop, is_free, call.deadline_s, never_asked);
    const Work<Outcome> reading = [&] { return outcome_of_stop(*local, call); };
    co_return co_await off_loop(local->loop, reading);
}

std::optional<Restore> restore_start(const Call& call, const Value&, const Value& result) {
    if (!result["changed"].boolean()) return std::nullopt;
    Value arguments;
    arguments.set("key", call.arguments["key"]);
    return Restore{"stop", arguments};
}

}  // namespace

Handler start_handler(SharedPrograms local) {
    Handler made = change_blocking(
        local->loop, [local](Call& call) { return before_start(*local, call); }, {},
        [local](Call& call, const Value&) { return look_start(*local, call); }, restore_start);
    made.act = [local](Call& call, const Value&) { return act_start(local, call); };
    return made;
}

Handler stop_handler(SharedPrograms local) {
    Handler made =
        change_blocking(local->loop, [local](Call& call) { return before_stop(*local, call); }, {});
    made.act = [local](Call& call, const Value&) { return act_stop(local, call); };
    return made;
}

Handler status_handler(SharedPrograms local) {
    return observe_blocking(local->loop, [local](Call& call) -> Result<Value> {
        const auto found = find_key(*local, call.arguments["key"].text());
        if (!found) return found.error();
        if (!found->status || found->status->state == KeptStatus::State::refused) return Value();
        const KeptStatus& status = *found->status;
        Value value;
        value.set("program", status.note["program"]).set("started_at", status.started_at);
        value.set("state", found->running() ? "running" : found->lost() ? "unknown" : "ended");
        if (found->running()) value.set("pid", status.pid);
        if (status.over()) value.set("exit_code", status.exit_code);
        return value;
    });
}

}  // namespace perilune
