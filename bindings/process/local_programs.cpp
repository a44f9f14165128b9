#include "bindings/process/local_programs.h"

#include <unistd.h>

#include "interpreter/base/digest.h"

namespace perilune {

namespace {

std::string last_line(std::string_view piece) {
    while (!piece.empty() && (piece.back() == '\n' || piece.back() == '\r')) piece.remove_suffix(1);
    const auto begin = piece.find_last_of("\r\n");
    if (begin != std::string_view::npos) piece.remove_prefix(begin + 1);
    return std::string(piece.substr(0, 500));
}

}  // namespace

std::string LocalPrograms::key_folder(const std::string& key) const {
    return folder + "/keys/" + to_hex(sha256(target + '\n' + key)).substr(0, 32);
}

Result<std::string> place_of(const LocalPrograms& local) {
    const std::string path = local.folder + "/place";
    if (auto text = read_file(path, 100)) return text;
    for (const std::string& below : {std::string(), std::string("/runs"), std::string("/keys")})
        if (const auto made = make_folders(local.folder + below, 0700); !made) return made.error();
    const std::string candidate = path + "." + to_hex(random_bytes(8));
    if (const auto written = write_file_durably(candidate, to_hex(random_bytes(16)), 0600);
        !written)
        return written.error();
    // The first of several hosts that come here at once wins; the others read what it wrote.
    [[maybe_unused]] const int linked = ::link(candidate.c_str(), path.c_str());
    ::unlink(candidate.c_str());
    if (const auto synced = sync_folder(local.folder); !synced) return synced.error();
    return read_file(path, 100);
}

std::string show_invocation(const Call& call) {
    std::string shown = call.arguments["program"].text();
    for (const auto& argument : call.arguments["arguments"].list()) shown += " " + argument.text();
    return shown.size() <= 200 ? shown : shown.substr(0, 200) + "…";
}

Value exit_value(const KeptStatus& status) {
    Value exit;
    exit.set("exit_code", status.exit_code).set("output", status.output);
    exit.set("errors", status.errors).set("truncated", status.truncated);
    exit.set("took_s", status.took_s);
    return exit;
}

Value exit_value(const Ended& ended) {
    Value exit;
    exit.set("exit_code", ended.exit_code).set("output", ended.output);
    exit.set("errors", ended.errors).set("truncated", ended.truncated);
    exit.set("took_s", ended.took_s);
    return exit;
}

bool is_expected(const DeclaredProgram& program, const Call& call, int exit_code) {
    if (exit_code == call.arguments["expect_exit"].integer()) return true;
    for (const int also : program.expect_exit)
        if (exit_code == also) return true;
    return false;
}

Error exit_status_error(const Call& call, int exit_code, Value exit) {
    Error error =
        fail("exit_status", "The program " + show_invocation(call) + " of " + call.target +
                                " ended with exit code " + std::to_string(exit_code) +
                                ". Its output and errors "
                                "are in the error's detail.");
    const std::string said = last_line(exit["errors"].text());
    if (!said.empty()) error.message += " It said last: " + said;
    error.detail = std::move(exit);
    return error;
}

Awaitable<Ended> start_keeper(SharedPrograms local, KeeperStart start, double deadline_s) {
    Program keeper;
    keeper.argv = {local->supervisor, "keep", start.folder};
    keeper.environment = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8"};
    keeper.input = std::move(start.program);
    keeper.inherited_fd = start.lock->get();
    keeper.output_max = 4096;
    keeper.on_start = [lock = start.lock](int) { lock->close(); };
    // A program that is being started is not left half started: a stop waits for it.
    const auto never_asked = std::make_shared<Cancel>();
    co_return co_await run_program(local->loop, std::move(keeper), never_asked, deadline_s);
}

Awaitable<bool> poll_until(Loop& loop, Work<bool> ready, double until_s,
                           std::shared_ptr<Cancel> cancel) {
    double pause_s = 0.01;
    for (;;) {
        const bool is_ready = co_await off_loop<bool>(loop, ready);
        if (is_ready) co_return true;
        const double now_s = boot_now_s();
        if (now_s >= until_s || cancel->asked()) co_return false;
        co_await wait_until(loop, std::min(now_s + pause_s, until_s));
        pause_s = std::min(pause_s * 1.5, 0.5);
    }
}

}  // namespace perilune
