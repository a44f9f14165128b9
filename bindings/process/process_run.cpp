// run and inspect: a program to its end, once, and how it ended even where the host did not live
// to see it.
//
// Every run is kept by a keeper of its own, whose files are found by the intent's key. They tell a
// host that comes later: the lock is held, so the program still runs (wait for it); the status
// says how it ended; the status says that it began and no more (nobody knows); there is no status
// (it never began). A second start of one intent happens only by a person's leave.
#include <algorithm>
#include <filesystem>

#include "bindings/process/local_programs.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr double day_s = 86400;
constexpr double keep_runs_for_s = 90 * day_s;      // Folders of ended runs.
constexpr double trust_absence_for_s = 60 * day_s;  // Later, an absent folder proves nothing.

Outcome left_some(Error error) {
    Outcome outcome = Outcome::failed(std::move(error));
    outcome.left_some = true;
    return outcome;
}

// The outcome of a program whose status is over.
Outcome outcome_of(const DeclaredProgram& program, const Call& call, const KeptStatus& status) {
    if (status.state == KeptStatus::State::refused)
        return Outcome::failed(fail("not_started", status.error));
    Value exit = exit_value(status);
    if (status.stopped) {
        Error error = exit_status_error(call, status.exit_code, std::move(exit));
        error.code = "stopped";
        error.message =
            "The program was told to stop, at its deadline or on request, before it "
            "had ended: what it did until then stays. " +
            error.message;
        return left_some(std::move(error));
    }
    if (!is_expected(program, call, status.exit_code))
        return left_some(exit_status_error(call, status.exit_code, std::move(exit)));
    exit.set("changed", true);
    return Outcome::done(std::move(exit));
}

// What the files in a run's folder say before it is started, or after its keeper has ended.
struct Prepared {
    std::optional<Outcome> outcome;  // Nothing is to be started.
    KeeperStart start = {};
    std::optional<KeptStatus> status = {};
};

void remove_old_runs(const std::string& folder) {
    std::error_code code;
    const auto oldest = std::filesystem::file_time_type::clock::now() -
                        std::chrono::seconds(static_cast<long>(keep_runs_for_s));
    for (const auto& entry : std::filesystem::directory_iterator(folder + "/runs", code)) {
        if (entry.last_write_time(code) > oldest || kept_is_held(entry.path().string())) continue;
        std::filesystem::remove_all(entry.path(), code);
    }
}

Prepared prepare(const LocalPrograms& local, const Call& call, const DeclaredProgram& program) {
    std::call_once(local.cleaned, [&] { remove_old_runs(local.folder); });
    const std::string folder = local.run_folder(call.key);
    auto lock = lock_kept(folder);
    // Read after the lock was tried: a keeper writes the end before it lets go.
    const auto status = read_kept_status(folder);
    if (!status) return {Outcome::failed(status.error())};
    if (*status && (*status)->over()) return {outcome_of(program, call, **status)};
    if (!lock) {
        if (lock.error().code == "still_running")
            return {Outcome::unknown(fail("still_running",
                                          "The program " + show_invocation(call) + " of " +
                                              call.target +
                                              " was started for this intent before "
                                              "and still runs.",
                                          Retry::unknown))};
        return {Outcome::failed(lock.error())};
    }
    const auto invocation = make_invocation(program, call);
    if (!invocation) return {Outcome::failed(invocation.error())};
    KeptProgram kept;
    kept.label = call.key;
    kept.argv = invocation->argv;
    kept.environment = invocation->environment;
    kept.input = invocation->input;
    kept.folder = program.folder;
    kept.deadline_s = call.deadline_s;
    kept.output_max = std::min(program.output_max,
                               static_cast<std::size_t>(call.arguments["output_max"].integer()));
    kept.note.set("target", call.target).set("program", program.name);
    Prepared prepared;
    prepared.start = {folder, std::make_shared<Descriptor>(std::move(*lock)), kept.to_text()};
    return prepared;
}

Prepared read_end(const std::string& folder) {
    Prepared read;
    auto status = read_kept_status(folder);
    if (status) read.status = std::move(*status);
    return read;
}

Awaitable<Outcome> act_run(SharedPrograms local, Call& call) {
    const auto permitted = permit(local->declared, call);
    if (!permitted) co_return Outcome::failed(permitted.error());
    const DeclaredProgram& program = **permitted;
    if (call.cancel->asked())
        co_return Outcome::not_sent(fail(
            "stopped",
            "A stop was asked for before the program " + show_invocation(call) + " was started.",
            Retry::safe));
    const Work<Prepared> preparing = [&] { return prepare(*local, call, program); };
    Prepared prepared = co_await off_loop(local->loop, preparing);
    if (prepared.outcome) co_return std::move(*prepared.outcome);
    const std::string folder = prepared.start.folder;
    const Ended keeper = co_await run_keeper(local, std::move(prepared.start), call);
    const Work<Prepared> reading = [&] { return read_end(folder); };
    const Prepared read = co_await off_loop(local->loop, reading);
    if (read.status && read.status->over()) co_return outcome_of(program, call, *read.status);
    const std::string said = keeper.started ? keeper.errors : keeper.error;
    if (!read.status)
        co_return Outcome::failed(fail(
            "not_started", "The program " + show_invocation(call) + " was not started: " + said,
            Retry::safe));
    co_return Outcome::unknown(fail("end_unknown",
                                    "The keeper of the program " + show_invocation(call) + " of " +
                                        call.target +
                                        " ended before it could say how the program "
                                        "did. " +
                                        said,
                                    Retry::unknown));
}

Sighting cannot_tell(std::string evidence) {
    Sighting sighting;
    sighting.evidence = std::move(evidence);
    return sighting;
}

// What the files say now. Not for a program that still runs.
Sighting sight(const LocalPrograms& local, const Call& call, const DeclaredProgram* program) {
    const std::string folder = local.run_folder(call.key);
    const auto status = read_kept_status(folder);
    if (!status) return cannot_tell(status.error().message);
    Sighting sighting;
    sighting.kind = Sighting::Kind::did_not;
    if (!*status) {
        if (call.intent_at_s > 0 && wall_now_s() - call.intent_at_s > trust_absence_for_s)
            return cannot_tell(
                "The intent is so old that its files may have been cleaned away "
                "from " +
                folder + ".");
        sighting.evidence = "No keeper began to start it: " + folder + " holds no status.";
        return sighting;
    }
    const KeptStatus& found = **status;
    if (!found.over())
        return cannot_tell(
            "It was begun at " + show_time(found.started_at) + " as process " +
            std::to_string(found.pid) +
            " and runs no more; its keeper ended before it, so that "
            "nothing says how it ended" +
            (found.boot == boot_id() ? "." : ": the machine has been started anew since."));
    if (program) {
        const Outcome outcome = outcome_of(*program, call, found);
        if (outcome.kind == Outcome::Kind::done) {
            sighting.kind = Sighting::Kind::happened;
            sighting.value = outcome.value;
            sighting.evidence = "It ended with exit code " + std::to_string(found.exit_code) +
                                "; " + folder + " says so.";
            return sighting;
        }
        // `act` answers from the status with this failure and starts nothing.
        sighting.evidence = "It will not be started again: " + outcome.error.message;
        return sighting;
    }
    return cannot_tell("It ended with exit code " + std::to_string(found.exit_code) +
                       ", but the environment no longer declares the program.");
}

Awaitable<Sighting> look_run(SharedPrograms local, Call& call, const Value& before) {
    const Work<Result<std::string>> reading = [&] { return place_of(*local); };
    const auto place = co_await off_loop(local->loop, reading);
    if (!place) co_return cannot_tell(place.error().message);
    if (*place != before["place"].text())
        co_return cannot_tell("It was started, if at all, from another state folder or machine (" +
                              before["machine"].text() + "): look there.");
    const std::string folder = local->run_folder(call.key);
    const Work<bool> is_free = [folder] {
        const auto status = read_kept_status(folder);
        return (status && *status && (*status)->over()) || !kept_is_held(folder);
    };
    const bool free = co_await poll_until(local->loop, is_free, call.deadline_s, call.cancel);
    if (!free)
        co_return cannot_tell("It still runs: the lock in " + folder +
                              " is held. Wait for it and "
                              "resume again, or end it.");
    const auto permitted = permit(local->declared, call);
    const DeclaredProgram* program = permitted ? *permitted : nullptr;
    const Work<Sighting> sighting = [&] { return sight(*local, call, program); };
    co_return co_await off_loop(local->loop, sighting);
}

std::string machine_name() {
    const auto name = read_file("/proc/sys/kernel/hostname", 256);
    return name ? name->substr(0, name->find('\n')) : std::string();
}

}  // namespace

Handler run_handler(SharedPrograms local) {
    Handler made;
    made.before = [local](Call& call) {
        return off_loop<Result<Before>>(local->loop, [local, &call]() -> Result<Before> {
            const auto permitted = permit(local->declared, call);
            if (!permitted) return permitted.error();
            const auto place = place_of(*local);
            if (!place) return place.error();
            Before before;
            before.state.set("place", *place).set("machine", machine_name());
            before.plan = show_invocation(call);
            return before;
        });
    };
    made.act = [local](Call& call, const Value&) { return act_run(local, call); };
    made.look = [local](Call& call, const Value& before) { return look_run(local, call, before); };
    return made;
}

namespace {

Awaitable<Result<Value>> inspect(SharedPrograms local, Call& call) {
    const auto permitted = permit(local->declared, call);
    if (!permitted) co_return permitted.error();
    const DeclaredProgram& declared = **permitted;
    const Work<Result<Invocation>> opening = [&] { return make_invocation(declared, call); };
    auto invocation = co_await off_loop(local->loop, opening);
    if (!invocation) co_return invocation.error();
    Program program;
    program.argv = std::move(invocation->argv);
    program.environment = std::move(invocation->environment);
    program.input = std::move(invocation->input);
    program.folder = declared.folder;
    program.output_max = std::min(declared.output_max,
                                  static_cast<std::size_t>(call.arguments["output_max"].integer()));
    const Ended ended =
        co_await run_program(local->loop, std::move(program), call.cancel, call.deadline_s);
    if (ended.stopped)
        co_return fail("timed_out",
                       "The program " + show_invocation(call) + " of " + call.target +
                           " had not ended when its time was over, and was stopped.",
                       Retry::safe);
    if (!ended.error.empty()) co_return fail("not_started", ended.error);
    Value exit = exit_value(ended);
    if (!is_expected(declared, call, ended.exit_code))
        co_return exit_status_error(call, ended.exit_code, std::move(exit));
    co_return exit;
}

}  // namespace

Handler inspect_handler(SharedPrograms local) {
    Handler made;
    made.observe = [local](Call& call) { return inspect(local, call); };
    return made;
}

}  // namespace perilune
