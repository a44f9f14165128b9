// Programs of the simulated driver that go on by themselves: start, stop, status, output and
// wait_ended.
#include "bindings/process/simulated_programs.h"
#include "interpreter/base/simulated_handlers.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

const std::string& key_of(const Call& call) { return call.arguments["key"].text(); }

SimulatedExecution* find_key(SimulatedPrograms& programs, const Call& call) {
    const auto found = programs.started.find(key_of(call));
    return found == programs.started.end() ? nullptr : &found->second;
}

// What `before` and `after` hold: undo compares them.
Value key_state(const SimulatedExecution* found, const std::string& key) {
    Value state;
    state.set("key", key);
    if (!found) return state.set("state", "absent");
    const KeptStatus status = found->at(wall_now_s());
    state.set("state", found->lost || status.over() ? "ended" : "running");
    state.set("program", status.note["program"]);
    return state.set("started_at", status.started_at);
}

Value started_value(const Call& call, const SimulatedExecution& found, bool changed) {
    Value value;
    value.set("changed", changed).set("key", key_of(call));
    return value.set("pid", found.status.pid).set("started_at", found.status.started_at);
}

bool runs(const SimulatedExecution* found) {
    return found && !found->lost && !found->at(wall_now_s()).over();
}

Result<Before> before_start(SimulatedPrograms& programs, Call& call) {
    const auto permitted = permit(programs.declared, call);
    if (!permitted) return permitted.error();
    const SimulatedExecution* found = find_key(programs, call);
    Before before;
    before.sign = '+';
    before.plan = show_invocation(call);
    before.state = key_state(found, key_of(call));
    if (!runs(found)) return before;
    const Value& note = found->status.note;
    if (note["program"] != call.arguments["program"] ||
        note["arguments"] != call.arguments["arguments"])
        return fail("already_running", "Another program, " + note["program"].text() +
                                           ", already runs as " + key_of(call) + " on " +
                                           call.target + ", since " +
                                           show_time(found->status.started_at) +
                                           ". Stop it first, or use another key.");
    before.already_so = true;
    before.result = started_value(call, *found, false);
    return before;
}

Outcome act_start(SimulatedPrograms& programs, Call& call) {
    const auto permitted = permit(programs.declared, call);
    if (!permitted) return Outcome::failed(permitted.error());
    const SimulatedExecution* found = find_key(programs, call);
    // An earlier try of this very intent started it; never a second start.
    if (!found || found->status.label != call.key) {
        if (runs(found))
            return Outcome::failed(
                fail("still_running", "Another program runs as " + key_of(call) + " meanwhile."));
        auto made = programs.start(**permitted, call);
        if (!made) return Outcome::failed(made.error());
        if (made->status.state == KeptStatus::State::refused)
            return Outcome::failed(fail("not_started", made->status.error));
        found = &programs.started.insert_or_assign(key_of(call), std::move(*made)).first->second;
    }
    return Outcome::done(started_value(call, *found, true), key_state(found, key_of(call)));
}

Sighting look_start(SimulatedPrograms& programs, Call& call) {
    Sighting sighting;
    const SimulatedExecution* found = find_key(programs, call);
    if (!found || found->status.label != call.key) {
        sighting.kind = Sighting::Kind::did_not;
        sighting.evidence = "No program runs or ran for this intent as " + key_of(call) + ".";
        return sighting;
    }
    sighting.kind = Sighting::Kind::happened;
    sighting.value = started_value(call, *found, true);
    sighting.after = key_state(found, key_of(call));
    sighting.evidence = "It runs or ran as process " + std::to_string(found->status.pid) + ".";
    return sighting;
}

std::optional<Restore> restore_start(const Call& call, const Value&, const Value& result) {
    if (!result["changed"].boolean()) return std::nullopt;
    return Restore{"stop", Value().set("key", call.arguments["key"])};
}

Error not_found(const Call& call) {
    return fail("not_found",
                "No program was ever started as " + key_of(call) + " on " + call.target + ".");
}

Result<Before> before_stop(SimulatedPrograms& programs, Call& call) {
    const SimulatedExecution* found = find_key(programs, call);
    if (!found) return not_found(call);
    if (const auto opened = open_noted(found->status.note, call); !opened) return opened.error();
    Before before;
    before.sign = '-';
    before.plan = "stop " + key_of(call);
    before.state = key_state(found, key_of(call));
    before.already_so = !runs(found);
    if (before.already_so)
        before.result = exit_value(found->at(wall_now_s())).set("changed", false);
    return before;
}

Awaitable<Outcome> act_stop(SimulatedPrograms& programs, Loop& loop, Call& call) {
    SimulatedExecution* found = find_key(programs, call);
    if (!found) co_return Outcome::failed(not_found(call));
    programs.stop(*found, call.arguments["grace"].number());
    const std::function<Result<Value>()> over = [&programs, &call]() -> Result<Value> {
        return runs(find_key(programs, call)) ? Value() : Value(true);
    };
    // A stop of this operation does not take back that the program was told to end.
    auto waiting = wait_for_value(loop, call.deadline_s, std::make_shared<Cancel>(), over);
    co_await waiting;
    found = find_key(programs, call);
    if (runs(found))
        co_return Outcome::unknown(fail("timed_out",
                                        "The program started as " + key_of(call) + " on " +
                                            call.target + " was told to stop and still runs.",
                                        Retry::unknown));
    Value value = exit_value(found->at(wall_now_s()));
    co_return Outcome::done(value.set("changed", true), key_state(found, key_of(call)));
}

Result<Value> status(SimulatedPrograms& programs, Call& call) {
    const SimulatedExecution* found = find_key(programs, call);
    if (!found) return Value();
    const KeptStatus now = found->at(wall_now_s());
    Value value;
    value.set("program", now.note["program"]).set("started_at", now.started_at);
    value.set("state", found->lost ? "unknown" : now.over() ? "ended" : "running");
    if (runs(found)) value.set("pid", now.pid);
    if (now.over()) value.set("exit_code", now.exit_code);
    return value;
}

void add_lines(List& lines, const std::string& text, const char* source, double at) {
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find('\n', begin), text.size());
        Value line;
        line.set("at", at).set("source", source);
        lines.push_back(line.set("text", text.substr(begin, end - begin)));
        begin = end + 1;
    }
}

Result<Value> output(SimulatedPrograms& programs, Call& call) {
    const SimulatedExecution* found = find_key(programs, call);
    List lines;
    if (found) {
        if (const auto opened = open_noted(found->status.note, call); !opened)
            return opened.error();
        add_lines(lines, found->status.output, "stdout", found->status.started_at);
        add_lines(lines, found->status.errors, "stderr", found->status.started_at);
    }
    const auto most =
        static_cast<std::size_t>(std::max<std::int64_t>(0, call.arguments["lines_max"].integer()));
    const bool truncated = lines.size() > most;
    if (truncated) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(most));
    Value log;
    return log.set("lines", std::move(lines)).set("truncated", truncated);
}

Awaitable<Result<Value>> wait_ended(SimulatedPrograms& programs, Loop& loop, Call& call) {
    const double within_s = call.arguments["within"].number();
    const std::function<Result<Value>()> ended = [&programs, &call]() -> Result<Value> {
        const SimulatedExecution* found = find_key(programs, call);
        if (!found) return not_found(call);
        if (found->lost)
            return fail("end_unknown", "The program started as " + key_of(call) + " on " +
                                           call.target + " runs no more: its machine went down.");
        const KeptStatus now = found->at(wall_now_s());
        if (const auto opened = open_noted(now.note, call); !opened) return opened.error();
        return now.over() ? exit_value(now) : Value();
    };
    auto waiting = wait_for_value(loop, std::min(call.deadline_s, boot_now_s() + within_s),
                                  call.cancel, ended);
    auto found = co_await waiting;
    if (!found || !found->is_nil()) co_return found;
    co_return fail("timed_out",
                   "The program started as " + key_of(call) + " on " + call.target +
                       " still runs after " + show_duration(within_s) + ".",
                   Retry::safe);
}

}  // namespace

void add_simulated_started(std::map<std::string, Handler, std::less<>>& handlers,
                           SimulatedPrograms& programs, Loop& loop) {
    handlers["start"] =
        change_at_once([&programs](Call& call) { return before_start(programs, call); },
                       [&programs](Call& call, const Value&) { return act_start(programs, call); },
                       [&programs](Call& call, const Value&) { return look_start(programs, call); },
                       restore_start);
    Handler stop =
        change_at_once([&programs](Call& call) { return before_stop(programs, call); }, {});
    stop.act = [&programs, &loop](Call& call, const Value&) {
        return act_stop(programs, loop, call);
    };
    handlers["stop"] = std::move(stop);
    handlers["status"] =
        observe_at_once([&programs](Call& call) { return status(programs, call); });
    handlers["output"] =
        observe_at_once([&programs](Call& call) { return output(programs, call); });
    handlers["wait_ended"].observe = [&programs, &loop](Call& call) {
        return wait_ended(programs, loop, call);
    };
}

}  // namespace perilune
