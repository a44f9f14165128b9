// What started programs say and when they end: output and wait_ended.
#include "bindings/process/local_programs.h"
#include "interpreter/base/kept_log.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

Result<Value> read_output(const LocalPrograms& local, const Call& call) {
    LogQuery query;
    query.lines_max =
        static_cast<std::size_t>(std::max<std::int64_t>(0, call.arguments["lines_max"].integer()));
    const std::string folder = local.key_folder(call.arguments["key"].text());
    const auto status = read_kept_status(folder);
    if (!status) return status.error();
    if (*status)
        if (const auto opened = open_noted((*status)->note, call); !opened) return opened.error();
    bool truncated = false;
    List lines;
    for (auto& line : read_log(folder + "/log", query, truncated)) {
        Value shown;
        shown.set("at", line.at).set("source", line.source == 'e' ? "stderr" : "stdout");
        shown.set("text", std::move(line.text));
        lines.push_back(std::move(shown));
    }
    Value log;
    log.set("lines", std::move(lines)).set("truncated", truncated);
    return log;
}

Result<Value> ended_value(const LocalPrograms& local, const Call& call) {
    const std::string& key = call.arguments["key"].text();
    const std::string folder = local.key_folder(key);
    const bool held = kept_is_held(folder);
    const auto status = read_kept_status(folder);
    if (!status) return status.error();
    if (!*status)
        return fail("not_found",
                    "No program was ever started as " + key + " on " + call.target + ".");
    if (const auto opened = open_noted((*status)->note, call); !opened) return opened.error();
    if ((*status)->over()) return exit_value(**status);
    const std::string program = "The program started as " + key + " on " + call.target;
    if (held)
        return fail(
            "timed_out",
            program + " still runs after " + show_duration(call.arguments["within"].number()) + ".",
            Retry::safe);
    return fail("end_unknown", program +
                                   " runs no more, and its keeper died before it could say "
                                   "how it ended.");
}

Awaitable<Result<Value>> wait_ended(SharedPrograms local, Call& call) {
    const std::string folder = local->key_folder(call.arguments["key"].text());
    const double within_s = call.arguments["within"].number();
    const double until_s = std::min(call.deadline_s, boot_now_s() + within_s);
    const Work<bool> is_free = [folder] { return !kept_is_held(folder); };
    co_await poll_until(local->loop, is_free, until_s, call.cancel);
    const Work<Result<Value>> reading = [&] { return ended_value(*local, call); };
    co_return co_await off_loop(local->loop, reading);
}

}  // namespace

Handler output_handler(SharedPrograms local) {
    return observe_blocking(local->loop, [local](Call& call) { return read_output(*local, call); });
}

Handler wait_ended_handler(SharedPrograms local) {
    Handler made;
    made.observe = [local](Call& call) { return wait_ended(local, call); };
    return made;
}

}  // namespace perilune
