#include "interpreter/command/help.h"

#include <algorithm>

#include "interpreter/base/suggest.h"
#include "interpreter/command/output.h"
#include "interpreter/command/reference.h"

namespace perilune {

namespace {

std::string padded(std::string text, std::size_t width) {
    text.resize(std::max(width, text.size() + 2), ' ');
    return text;
}

void add_options(std::string& text, const std::vector<OptionRow>& options) {
    for (const auto& option : options) {
        std::string shown = "  " + std::string(option.name);
        if (!option.letter.empty()) shown += ", " + std::string(option.letter);
        if (!option.value.empty()) shown += " " + std::string(option.value);
        text += padded(shown, 30) + std::string(option.help) + "\n";
    }
}

}  // namespace

int show_help(const CommandRow& row) {
    std::string text = usage_line(row) + "\n\n" + std::string(row.summary) + ".";
    if (!row.detail.empty()) text += " " + std::string(row.detail);
    text += "\n";
    if (!row.arguments.empty()) text += "\nArguments\n";
    for (const auto& argument : row.arguments)
        text += padded("  " + std::string(argument.name), 30) + std::string(argument.help) + "\n";
    text += "\nOptions\n";
    add_options(text, row.options);
    add_options(text, common_options());
    put(text);
    return exit_done;
}

int execute_help(const Invocation& invocation) {
    const std::string name = invocation.get("COMMAND");
    std::vector<std::string> names;
    for (const auto& row : all_commands()) {
        if (row.name == name) return show_help(row);
        names.emplace_back(row.name);
    }
    if (!name.empty()) {
        say("perilune has no command \"" + name + "\"." + did_you_mean(name, names));
        return exit_usage;
    }
    std::string text = "Perilune executes disaster-recovery and deployment runbooks.\n";
    std::vector<std::string_view> groups;
    for (const auto& row : all_commands())
        if (std::find(groups.begin(), groups.end(), row.group) == groups.end())
            groups.push_back(row.group);
    for (const auto group : groups) {
        text += "\n" + std::string(group) + "\n";
        for (const auto& row : all_commands())
            if (row.group == group)
                text += padded("  " + std::string(row.name), 14) + std::string(row.summary) + "\n";
    }
    put(text + "\nOne in full: perilune help COMMAND\n");
    return exit_done;
}

int execute_version(const Invocation& invocation) {
    if (invocation.json()) {
        Value shown;
        put_json(shown.set("version", "0.1.0").set("language", 1));
    } else {
        put("perilune 0.1.0\n");
    }
    return exit_done;
}

}  // namespace perilune
