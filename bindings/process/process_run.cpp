// run: a program to its end, once, and how it ended even where the host did not live to see it.
//
// The keeper of the host starts it and writes down that it starts, that it runs and how it ended.
// What is asked for again, by a host that comes later or by a person's leave, is first looked up
// there: a second start of one intent happens only by a person's leave.
#include <algorithm>
#include <filesystem>

#include "bindings/process/local_programs.h"
#include "interpreter/base/kept_runs.h"

namespace perilune {

namespace {

constexpr std::chrono::hours keep_logs_for{90 * 24};

Outcome left_some(Error error) {
    Outcome outcome = Outcome::failed(std::move(error));
    outcome.left_some = true;
    return outcome;
}

std::string machine_name() {
    const auto name = read_file("/proc/sys/kernel/hostname", 256);
    return name ? name->substr(0, name->find('\n')) : std::string();
}

void remove_old_logs(const std::string& folder) {
    std::error_code code;
    const auto oldest = std::filesystem::file_time_type::clock::now() - keep_logs_for;
    for (const auto& entry : std::filesystem::directory_iterator(folder, code))
        if (entry.last_write_time(code) < oldest) std::filesystem::remove(entry.path(), code);
}

// What `look` needs to judge what it finds and what it misses: where it was started, if at all, in
// which boot of the machine, and the log that will be there when it has been.
Result<Value> make_standing(const LocalPrograms& local) {
    const auto place = place_of(local);
    if (!place) return place.error();
    remove_old_logs(local.runs_folder());
    if (const auto log = open_run_log(local.runs_folder(), local.keeper->log()); !log)
        return log.error();
    Value standing;
    standing.set("place", *place).set("machine", machine_name());
    standing.set("boot", boot_id()).set("log", local.keeper->log());
    return standing;
}

Awaitable<Result<Before>> before_run(SharedPrograms local, Call& call) {
    const auto permitted = permit(local->declared, call);
    if (!permitted) co_return permitted.error();
    if (local->standing->is_nil()) {
        const Work<Result<Value>> making = [&] { return make_standing(*local); };
        auto made = co_await off_loop(local->loop, making);
        if (!made) co_return made.error();
        *local->standing = std::move(*made);
    }
    Before before;
    before.state = *local->standing;
    before.plan = show_invocation(call);
    co_return before;
}

// What an earlier try of the same intent came to; nothing where another may be made.
std::optional<Outcome> find_earlier(const LocalPrograms& local, const Call& call,
                                    const DeclaredProgram& program) {
    // In this order: a program that ends between the two is seen as ended.
    const bool held = run_is_held(local.runs_folder(), call.key);
    const auto status = find_run(local.runs_folder(), call.key);
    if (status && status->over()) {
        if (const auto opened = open_noted(status->note, call); !opened)
            return Outcome::unknown(opened.error());
        return outcome_of(program, call, *status);
    }
    if (!held) return std::nullopt;
    return Outcome::unknown(fail("still_running",
                                 "The program " + show_invocation(call) + " of " + call.target +
                                     " was started for this intent before and still runs.",
                                 Retry::unknown));
}

// What a keeper that is dead has left of the program it was given.
Outcome find_left(const LocalPrograms& local, const Call& call, const DeclaredProgram& program,
                  const std::string& message) {
    if (auto earlier = find_earlier(local, call, program)) return std::move(*earlier);
    if (find_run(local.runs_folder(), call.key))
        return Outcome::unknown(fail("end_unknown", message, Retry::unknown));
    return Outcome::failed(fail("not_started", message + " It was not started.", Retry::safe));
}

bool holds_secret(const DeclaredProgram& program, const Call& call) {
    const auto is_secret = [](const auto& variable) { return variable.second.is_secret(); };
    const Map& given = call.arguments["environment"].map();
    return call.arguments["input"].is_secret() ||
           std::any_of(program.environment.begin(), program.environment.end(), is_secret) ||
           std::any_of(given.begin(), given.end(), is_secret);
}

Result<KeptProgram> make_kept(const Call& call, const DeclaredProgram& program) {
    auto invocation = make_invocation(program, call);
    if (!invocation) return invocation.error();
    KeptProgram kept;
    kept.label = call.key;
    kept.argv = std::move(invocation->argv);
    kept.environment = std::move(invocation->environment);
    kept.input = std::move(invocation->input);
    kept.folder = program.folder;
    kept.deadline_s = call.deadline_s;
    kept.output_max = std::min(program.output_max,
                               static_cast<std::size_t>(call.arguments["output_max"].integer()));
    kept.note.set("target", call.target).set("program", program.name);
    note_secrets(kept.note, program, call);
    return kept;
}

Awaitable<Outcome> act_run(SharedPrograms local, Call& call, const Value& before) {
    const auto permitted = permit(local->declared, call);
    if (!permitted) co_return Outcome::failed(permitted.error());
    const DeclaredProgram& program = **permitted;
    const std::string shown = show_invocation(call);
    if (call.cancel->asked())
        co_return Outcome::not_sent(
            fail("stopped", "A stop was asked for before the program " + shown + " was started.",
                 Retry::safe));
    // An intent of this host whose program was never handed over has no earlier try.
    if (before["log"].text() != local->keeper->log() || local->keeper->was_given(call.key)) {
        const Work<std::optional<Outcome>> finding = [&] {
            return find_earlier(*local, call, program);
        };
        auto earlier = co_await off_loop(local->loop, finding);
        if (earlier) co_return std::move(*earlier);
    }
    // Opening a secret may wait for its provider; nothing else here waits.
    Work<Result<KeptProgram>> opening = [&] { return make_kept(call, program); };
    Result<KeptProgram> kept = KeptProgram();
    if (holds_secret(program, call))
        kept = co_await off_loop(local->loop, opening);
    else
        kept = opening();
    if (!kept) co_return Outcome::failed(kept.error());
    const auto status = co_await local->keeper->run(std::move(*kept), call);
    if (status) co_return outcome_of(program, call, *status);
    const Error& error = status.error();
    const std::string message =
        "The program " + shown + " of " + call.target + ": " + error.message;
    if (error.code == "keeper_lost") {
        const Work<Outcome> finding = [&] { return find_left(*local, call, program, message); };
        co_return co_await off_loop(local->loop, finding);
    }
    if (error.code == "keeper_silent" || error.code == "still_running")
        co_return Outcome::unknown(fail(error.code, message, Retry::unknown));
    co_return Outcome::failed(fail(error.code, message, Retry::safe));
}

}  // namespace

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

Handler run_handler(SharedPrograms local) {
    Handler made;
    made.before = [local](Call& call) { return before_run(local, call); };
    made.act = [local](Call& call, const Value& before) { return act_run(local, call, before); };
    made.look = [local](Call& call, const Value& before) { return look_run(local, call, before); };
    return made;
}

}  // namespace perilune
