// The reference, made from the tables that the program itself goes by.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "interpreter/base/operation.h"
#include "interpreter/command/command.h"

namespace perilune {

int execute_docs(const Invocation& invocation);

std::string operations_reference();  // Markdown: families, operations, parameters, records.
std::string drivers_reference();     // Markdown: drivers and their settings.
std::string commands_reference();    // Markdown: commands and exit codes.
std::string man_page();              // roff: perilune(1).
// A script that completes commands and options. `shell` is bash, zsh or fish.
Result<std::string> completions(std::string_view shell);
// LuaCATS annotations of words, families, operations and records, for editors.
std::string stubs();

// Records that several families give: Check, Log, Backup, Retention.
std::span<const Record> shared_records();

// What an exit code means, by its number.
struct ExitRow {
    int code;
    std::string_view meaning;
};
const std::vector<ExitRow>& exit_rows();
// "perilune run RUNBOOK [PARAMETERS…] [options]"
std::string usage_line(const CommandRow& row);

}  // namespace perilune
