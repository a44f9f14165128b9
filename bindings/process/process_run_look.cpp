// What became of a program whose answer was lost: read from its lock and its keeper's log.
#include <unistd.h>

#include "bindings/process/local_programs.h"
#include "interpreter/base/kept_runs.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

Sighting cannot_tell(std::string evidence) {
    Sighting sighting;
    sighting.evidence = std::move(evidence);
    return sighting;
}

Sighting did_not(std::string evidence) {
    Sighting sighting = cannot_tell(std::move(evidence));
    sighting.kind = Sighting::Kind::did_not;
    return sighting;
}

// Nothing was written down of it. Only where nothing can have been lost does that prove anything.
Sighting sight_nothing(const LocalPrograms& local, const Value& before) {
    const std::string& log = before["log"].text();
    if (before["boot"].text() != boot_id())
        return cannot_tell(
            "The machine has been started anew since: that the program was started may have been "
            "written down and lost with it.");
    if (log.empty() || ::access((local.runs_folder() + "/" + log).c_str(), F_OK) != 0)
        return cannot_tell("The log that would tell, " + local.runs_folder() + "/" + log +
                           ", is gone.");
    return did_not("No keeper began to start it: " + local.runs_folder() + "/" + log +
                   " does not name it.");
}

std::string begun_as(const KeptStatus& status) {
    return "It was begun at " + show_time(status.started_at) +
           (status.pid > 0 ? " as process " + std::to_string(status.pid) : "");
}

// What the logs say now. Not for a program that still runs.
Sighting sight(const LocalPrograms& local, const Call& call, const Value& before,
               const DeclaredProgram* program) {
    const auto found = find_run(local.runs_folder(), call.key);
    if (!found) return sight_nothing(local, before);
    if (!found->over())
        return cannot_tell(
            begun_as(*found) + " and runs no more; " +
            (found->boot == boot_id()
                 ? "its keeper ended before it, so that nothing says how it ended."
                 : "the machine has been started anew since, and nothing says how it ended."));
    if (!program)
        return cannot_tell("It ended with exit code " + std::to_string(found->exit_code) +
                           ", but the environment no longer declares the program.");
    if (const auto opened = open_noted(found->note, call); !opened)
        return cannot_tell(opened.error().message + " Resume again when it can be.");
    const Outcome outcome = outcome_of(*program, call, *found);
    // `act` answers from the log with this failure and starts nothing.
    if (outcome.kind != Outcome::Kind::done)
        return did_not("It will not be started again: " + outcome.error.message);
    Sighting sighting;
    sighting.kind = Sighting::Kind::happened;
    sighting.value = outcome.value;
    sighting.evidence = "It ended with exit code " + std::to_string(found->exit_code) +
                        "; its keeper's log in " + local.runs_folder() + " says so.";
    return sighting;
}

// What a program left running may hold its lock, too: its own end counts.
bool is_free(const LocalPrograms& local, const std::string& key) {
    if (!run_is_held(local.runs_folder(), key)) return true;
    const auto found = find_run(local.runs_folder(), key);
    return found && found->over();
}

std::string still_runs(const LocalPrograms& local, const std::string& key) {
    const auto found = find_run(local.runs_folder(), key);
    return "It still runs: its lock is held. " + (found ? begun_as(*found) + ". " : "") +
           "Wait for it and resume again, or end it.";
}

}  // namespace

Awaitable<Sighting> look_run(SharedPrograms local, Call& call, const Value& before) {
    const Work<Result<std::string>> reading = [&] { return place_of(*local); };
    const auto place = co_await off_loop(local->loop, reading);
    if (!place) co_return cannot_tell(place.error().message);
    if (*place != before["place"].text())
        co_return cannot_tell("It was started, if at all, from another state folder or machine (" +
                              before["machine"].text() + "): look there.");
    const Work<bool> asking = [&] { return is_free(*local, call.key); };
    const bool free = co_await poll_until(local->loop, asking, call.deadline_s, call.cancel);
    const auto permitted = permit(local->declared, call);
    const DeclaredProgram* program = permitted ? *permitted : nullptr;
    const Work<Sighting> looking = [&] {
        if (!free) return cannot_tell(still_runs(*local, call.key));
        return sight(*local, call, before, program);
    };
    co_return co_await off_loop(local->loop, looking);
}

}  // namespace perilune
