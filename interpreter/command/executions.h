// The commands that execute a run, or tell one what to do.
#pragma once

#include "interpreter/command/command.h"

namespace perilune {

int execute_run(const Invocation& invocation);
int execute_resume(const Invocation& invocation);
int execute_retry(const Invocation& invocation);
int execute_skip(const Invocation& invocation);
int execute_settle(const Invocation& invocation);
int execute_undo(const Invocation& invocation);
int execute_cancel(const Invocation& invocation);
int execute_pause(const Invocation& invocation);
int execute_approve(const Invocation& invocation);
int execute_reject(const Invocation& invocation);
int execute_answer(const Invocation& invocation);
int execute_review(const Invocation& invocation);
int execute_signal(const Invocation& invocation);
int execute_state(const Invocation& invocation);

}  // namespace perilune
