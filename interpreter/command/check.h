// What is wrong with a library before anything is executed: the parts of the command `check`.
#pragma once

#include <string>

#include "interpreter/command/command.h"
#include "interpreter/command/sources.h"
#include "interpreter/library/environment.h"

namespace perilune {

int execute_check(const Invocation& invocation);

// Each adds to `sources.findings`.

// One file by itself: names, require, operations and their arguments.
void check_file(Sources& sources, const SourceFile& file);
// The operations a file calls, against the families' tables.
void check_operations(Sources& sources, const SourceFile& file);
// What a runbook declares: keys, parameters, objectives, and the parameters it reads.
void check_declarations(Sources& sources, const SourceFile& runbook);
// The targets it declares against those it uses, its modules and child runs included; and, where
// there is an environment, against what the environment has.
void check_targets(Sources& sources, const SourceFile& runbook, const Environment* environment);

// Adds one finding.
void add_finding(Sources& sources, const SourceFile& file, const syntax::Position& position,
                 std::string_view code, std::string message,
                 syntax::Severity severity = syntax::Severity::error);

}  // namespace perilune
