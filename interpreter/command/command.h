// The table of commands: from it come parsing, help, completions, the man page and the reference.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace perilune {

// Exit codes are a contract; see docs/operating.md.
enum Exit {
    exit_done = 0,
    exit_failed = 1,
    exit_usage = 2,
    exit_waits = 3,
    exit_credentials = 4,
    exit_denied = 5,
    exit_locked = 6,
    exit_undone = 7,
    exit_left = 8,
    exit_doubt = 9,
    exit_lost = 10,
    exit_bug = 70,
    exit_interrupted = 130,
    exit_terminated = 143,
};

struct OptionRow {
    std::string_view name;        // "--environment"
    std::string_view value = {};  // "NAME"; empty for a flag.
    std::string_view help = {};
    std::string_view letter = {};  // "-e", or empty.
    bool repeated = false;
};

struct ArgumentRow {
    std::string_view name;  // "RUN"
    std::string_view help = {};
    bool required = true;
    bool repeated = false;
};

// What was typed, checked against the table.
struct Invocation {
    std::string command;
    std::map<std::string, std::vector<std::string>, std::less<>> values;

    bool has(std::string_view name) const { return values.contains(name); }
    std::string get(std::string_view name, std::string_view fallback = "") const;
    const std::vector<std::string>& all(std::string_view name) const;
    bool json() const { return has("--json"); }
    bool input() const { return !has("--no-input"); }
};

struct CommandRow {
    std::string_view name;
    std::string_view group;    // A heading of the help.
    std::string_view summary;  // One line.
    std::string_view detail;   // What it does, in full sentences.
    std::vector<ArgumentRow> arguments;
    std::vector<OptionRow> options;
    int (*execute)(const Invocation& invocation);
};

const std::vector<CommandRow>& all_commands();
// Options that every command takes.
const std::vector<OptionRow>& common_options();

// Parses argv by the table and executes; returns the exit code.
int run_command_line(int argc, char** argv);

}  // namespace perilune
