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

List option_values(const std::vector<OptionRow>& options) {
    List values;
    for (const auto& option : options) {
        Value value;
        value.set("name", option.name).set("help", option.help);
        if (!option.letter.empty()) value.set("letter", option.letter);
        if (!option.value.empty()) value.set("value", option.value);
        values.push_back(value.set("repeated", option.repeated));
    }
    return values;
}

Value summary_value(const CommandRow& row) {
    Value value;
    return value.set("name", row.name).set("group", row.group).set("summary", row.summary);
}

Value help_value(const CommandRow& row) {
    List arguments;
    for (const auto& argument : row.arguments)
        arguments.push_back(Value()
                                .set("name", argument.name)
                                .set("help", argument.help)
                                .set("required", argument.required)
                                .set("repeated", argument.repeated));
    Value value = summary_value(row);
    value.set("detail", row.detail).set("usage", usage_line(row));
    value.set("arguments", std::move(arguments)).set("options", option_values(row.options));
    return value.set("common_options", option_values(common_options()));
}

}  // namespace

int show_help(const CommandRow& row, bool json) {
    if (json) {
        put_json(help_value(row));
        return exit_done;
    }
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
        if (row.name == name) return show_help(row, invocation.json());
        names.emplace_back(row.name);
    }
    if (!name.empty()) {
        say("perilune has no command \"" + name + "\"." + did_you_mean(name, names));
        return exit_usage;
    }
    if (invocation.json()) {
        List commands;
        for (const auto& row : all_commands()) commands.push_back(summary_value(row));
        put_json(Value().set("commands", std::move(commands)));
        return exit_done;
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
