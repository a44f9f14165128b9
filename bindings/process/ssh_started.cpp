// start, stop and status over ssh: programs that go on after the run, found by the runbook's key.
#include <algorithm>

#include "bindings/process/ssh_programs.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr std::size_t log_bytes_max = 1 << 20;  // At least so much is kept of each stream.
constexpr std::size_t answer_bytes = 1 << 20;

Value note_of(const Call& call) {
    Value note;
    note.set("target", call.target).set("key", call.arguments["key"]);
    note.set("program", call.arguments["program"]).set("arguments", call.arguments["arguments"]);
    return note;
}

// What `before` and `after` hold: undo compares them, and `look` needs the place and the boot.
Value key_state(const SshFound& found, const Call& call) {
    Value state;
    state.set("key", call.arguments["key"]).set("place", found.place).set("boot", found.boot);
    if (found.state == SshFound::State::absent || found.status.state == KeptStatus::State::refused)
        return state.set("state", "absent");
    state.set("state", found.goes_on() ? "running" : "ended");
    state.set("program", found.status.note["program"]);
    return state.set("started_at", found.status.started_at);
}

Value started_value(const Call& call, const SshFound& found, bool changed) {
    Value value;
    value.set("changed", changed).set("key", call.arguments["key"]);
    value.set("pid", found.status.pid).set("started_at", found.status.started_at);
    return value;
}

std::string find_commands(const SshPrograms& programs, const Call& call) {
    return "find_key " + ssh_key_id(programs, call.arguments["key"].text()) + "\n";
}

std::string report_commands() { return "report " + std::to_string(ssh_tail_bytes_max); }

Error already_running(const Call& call, const SshFound& found) {
    return fail("already_running",
                "Another program, " + found.status.note["program"].text() + ", already runs as " +
                    call.arguments["key"].text() + " on " + call.target + ", since " +
                    show_time(found.status.started_at) + ". Stop it first, or use another key.");
}

Awaitable<Result<Before>> before_start(SharedSsh programs, Call& call) {
    const auto permitted = permit_over_ssh(*programs, call);
    if (!permitted) co_return permitted.error();
    const SshAnswer answer = co_await ask_over_ssh(
        programs, call, "settle\n" + find_commands(*programs, call) + report_commands(),
        call.deadline_s, answer_bytes);
    if (!answer.ok) co_return answer.error;
    const SshFound found = ssh_found(answer);
    Before before;
    before.sign = '+';
    before.plan = show_invocation(call);
    before.state = key_state(found, call);
    if (!found.goes_on()) co_return before;
    if (!(without_secrets(found.status.note) == note_of(call)))
        co_return already_running(call, found);
    before.already_so = true;
    before.result = started_value(call, found, false);
    co_return before;
}

Awaitable<Outcome> act_start(SharedSsh programs, Call& call) {
    const auto permitted = permit_over_ssh(*programs, call);
    if (!permitted) co_return Outcome::failed(permitted.error());
    const DeclaredProgram& program = **permitted;
    SshRun run;
    run.id = ssh_run_id(call.key);
    run.output_max = log_bytes_max;
    run.is_log = true;
    run.note = note_of(call);
    note_secrets(run.note, program, call);
    const Work<Result<std::string>> making = [&] {
        return ssh_run_script(*programs, program, call, run,
                              "settle\nbegin_as_key " +
                                  ssh_key_id(*programs, call.arguments["key"].text()) + " " +
                                  run.id + "\n" + report_commands());
    };
    auto text = co_await off_loop(programs->loop(), making);
    if (!text) co_return Outcome::failed(text.error());
    SshScript script;
    script.text = std::move(*text);
    script.until_s = call.deadline_s + ssh_overtime_s;
    script.answer_max = answer_bytes;
    script.on_stop = OnStop::tell_script;  // Which does not hear it: what starts is not cut off.
    const SshAnswer answer = co_await talk(programs->line, std::move(script), call);
    if (!answer.ok) co_return unanswered(answer.error);
    const SshFound found = ssh_found(answer);
    if (answer.has("occupied")) co_return Outcome::failed(already_running(call, found));
    if (found.status.state == KeptStatus::State::refused)
        co_return Outcome::failed(fail("not_started", found.status.error, Retry::safe));
    if (found.state == SshFound::State::starting || found.state == SshFound::State::absent)
        co_return Outcome::unknown(fail("end_unknown",
                                        "The program " + show_invocation(call) + " of " +
                                            call.target + " was claimed and has not begun yet.",
                                        Retry::unknown));
    co_return Outcome::done(started_value(call, found, true), key_state(found, call));
}

Awaitable<Sighting> look_start(SharedSsh programs, Call& call, const Value& before) {
    const SshAnswer answer = co_await ask_over_ssh(
        programs, call, "run=$base/runs/" + ssh_run_id(call.key) + "\n" + report_commands(),
        call.deadline_s + ssh_overtime_s, answer_bytes);
    Sighting sighting;
    const SshFound found = ssh_found(answer);
    const std::string host = programs->line.host.show();
    if (!answer.ok) {
        sighting.evidence = answer.error.message;
    } else if (found.place != before["place"].text()) {
        sighting.evidence =
            "It was started, if at all, in another state folder or on another "
            "machine than " +
            host + " is now: look there.";
    } else if (found.state == SshFound::State::starting) {
        sighting.evidence = "Its keeper on " + host + " hangs, or is about to start it.";
    } else if (found.state == SshFound::State::absent && found.boot != before["boot"].text()) {
        sighting.evidence = host + " has been started anew since, and its folder may be lost.";
    } else if (found.state == SshFound::State::lost && found.status.pid == 0) {
        sighting.evidence = "It was claimed on " + host +
                            ", and its keeper ended before it said "
                            "whether it had started the program.";
    } else if (found.state == SshFound::State::absent ||
               found.status.state == KeptStatus::State::refused) {
        sighting.kind = Sighting::Kind::did_not;
        sighting.evidence = "No program runs or ran for this intent on " + host + ".";
    } else {
        sighting.kind = Sighting::Kind::happened;
        sighting.value = started_value(call, found, true);
        sighting.after = key_state(found, call);
        sighting.evidence =
            "It runs or ran on " + host + " as process " + std::to_string(found.status.pid) + ".";
    }
    co_return sighting;
}

Error not_found(const Call& call) {
    return fail("not_found", "No program was ever started as " + call.arguments["key"].text() +
                                 " on " + call.target + ".");
}

bool was_started(const SshFound& found) {
    return found.state != SshFound::State::absent &&
           found.status.state != KeptStatus::State::refused;
}

Awaitable<Result<Before>> before_stop(SharedSsh programs, Call& call) {
    const SshAnswer answer =
        co_await ask_over_ssh(programs, call, find_commands(*programs, call) + report_commands(),
                              call.deadline_s, answer_bytes);
    if (!answer.ok) co_return answer.error;
    const SshFound found = ssh_found(answer);
    if (!was_started(found)) co_return not_found(call);
    const auto opened = open_noted(found.status.note, call);
    if (!opened) co_return opened.error();
    Before before;
    before.sign = '-';
    before.plan = "stop " + call.arguments["key"].text();
    before.state = key_state(found, call);
    before.already_so = found.state == SshFound::State::over;
    if (before.already_so) {
        before.result = exit_value(found.status);
        before.result.set("changed", false);
    }
    co_return before;
}

Awaitable<Outcome> act_stop(SharedSsh programs, Call& call) {
    const double grace_s = call.arguments["grace"].number();
    SshScript script;
    script.text =
        ssh_script(*programs, find_commands(*programs, call) + "end_key " + whole_seconds(grace_s) +
                                  " " + whole_seconds(grace_s * 10) + "\n" + report_commands());
    script.until_s = call.deadline_s + ssh_overtime_s;
    script.answer_max = answer_bytes;
    // A stop of this operation does not take back that the program was told to end.
    script.on_stop = OnStop::tell_script;
    const SshAnswer answer = co_await talk(programs->line, std::move(script), call);
    if (!answer.ok) co_return unanswered(answer.error);
    const SshFound found = ssh_found(answer);
    if (!was_started(found)) co_return Outcome::failed(not_found(call));
    if (found.state != SshFound::State::over)
        co_return Outcome::unknown(fail("timed_out",
                                        "The program started as " + call.arguments["key"].text() +
                                            " on " + call.target +
                                            " was told to stop and still runs as process " +
                                            std::to_string(found.status.pid) + ".",
                                        Retry::unknown));
    if (const auto opened = open_noted(found.status.note, call); !opened)
        co_return Outcome::unknown(opened.error());
    Value value = exit_value(found.status);
    value.set("changed", true);
    co_return Outcome::done(std::move(value), key_state(found, call));
}

Awaitable<Result<Value>> status_over_ssh(SharedSsh programs, Call& call) {
    const SshAnswer answer = co_await ask_over_ssh(
        programs, call, find_commands(*programs, call) + "report 0", call.deadline_s, answer_bytes);
    if (!answer.ok) co_return answer.error;
    const SshFound found = ssh_found(answer);
    if (!was_started(found)) co_return Value();
    Value value;
    value.set("program", found.status.note["program"]);
    value.set("started_at", found.status.started_at);
    value.set("state", found.goes_on()                        ? "running"
                       : found.state == SshFound::State::lost ? "unknown"
                                                              : "ended");
    if (found.goes_on()) value.set("pid", found.status.pid);
    if (found.status.over()) value.set("exit_code", found.status.exit_code);
    co_return value;
}

}  // namespace

Handler ssh_start_handler(SharedSsh programs) {
    Handler made;
    made.before = [programs](Call& call) { return before_start(programs, call); };
    made.act = [programs](Call& call, const Value&) { return act_start(programs, call); };
    made.look = [programs](Call& call, const Value& before) {
        return look_start(programs, call, before);
    };
    made.restore = [](const Call& call, const Value&,
                      const Value& result) -> std::optional<Restore> {
        if (!result["changed"].boolean()) return std::nullopt;
        Value arguments;
        arguments.set("key", call.arguments["key"]);
        return Restore{"stop", arguments};
    };
    return made;
}

Handler ssh_stop_handler(SharedSsh programs) {
    Handler made;
    made.before = [programs](Call& call) { return before_stop(programs, call); };
    made.act = [programs](Call& call, const Value&) { return act_stop(programs, call); };
    return made;
}

Handler ssh_status_handler(SharedSsh programs) {
    Handler made;
    made.observe = [programs](Call& call) { return status_over_ssh(programs, call); };
    return made;
}

}  // namespace perilune
