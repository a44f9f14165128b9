// start: a program that goes on after the run, with a keeper, found by the runbook's key.
#include <unistd.h>

#include "bindings/process/found_key.h"
#include "interpreter/base/json.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr std::size_t log_bytes_max = 4 << 20;
constexpr std::size_t tail_bytes_max = 64 << 10;  // Of each stream, in the Exit.

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
    const bool named = found->status && found->status->label == call.key;
    if (!named && found->held) {
        sighting.evidence =
            "A keeper holds the lock in " + folder + " and may be about to start it.";
    } else if (!named || found->status->state == KeptStatus::State::refused) {
        sighting.kind = Sighting::Kind::did_not;
        sighting.settled = true;  // A keeper has the lock from the moment it is made.
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

}  // namespace perilune
