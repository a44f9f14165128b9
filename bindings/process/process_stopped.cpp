// stop and status of programs that were started as a key.
#include <csignal>

#include "bindings/process/found_key.h"

namespace perilune {

namespace {

Error not_found(const Call& call) {
    return fail("not_found", "No program was ever started as " + call.arguments["key"].text() +
                                 " on " + call.target + ".");
}

Result<Before> before_stop(const LocalPrograms& local, Call& call) {
    const auto found = find_key(local, call.arguments["key"].text());
    if (!found) return found.error();
    if (!found->status) return not_found(call);
    const auto opened = open_noted(found->status->note, call);
    if (!opened) return opened.error();
    Before before;
    before.sign = '-';
    before.plan = "stop " + call.arguments["key"].text();
    before.state = key_state(*found, call.arguments["key"].text());
    before.already_so = found->status->over();
    if (before.already_so) {
        before.result = exit_value(*found->status);
        before.result.set("changed", false);
    }
    return before;
}

// Ends what a dead keeper left, and says so in the status in its place.
Status bury(const LocalPrograms& local, const std::string& key, KeptStatus status) {
    const auto lock = lock_kept(local.key_folder(key));
    if (!lock) return lock.error();
    kill_leftovers(status);
    status.state = KeptStatus::State::ended;
    status.stopped = true;
    status.exit_code = 128 + SIGKILL;
    status.error = "Its keeper had died; what was left of it was killed.";
    return write_kept_status(local.key_folder(key), status);
}

Outcome outcome_of_stop(const LocalPrograms& local, const Call& call) {
    const std::string& key = call.arguments["key"].text();
    auto found = find_key(local, key);
    if (found && found->lost()) {
        if (const auto buried = bury(local, key, *found->status); !buried)
            return Outcome::unknown(buried.error());
        found = find_key(local, key);
    }
    if (!found) return Outcome::unknown(found.error());
    if (!found->status) return Outcome::failed(not_found(call));
    if (found->running())
        return Outcome::unknown(fail("timed_out",
                                     "The program started as " + key + " on " + call.target +
                                         " was told to stop and still "
                                         "runs as process " +
                                         std::to_string(found->status->pid) + ".",
                                     Retry::unknown));
    if (const auto opened = open_noted(found->status->note, call); !opened)
        return Outcome::unknown(opened.error());
    Value value = exit_value(*found->status);
    return Outcome::done(value.set("changed", true), key_state(*found, key));
}

Awaitable<Outcome> act_stop(SharedPrograms local, Call& call) {
    const std::string key = call.arguments["key"].text();
    const double grace_s = call.arguments["grace"].number();
    const Work<bool> asking = [&] {
        const auto found = find_key(*local, key);
        return found && found->running() && ask_keeper_to_stop(*found->status, grace_s);
    };
    co_await off_loop(local->loop, asking);
    const std::string folder = local->key_folder(key);
    // A stop of this operation does not take back that the program was told to end.
    const auto never_asked = std::make_shared<Cancel>();
    const Work<bool> is_free = [folder] { return !kept_is_held(folder); };
    co_await poll_until(local->loop, is_free, call.deadline_s, never_asked);
    const Work<Outcome> reading = [&] { return outcome_of_stop(*local, call); };
    co_return co_await off_loop(local->loop, reading);
}

}  // namespace

Handler stop_handler(SharedPrograms local) {
    Handler made =
        change_blocking(local->loop, [local](Call& call) { return before_stop(*local, call); }, {});
    made.act = [local](Call& call, const Value&) { return act_stop(local, call); };
    return made;
}

Handler status_handler(SharedPrograms local) {
    return observe_blocking(local->loop, [local](Call& call) -> Result<Value> {
        const auto found = find_key(*local, call.arguments["key"].text());
        if (!found) return found.error();
        if (!found->status || found->status->state == KeptStatus::State::refused) return Value();
        const KeptStatus& status = *found->status;
        Value value;
        value.set("program", status.note["program"]).set("started_at", status.started_at);
        value.set("state", found->running() ? "running" : found->lost() ? "unknown" : "ended");
        if (found->running()) value.set("pid", status.pid);
        if (status.over()) value.set("exit_code", status.exit_code);
        return value;
    });
}

}  // namespace perilune
