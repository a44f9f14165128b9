// inspect: a program that only looks, to its end; nothing of it is kept.
#include <algorithm>

#include "bindings/process/local_programs.h"

namespace perilune {

namespace {

Awaitable<Result<Value>> inspect(SharedPrograms local, Call& call) {
    const auto permitted = permit(local->declared, call);
    if (!permitted) co_return permitted.error();
    const DeclaredProgram& declared = **permitted;
    const Work<Result<ProgramInvocation>> opening = [&] { return make_invocation(declared, call); };
    auto invocation = co_await off_loop(local->loop, opening);
    if (!invocation) co_return invocation.error();
    Program program;
    program.argv = std::move(invocation->argv);
    program.environment = std::move(invocation->environment);
    program.input = std::move(invocation->input);
    program.folder = declared.folder;
    program.output_max = std::min(declared.output_max,
                                  static_cast<std::size_t>(call.arguments["output_max"].integer()));
    const Ended ended =
        co_await run_program(local->loop, std::move(program), call.cancel, call.deadline_s);
    if (ended.stopped)
        co_return fail("timed_out",
                       "The program " + show_invocation(call) + " of " + call.target +
                           " had not ended when its time was over, and was stopped.",
                       Retry::safe);
    if (!ended.error.empty()) co_return fail("not_started", ended.error);
    Value exit = exit_value(ended);
    if (!is_expected(declared, call, ended.exit_code))
        co_return exit_status_error(call, ended.exit_code, std::move(exit));
    co_return exit;
}

}  // namespace

Handler inspect_handler(SharedPrograms local) {
    Handler made;
    made.observe = [local](Call& call) { return inspect(local, call); };
    return made;
}

}  // namespace perilune
