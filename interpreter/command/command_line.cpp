// The one file that adapts CLI11: argv against the table of commands.
#include <algorithm>
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include "interpreter/base/suggest.h"
#include "interpreter/command/command.h"
#include "interpreter/command/output.h"

namespace perilune {

namespace {

struct Bound {
    const CommandRow* row = nullptr;
    CLI::App* app = nullptr;
    std::map<std::string, std::vector<std::string>> values;
    std::map<std::string, std::string> singles;
    std::map<std::string, bool> flags;
};

void bind_option(Bound& bound, const OptionRow& option) {
    const std::string name(option.name);
    std::string names = name;
    if (!option.letter.empty()) names = std::string(option.letter) + "," + names;
    if (option.value.empty()) {
        bound.app->add_flag(names, bound.flags[name], std::string(option.help));
        return;
    }
    if (option.repeated) {
        auto* made = bound.app->add_option(names, bound.values[name], std::string(option.help));
        made->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    } else {
        bound.app->add_option(names, bound.singles[name], std::string(option.help));
    }
}

void bind_command(Bound& bound) {
    for (const auto& argument : bound.row->arguments) {
        const std::string name(argument.name);
        CLI::Option* made = nullptr;
        if (argument.repeated) {
            made = bound.app->add_option(name, bound.values[name], std::string(argument.help));
            made->expected(argument.required ? 1 : 0, 10000);
        } else {
            made = bound.app->add_option(name, bound.singles[name], std::string(argument.help));
        }
        if (argument.required) made->required();
    }
    for (const auto& option : bound.row->options) bind_option(bound, option);
    for (const auto& option : common_options()) bind_option(bound, option);
}

Invocation invocation_of(const Bound& bound) {
    Invocation made;
    made.command = std::string(bound.row->name);
    for (const auto& [name, values] : bound.values)
        if (!values.empty()) made.values[name] = values;
    for (const auto& [name, value] : bound.singles)
        if (bound.app->get_option(name)->count() > 0) made.values[name] = {value};
    for (const auto& [name, given] : bound.flags)
        if (given) made.values[name] = {"yes"};
    return made;
}

int refuse_unknown(const std::string& given) {
    std::vector<std::string> names;
    for (const auto& row : all_commands()) names.emplace_back(row.name);
    say("perilune has no command \"" + given + "\"." + did_you_mean(given, names) +
        " See: perilune help");
    return exit_usage;
}

}  // namespace

std::string Invocation::get(std::string_view name, std::string_view fallback) const {
    const auto found = values.find(name);
    return found == values.end() || found->second.empty() ? std::string(fallback)
                                                          : found->second.back();
}

const std::vector<std::string>& Invocation::all(std::string_view name) const {
    static const std::vector<std::string> none;
    const auto found = values.find(name);
    return found == values.end() ? none : found->second;
}

int run_command_line(int argc, char** argv) {
    const std::string first = argc > 1 ? argv[1] : "help";
    const std::vector<std::string> asks_help = {"-h", "--help"};
    std::string chosen = first == "-h" || first == "--help" ? "help" : first;
    if (first == "--version") chosen = "version";
    const CommandRow* row = nullptr;
    for (const auto& known : all_commands())
        if (known.name == chosen) row = &known;
    if (!row) return refuse_unknown(first);
    Bound bound;
    bound.row = row;
    CLI::App app(std::string(row->summary), "perilune " + std::string(row->name));
    bound.app = &app;
    app.set_help_flag("");
    bool help = false;
    app.add_flag("-h,--help", help, "Shows this help");
    bind_command(bound);
    std::vector<std::string> words;
    for (int i = argc - 1; i >= 2; --i) {
        words.emplace_back(argv[i]);
        if (words.back() == "--help" || words.back() == "-h")
            return show_help(*row, std::count(argv, argv + argc, std::string_view("--json")) > 0);
    }
    try {
        app.parse(words);
    } catch (const CLI::ParseError& error) {
        std::vector<std::string> names;
        for (const auto& option : row->options) names.emplace_back(option.name);
        for (const auto& option : common_options()) names.emplace_back(option.name);
        std::string text = error.what();
        for (const auto& word : words)
            if (word.starts_with("--") && text.find(word) != std::string::npos)
                text += did_you_mean(word.substr(0, word.find('=')), names);
        say("perilune " + std::string(row->name) + ": " + text + "\nSee: perilune help " +
            std::string(row->name));
        return exit_usage;
    }
    return row->execute(invocation_of(bound));
}

}  // namespace perilune
