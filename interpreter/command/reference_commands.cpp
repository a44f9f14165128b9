// The reference of commands: Markdown and the man page, both from the table of commands.
#include "interpreter/command/reference.h"

#include <algorithm>

namespace perilune {

namespace {

std::vector<std::string_view> groups() {
    std::vector<std::string_view> names;
    for (const auto& row : all_commands())
        if (std::find(names.begin(), names.end(), row.group) == names.end())
            names.push_back(row.group);
    return names;
}

std::string option_text(const OptionRow& option) {
    std::string text(option.name);
    if (!option.letter.empty()) text = std::string(option.letter) + ", " + text;
    if (!option.value.empty()) text += " " + std::string(option.value);
    return text;
}

std::string sentence(std::string_view text) {
    std::string out(text);
    if (!out.empty() && !out.ends_with('.')) out += '.';
    return out;
}

void add_options(std::string& text, const std::vector<OptionRow>& options) {
    if (options.empty()) return;
    text += "| option | |\n|---|---|\n";
    for (const auto& option : options)
        text += "| `" + option_text(option) + "` | " + sentence(option.help) + " |\n";
    text += "\n";
}

void add_command(std::string& text, const CommandRow& row) {
    text += "### " + std::string(row.name) + "\n\n    " + usage_line(row) + "\n\n";
    text += sentence(row.summary);
    if (!row.detail.empty()) text += " " + std::string(row.detail);
    text += "\n\n";
    if (!row.arguments.empty()) {
        text += "| argument | |\n|---|---|\n";
        for (const auto& argument : row.arguments)
            text += "| `" + std::string(argument.name) + "` | " + sentence(argument.help) + " |\n";
        text += "\n";
    }
    add_options(text, row.options);
}

// A backslash, and a dot or quote where a line begins, mean something else to roff, which knows
// the ellipsis only by its dots.
std::string roff(std::string_view given) {
    std::string text(given);
    for (auto at = text.find("…"); at != std::string::npos; at = text.find("…"))
        text.replace(at, std::string_view("…").size(), "...");
    std::string out;
    for (const char c : text) {
        if (c == '\\') {
            out += "\\e";
        } else if (c == '-') {
            out += "\\-";
        } else {
            if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) out += "\\&";
            out += c;
        }
    }
    return out;
}

void add_roff_item(std::string& text, const std::string& term, std::string_view meaning) {
    text += ".TP\n.B " + roff(term) + "\n" + roff(sentence(meaning)) + "\n";
}

}  // namespace

const std::vector<ExitRow>& exit_rows() {
    static const std::vector<ExitRow> rows = {
        {exit_done, "Done."},
        {exit_failed, "Failed or cancelled; no change is left."},
        {exit_usage, "Wrong usage or bad input; nothing was started."},
        {exit_waits, "Waits for a person, is parked or has diverged; it can be resumed."},
        {exit_credentials, "Credentials are missing or were refused."},
        {exit_denied, "Denied by permission or policy."},
        {exit_locked, "A lock is held, or the plan is stale."},
        {exit_undone, "Failed, and all was undone."},
        {exit_left, "Failed, cancelled or stopped with changes left, which are listed."},
        {exit_doubt, "In doubt: a person must say what became of a change."},
        {exit_lost, "Another host has taken the run over."},
        {exit_bug, "A bug in Perilune."},
        {exit_interrupted, "Interrupted; it can be resumed (143 where by SIGTERM)."},
    };
    return rows;
}

std::string usage_line(const CommandRow& row) {
    std::string line = "perilune " + std::string(row.name);
    for (const auto& argument : row.arguments) {
        const std::string shown = std::string(argument.name) + (argument.repeated ? "…" : "");
        line += argument.required ? " " + shown : " [" + shown + "]";
    }
    return line + " [options]";
}

std::string commands_reference() {
    std::string text = "# Commands\n\n<!-- Made by `perilune docs commands`; do not edit. -->\n\n";
    for (const auto group : groups()) {
        text += "## " + std::string(group) + "\n\n";
        for (const auto& row : all_commands())
            if (row.group == group) add_command(text, row);
    }
    text += "## Options of every command\n\n";
    add_options(text, common_options());
    text += "## Exit codes\n\n| code | |\n|---|---|\n";
    for (const auto& row : exit_rows())
        text += "| " + std::to_string(row.code) + " | " + std::string(row.meaning) + " |\n";
    return text;
}

std::string man_page() {
    std::string text =
        ".TH PERILUNE 1 \"\" \"Perilune\" \"User Commands\"\n.SH NAME\nperilune \\- executes "
        "disaster\\-recovery and deployment runbooks\n.SH SYNOPSIS\n.B perilune\n.I COMMAND\n"
        "[arguments] [options]\n.SH COMMANDS\n";
    for (const auto group : groups()) {
        text += ".SS " + roff(group) + "\n";
        for (const auto& row : all_commands()) {
            if (row.group != group) continue;
            add_roff_item(text, usage_line(row), row.summary);
            if (!row.detail.empty()) text += roff(row.detail) + "\n";
            text += ".RS\n";
            for (const auto& argument : row.arguments)
                add_roff_item(text, std::string(argument.name), argument.help);
            for (const auto& option : row.options)
                add_roff_item(text, option_text(option), option.help);
            text += ".RE\n";
        }
    }
    text += ".SH OPTIONS\nEvery command takes these.\n";
    for (const auto& option : common_options())
        add_roff_item(text, option_text(option), option.help);
    text += ".SH EXIT STATUS\n";
    for (const auto& row : exit_rows()) add_roff_item(text, std::to_string(row.code), row.meaning);
    return text +
           ".SH FILES\n.TP\n.I ~/.local/state/perilune\nRuns and their journals, unless "
           "\\-\\-state or PERILUNE_STATE says otherwise.\n.TP\n.I perilune.yaml\nWhat makes a "
           "folder a runbook library.\n";
}

}  // namespace perilune
