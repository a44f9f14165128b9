// The commands that only read: what runs there are, what became of them, what the library holds.
#pragma once

#include "interpreter/command/command.h"

namespace perilune {

int execute_runs(const Invocation& invocation);
int execute_show(const Invocation& invocation);
int execute_status(const Invocation& invocation);
int execute_report(const Invocation& invocation);
int execute_verify(const Invocation& invocation);
int execute_checkpoint(const Invocation& invocation);
int execute_export(const Invocation& invocation);
int execute_import(const Invocation& invocation);
int execute_watch(const Invocation& invocation);
int execute_where(const Invocation& invocation);
int execute_replay(const Invocation& invocation);
int execute_list(const Invocation& invocation);

}  // namespace perilune
