// run and inspect over ssh: a program of another host to its end, and what became of it.
#include <algorithm>

#include "bindings/process/ssh_programs.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/shell_words.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

// A program that is told to stop has 5 s. Less than ssh_overtime_s: an answer also has its way.
constexpr double stop_within_s = 6;
constexpr std::size_t answer_extra_bytes = 1 << 18;

std::size_t kept_bytes(const DeclaredProgram& program, const Call& call) {
    return std::min(program.output_max,
                    static_cast<std::size_t>(call.arguments["output_max"].integer()));
}

std::size_t answer_bytes(std::size_t kept) { return kept * 3 + answer_extra_bytes; }

SshRun make_run(const std::string& id, const DeclaredProgram& program, const Call& call) {
    SshRun run;
    run.id = id;
    run.output_max = kept_bytes(program, call);
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, "%.3f", std::max(0.0, call.deadline_s - boot_now_s()));
    run.deadline = seconds;
    run.note.set("target", call.target).set("program", program.name);
    note_secrets(run.note, program, call);
    return run;
}

// Begins the run unless somebody did, and stays until its end.
std::string run_commands(const SshRun& run, double deadline_s) {
    return "run=$base/runs/" + run.id + "\nbegin\nfollow_and_hear " +
           whole_seconds(deadline_s - boot_now_s() + stop_within_s) + "\nreport " +
           std::to_string(run.output_max);
}

// A program that is run at a place is not run at another, where nobody would know of it.
std::string only_at(const std::string& place) {
    return "[ \"$(cat \"$base/place\")\" = " + quote_word(place) +
           " ] || refuse other_place 'The state folder or the machine is another one now.'\n";
}

SshScript talking(std::string text, std::size_t kept, Call& call) {
    SshScript script;
    script.text = std::move(text);
    script.until_s = call.deadline_s + ssh_overtime_s;
    script.answer_max = answer_bytes(kept);
    script.on_stop = OnStop::tell_script;
    script.said = [&call](std::string_view piece) { call.tell(std::string(piece)); };
    return script;
}

Awaitable<Result<Before>> before_run(SharedSsh programs, Call& call) {
    const auto permitted = permit_over_ssh(*programs, call);
    if (!permitted) co_return permitted.error();
    const SshAnswer answer =
        co_await ask_over_ssh(programs, call, "settle", call.deadline_s, answer_extra_bytes);
    if (!answer.ok) co_return answer.error;
    Before before;
    before.state.set("place", answer["place"]).set("machine", answer["machine"]);
    before.state.set("boot", answer["boot"]);
    before.plan = show_invocation(call);
    co_return before;
}

Outcome outcome_of_found(const DeclaredProgram& program, const Call& call, const SshFound& found) {
    const std::string whose = "The program " + show_invocation(call) + " of " + call.target;
    if (found.goes_on())
        return Outcome::unknown(fail("still_running",
                                     whose + " was started for this intent and still runs.",
                                     Retry::unknown));
    if (found.state != SshFound::State::over)
        return Outcome::unknown(fail("end_unknown",
                                     whose + " runs no more, and nothing says how it ended.",
                                     Retry::unknown));
    if (const auto opened = open_noted(found.status.note, call); !opened)
        return Outcome::unknown(opened.error());
    return outcome_of(program, call, found.status);
}

Awaitable<Outcome> act_run(SharedSsh programs, Call& call, const Value& before) {
    const auto permitted = permit_over_ssh(*programs, call);
    if (!permitted) co_return Outcome::failed(permitted.error());
    const DeclaredProgram& program = **permitted;
    if (call.cancel->asked())
        co_return Outcome::not_sent(fail(
            "stopped",
            "A stop was asked for before the program " + show_invocation(call) + " was started.",
            Retry::safe));
    const SshRun run = make_run(ssh_run_id(call.key), program, call);
    const Work<Result<std::string>> making = [&] {
        return ssh_run_script(*programs, program, call, run,
                              only_at(before["place"].text()) + run_commands(run, call.deadline_s));
    };
    auto text = co_await off_loop(programs->loop(), making);
    if (!text) co_return Outcome::failed(text.error());
    SshScript script = talking(std::move(*text), run.output_max, call);
    const SshAnswer answer = co_await talk(programs->line, std::move(script), call);
    if (!answer.ok) co_return unanswered(answer.error);
    const SshFound found = ssh_found(answer);
    const std::string& last =
        found.status.output.empty() ? found.status.errors : found.status.output;
    if (found.state == SshFound::State::over && !last.empty())
        call.tell(last.substr(last.size() - std::min<std::size_t>(last.size(), 500)));
    co_return outcome_of_found(program, call, found);
}

Sighting cannot_tell(std::string evidence) {
    Sighting sighting;
    sighting.evidence = std::move(evidence);
    return sighting;
}

Sighting sight(const SshPrograms& programs, const Call& call, const Value& before,
               const SshFound& found) {
    const std::string host = programs.line.host.show();
    const std::string begun = "It was begun on " + host + " at " +
                              show_time(found.status.started_at) + " as process " +
                              std::to_string(found.status.pid);
    Sighting did_not;
    did_not.kind = Sighting::Kind::did_not;
    if (found.place != before["place"].text())
        return cannot_tell(
            "It was started, if at all, in another state folder or on another "
            "machine (" +
            before["machine"].text() + ") than " + host + " is now: look there.");
    if (found.goes_on())
        return cannot_tell("It still runs. " + begun +
                           ". Wait for it and resume again, or end it.");
    if (found.state == SshFound::State::absent) {
        if (found.boot != before["boot"].text())
            return cannot_tell(host +
                               " has been started anew since: that the program was started "
                               "may have been written down and lost with it.");
        did_not.evidence = "Nobody began it on " + host +
                           ": its state folder there does not "
                           "name it.";
        return did_not;
    }
    if (found.state == SshFound::State::lost)
        return cannot_tell(begun +
                           " and runs no more; its keeper ended before it, or the machine "
                           "was started anew, so that nothing says how it ended.");
    const auto permitted = permit_over_ssh(programs, call);
    if (!permitted)
        return cannot_tell("It ended with exit code " + std::to_string(found.status.exit_code) +
                           ", but the environment no longer declares the program.");
    if (const auto opened = open_noted(found.status.note, call); !opened)
        return cannot_tell(opened.error().message + " Resume again when it can be.");
    const Outcome outcome = outcome_of(**permitted, call, found.status);
    // `act` answers with this failure and starts nothing.
    if (outcome.kind != Outcome::Kind::done) {
        did_not.evidence = "It will not be started again: " + outcome.error.message;
        return did_not;
    }
    Sighting sighting;
    sighting.kind = Sighting::Kind::happened;
    sighting.value = outcome.value;
    sighting.evidence = begun + " and ended with exit code " +
                        std::to_string(found.status.exit_code) + "; its folder there says so.";
    return sighting;
}

Awaitable<Sighting> look_run(SharedSsh programs, Call& call, const Value& before) {
    const auto permitted = permit_over_ssh(*programs, call);
    const std::size_t kept = permitted ? kept_bytes(**permitted, call) : 0;
    const std::string commands = "run=$base/runs/" + ssh_run_id(call.key) + "\nfollow " +
                                 whole_seconds(call.deadline_s - boot_now_s() - 1) + "\nreport " +
                                 std::to_string(kept);
    const SshAnswer answer = co_await ask_over_ssh(
        programs, call, commands, call.deadline_s + ssh_overtime_s, answer_bytes(kept));
    if (!answer.ok) co_return cannot_tell(answer.error.message);
    co_return sight(*programs, call, before, ssh_found(answer));
}

Awaitable<Result<Value>> inspect(SharedSsh programs, Call& call) {
    const auto permitted = permit_over_ssh(*programs, call);
    if (!permitted) co_return permitted.error();
    const DeclaredProgram& program = **permitted;
    const SshRun run = make_run("inspect-" + to_hex(random_bytes(16)), program, call);
    const Work<Result<std::string>> making = [&] {
        return ssh_run_script(
            *programs, program, call, run,
            "settle\n" + run_commands(run, call.deadline_s) + "\nrm -rf \"$run\"");
    };
    auto text = co_await off_loop(programs->loop(), making);
    if (!text) co_return text.error();
    SshScript script = talking(std::move(*text), run.output_max, call);
    const SshAnswer answer = co_await talk(programs->line, std::move(script), call);
    if (!answer.ok) co_return of_a_question(answer.error);
    const KeptStatus status = ssh_found(answer).status;
    if (!status.over() || status.stopped)
        co_return fail("timed_out",
                       "The program " + show_invocation(call) + " of " + call.target +
                           " had not ended when its time was over, and was stopped.",
                       Retry::safe);
    Value exit = exit_value(status);
    if (!is_expected(program, call, status.exit_code))
        co_return exit_status_error(call, status.exit_code, std::move(exit));
    co_return exit;
}

}  // namespace

Handler ssh_run_handler(SharedSsh programs) {
    Handler made;
    made.before = [programs](Call& call) { return before_run(programs, call); };
    made.act = [programs](Call& call, const Value& before) {
        return act_run(programs, call, before);
    };
    made.look = [programs](Call& call, const Value& before) {
        return look_run(programs, call, before);
    };
    return made;
}

Handler ssh_inspect_handler(SharedSsh programs) {
    Handler made;
    made.observe = [programs](Call& call) { return inspect(programs, call); };
    return made;
}

}  // namespace perilune
