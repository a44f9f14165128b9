// run and inspect of the simulated driver: a program to its end, once for each intent.
#include "bindings/process/simulated_programs.h"
#include "interpreter/base/pause.h"
#include "interpreter/base/simulated_handlers.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

Result<Before> before_run(SimulatedPrograms& programs, Call& call) {
    const auto permitted = permit(programs.declared, call);
    if (!permitted) return permitted.error();
    Before before;
    before.state.set("place", programs.target);
    before.plan = show_invocation(call);
    return before;
}

Outcome still_running(const Call& call) {
    return Outcome::unknown(fail("still_running",
                                 "The program " + show_invocation(call) + " of " + call.target +
                                     " was started for this intent before and still runs.",
                                 Retry::unknown));
}

Outcome end_unknown(const Call& call) {
    return Outcome::unknown(fail("end_unknown",
                                 "The machine went down under the program " +
                                     show_invocation(call) + " of " + call.target + ".",
                                 Retry::unknown));
}

// What an earlier try of the same intent came to; nothing where there was none.
std::optional<Outcome> find_earlier(SimulatedPrograms& programs, const DeclaredProgram& program,
                                    const Call& call) {
    const auto found = programs.runs.find(call.key);
    if (found == programs.runs.end()) return std::nullopt;
    if (found->second.lost) return end_unknown(call);
    const KeptStatus status = found->second.at(wall_now_s());
    if (!status.over()) return still_running(call);
    // One that could not be started may be tried again.
    if (status.state == KeptStatus::State::refused) return std::nullopt;
    if (const auto opened = open_noted(status.note, call); !opened)
        return Outcome::unknown(opened.error());
    return outcome_of(program, call, status);
}

Awaitable<Outcome> act_run(SimulatedPrograms& programs, Loop& loop, Call& call) {
    const auto permitted = permit(programs.declared, call);
    if (!permitted) co_return Outcome::failed(permitted.error());
    const DeclaredProgram program = **permitted;
    if (auto earlier = find_earlier(programs, program, call)) co_return std::move(*earlier);
    auto made = programs.start(program, call);
    if (!made) co_return Outcome::failed(made.error());
    // Its keeper ends it at the deadline, whether a host lives or not.
    made->stopped_at = wall_now_s() + (call.deadline_s - boot_now_s());
    made->stopped_with = 128 + 15;
    programs.runs.insert_or_assign(call.key, *made);
    const std::function<Result<Value>()> ended = [&programs, &call]() -> Result<Value> {
        const SimulatedExecution& run = programs.runs.at(call.key);
        return run.lost || run.at(wall_now_s()).over() ? Value(true) : Value();
    };
    auto waiting = wait_for_value(loop, call.deadline_s, call.cancel, ended);
    co_await waiting;
    SimulatedExecution& run = programs.runs.at(call.key);
    if (run.lost) co_return end_unknown(call);
    if (!run.at(wall_now_s()).over()) programs.stop(run, 0);
    co_return outcome_of(program, call, run.at(wall_now_s()));
}

// What became of it, once it has ended.
Awaitable<Sighting> look_run(SimulatedPrograms& programs, Loop& loop, Call& call) {
    Sighting sighting;
    const std::function<Result<Value>()> over = [&programs, &call]() -> Result<Value> {
        const auto found = programs.runs.find(call.key);
        const bool none = found == programs.runs.end() || found->second.lost;
        return none || found->second.at(wall_now_s()).over() ? Value(true) : Value();
    };
    auto waiting = wait_for_value(loop, call.deadline_s, call.cancel, over);
    co_await waiting;
    const auto found = programs.runs.find(call.key);
    if (found == programs.runs.end()) {
        sighting.kind = Sighting::Kind::did_not;
        sighting.evidence = "Nothing was started for this intent.";
        co_return sighting;
    }
    const KeptStatus status = found->second.at(wall_now_s());
    const auto permitted = permit(programs.declared, call);
    sighting.evidence = "It was begun at " + show_time(status.started_at) + " as process " +
                        std::to_string(status.pid) + ".";
    if (found->second.lost || !status.over() || !permitted) {
        sighting.evidence += found->second.lost ? " The machine went down under it."
                             : permitted        ? " It still runs."
                                                : " It is no longer declared.";
        co_return sighting;
    }
    const Outcome outcome = outcome_of(**permitted, call, status);
    if (outcome.kind != Outcome::Kind::done) {
        sighting.kind = Sighting::Kind::did_not;
        sighting.evidence = "It will not be started again: " + outcome.error.message;
        co_return sighting;
    }
    sighting.kind = Sighting::Kind::happened;
    sighting.value = outcome.value;
    co_return sighting;
}

Awaitable<Result<Value>> inspect(SimulatedPrograms& programs, Loop& loop, Call& call) {
    const auto permitted = permit(programs.declared, call);
    if (!permitted) co_return permitted.error();
    const DeclaredProgram program = **permitted;
    auto made = programs.start(program, call);
    if (!made) co_return made.error();
    if (made->status.state == KeptStatus::State::refused)
        co_return fail("not_started", made->status.error);
    const double end_s = boot_now_s() + (made->ends_at - wall_now_s());
    const bool waited = co_await pause_until(loop, std::min(end_s, call.deadline_s), call.cancel);
    if (!waited || end_s > call.deadline_s)
        co_return fail("timed_out",
                       "The program " + show_invocation(call) + " of " + call.target +
                           " had not ended when its time was over, and was stopped.",
                       Retry::safe);
    Value exit = exit_value(made->at(made->ends_at));
    if (is_expected(program, call, made->status.exit_code)) co_return exit;
    co_return exit_status_error(call, made->status.exit_code, std::move(exit));
}

}  // namespace

void add_simulated_runs(std::map<std::string, Handler, std::less<>>& handlers,
                        SimulatedPrograms& programs, Loop& loop) {
    Handler run =
        change_at_once([&programs](Call& call) { return before_run(programs, call); }, {});
    run.act = [&programs, &loop](Call& call, const Value&) {
        return act_run(programs, loop, call);
    };
    run.look = [&programs, &loop](Call& call, const Value&) {
        return look_run(programs, loop, call);
    };
    handlers["run"] = std::move(run);
    handlers["inspect"].observe = [&programs, &loop](Call& call) {
        return inspect(programs, loop, call);
    };
}

}  // namespace perilune
