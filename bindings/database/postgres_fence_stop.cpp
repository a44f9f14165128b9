// Fencing a PostgreSQL server by stopping it on its machine, and starting it again.
//
// Who is stopped cannot be asked: whether it is fenced so is what the machine says, and that nobody
// gets in is seen from here. What is in the server's catalog stays there meanwhile.
#include "bindings/database/postgres_machine.h"
#include "interpreter/base/pause.h"

namespace perilune {

namespace {

constexpr double look_again_s = 0.3;

Value state_of(const std::string& how) { return Value().set("how", how); }

struct Fencing {
    PostgresTargetPointer target;
    PostgresMachinePointer machine;
    Handler fence;  // By the server's own means.
    Handler unfence;
};
using FencingPointer = std::shared_ptr<const Fencing>;

Error not_fenced(const Fencing& fencing, const std::string& seen) {
    return fail("fence_failed",
                "Fencing " + fencing.target->target + " by \"stop\": " + seen +
                    " What was stopped on " + fencing.machine->line.host.show() +
                    " is not this server, or not all of its servers: it was started again. Correct "
                    "`machine` or `url`.");
}

// Every address of the url must refuse. What is stopped and was another server goes on.
Awaitable<Status> see_refused(FencingPointer fencing, Call& call) {
    const auto opened = co_await connect(fencing->target, call);
    if (!opened && opened.error().code == "refused") co_return Done{};
    const std::string seen = opened ? "a new session began." : opened.error().message;
    const auto started = co_await start_by_machine(fencing->machine, call);
    if (!started)
        co_return fail("fence_failed", "Fencing " + fencing->target->target +
                                           " by \"stop\": " + seen + " And what was stopped on " +
                                           fencing->machine->line.host.show() +
                                           " does not start again: " + started.error().message);
    co_return not_fenced(*fencing, seen);
}

Awaitable<Status> start_and_wait(FencingPointer fencing, Call& call) {
    auto starting = start_by_machine(fencing->machine, call);
    const auto started = co_await starting;
    if (!started) co_return started;
    for (;;) {
        const auto opened = co_await connect(fencing->target, call);
        // Who is let in by a fence in the catalog is another question.
        if (opened || opened.error().code == "fenced") co_return Done{};
        const bool goes_on = co_await pause_until(fencing->target->services->loop,
                                                  boot_now_s() + look_again_s, call.cancel);
        if (goes_on && boot_now_s() < call.deadline_s) continue;
        Error error = opened.error();
        error.message = "The server of " + fencing->target->target +
                        " was started on its machine and takes no connections yet. " +
                        error.message;
        co_return error;
    }
}

// What the server says of its own fence, or that it is stopped.
Awaitable<Result<Before>> found_by(FencingPointer fencing, Call& call, const Handler& own,
                                   std::string plan) {
    auto asking = own.before(call);
    auto found = co_await asking;
    if (found || found.error().code != "unreachable") co_return found;
    auto looking = machine_is_stopped(fencing->machine, call);
    const auto stopped = co_await looking;
    if (!stopped || !*stopped) {
        Error error = found.error();
        if (!stopped) error.message += " Nor can its machine be asked: " + stopped.error().message;
        co_return error;
    }
    Before before;
    before.state = state_of("stop");
    before.plan = std::move(plan);
    co_return before;
}

Awaitable<Result<Before>> before_stop(FencingPointer fencing, Call& call) {
    auto looking = machine_is_stopped(fencing->machine, call);
    const auto stopped = co_await looking;
    if (!stopped) co_return stopped.error();
    Before before;
    before.plan = "the server is stopped on " + fencing->machine->line.host.show();
    before.result.set("how", "stop").set("changed", false);
    if (*stopped) {
        const auto opened = co_await connect(fencing->target, call);
        if (opened || opened.error().code != "refused")
            co_return fail("fence_failed",
                           "The server that `machine` of " + fencing->target->target +
                               " names is stopped, and connections are not refused: it is another "
                               "one. Correct `machine` or `url`.");
        before.state = state_of("stop");
        before.already_so = true;
        co_return before;
    }
    // What fences it so far, as unfence finds it; who does not answer is stopped all the same.
    auto asking = fencing->unfence.before(call);
    const auto found = co_await asking;
    if (!found && found.error().code != "unreachable") co_return found.error();
    before.state = found ? found->state : state_of("none");
    co_return before;
}

Awaitable<Outcome> act_stop(FencingPointer fencing, Call& call) {
    auto stopping = stop_by_machine(fencing->machine, call);
    Status done = co_await stopping;
    bool touched = done || done.error().retry == Retry::unknown;
    if (done) {
        auto seeing = see_refused(fencing, call);
        done = co_await seeing;
    }
    if (!done) co_return outcome_of(done.error(), touched);
    co_return Outcome::done(Value().set("how", "stop").set("changed", true), state_of("stop"));
}

Awaitable<Outcome> act_by(FencingPointer fencing, Call& call, Value before, Handler own) {
    if (before["how"].text() == "stop") {
        auto starting = start_and_wait(fencing, call);
        const auto started = co_await starting;
        if (!started) co_return outcome_of(started.error(), true);
        // What is in its catalog is told only now.
        auto asking = own.before(call);
        auto found = co_await asking;
        if (!found) co_return outcome_of(found.error(), true);
        if (found->already_so) {
            Value result = found->result.set("changed", true);
            if (call.operation == "unfence") result.set("how_before", "stop");
            co_return Outcome::done(std::move(result), found->state);
        }
    }
    auto acting = own.act(call, before);
    co_return co_await acting;
}

}  // namespace

void add_postgres_stop(Operations& operations, const PostgresTargetPointer& target,
                       const PostgresMachinePointer& machine) {
    const auto fencing = std::make_shared<const Fencing>(
        Fencing{target, machine, operations["fence"], operations["unfence"]});
    operations["fence"].before = [fencing](Call& call) {
        if (call.arguments["how"].text() == "stop") return before_stop(fencing, call);
        return found_by(fencing, call, fencing->fence, "it is started, and every write fails");
    };
    operations["fence"].act = [fencing](Call& call, const Value& before) {
        if (call.arguments["how"].text() == "stop") return act_stop(fencing, call);
        return act_by(fencing, call, before, fencing->fence);
    };
    operations["unfence"].before = [fencing](Call& call) {
        return found_by(fencing, call, fencing->unfence, "the server is started");
    };
    operations["unfence"].act = [fencing](Call& call, const Value& before) {
        return act_by(fencing, call, before, fencing->unfence);
    };
}

}  // namespace perilune
