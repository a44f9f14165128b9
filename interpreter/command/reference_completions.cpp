// Completions for shells: commands, their options, and files; made from the table of commands.
#include "interpreter/command/reference.h"

#include "interpreter/base/suggest.h"

namespace perilune {

namespace {

std::string words_of(const CommandRow& row) {
    std::string words;
    for (const auto* options : {&row.options, &common_options()})
        for (const auto& option : *options)
            words += (words.empty() ? "" : " ") + std::string(option.name);
    return words;
}

// Text within single quotes of a shell.
std::string shell_quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'') {
            out += "'\\''";
        } else {
            out += c;
        }
    }
    return out + "'";
}

// zsh takes a colon for the end of a name, and brackets around a description.
std::string zsh_text(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == ':' || c == '[' || c == ']' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

std::string bash_script() {
    std::string text =
        "# Completes perilune in bash. Made by: perilune docs completions bash\n"
        "_perilune() {\n"
        "  local current=\"${COMP_WORDS[COMP_CWORD]}\"\n"
        "  COMPREPLY=()\n"
        "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
        "    COMPREPLY=($(compgen -W \"";
    std::string commands;
    for (const auto& row : all_commands())
        commands += (commands.empty() ? "" : " ") + std::string(row.name);
    text += commands +
            "\" -- \"$current\"))\n    return\n  fi\n"
            "  local options=\"\"\n  case \"${COMP_WORDS[1]}\" in\n";
    for (const auto& row : all_commands())
        text += "    " + std::string(row.name) + ") options=\"" + words_of(row) + "\" ;;\n";
    return text +
           "  esac\n"
           "  case \"$current\" in\n"
           "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$current\")) ;;\n"
           "    *) COMPREPLY=($(compgen -f -- \"$current\")) ;;\n"
           "  esac\n"
           "}\n"
           "complete -F _perilune perilune\n";
}

void add_zsh_options(std::string& text, const std::vector<OptionRow>& options) {
    for (const auto& option : options) {
        std::string spec = std::string(option.name) + "[" + zsh_text(option.help) + "]";
        if (!option.value.empty()) {
            const bool is_path = option.value == "FILE" || option.value == "FOLDER";
            spec += ":" + std::string(option.value) + ":" + (is_path ? "_files" : "");
        }
        text += " \\\n        " + shell_quoted((option.repeated ? "*" : "") + spec);
    }
}

std::string zsh_script() {
    std::string text =
        "#compdef perilune\n# Completes perilune in zsh. Made by: perilune docs completions zsh\n"
        "_perilune() {\n  local -a commands\n  commands=(\n";
    for (const auto& row : all_commands())
        text += "    " + shell_quoted(zsh_text(row.name) + ":" + zsh_text(row.summary)) + "\n";
    text +=
        "  )\n  if (( CURRENT == 2 )); then\n    _describe command commands\n    return\n  fi\n"
        "  local command=\"$words[2]\"\n  shift words\n  (( CURRENT-- ))\n"
        "  case \"$command\" in\n";
    for (const auto& row : all_commands()) {
        text += "    " + std::string(row.name) + ")\n      _arguments";
        add_zsh_options(text, row.options);
        add_zsh_options(text, common_options());
        text += " \\\n        '*:argument:_files'\n      ;;\n";
    }
    return text + "  esac\n}\n_perilune \"$@\"\n";
}

void add_fish_options(std::string& text, std::string_view command,
                      const std::vector<OptionRow>& options) {
    for (const auto& option : options) {
        text += "complete -c perilune";
        if (!command.empty())
            text += " -n '__fish_seen_subcommand_from " + std::string(command) + "'";
        text += " -l " + std::string(option.name.substr(2));
        if (!option.letter.empty()) text += " -s " + std::string(option.letter.substr(1));
        if (!option.value.empty()) text += " -r";
        text += " -d " + shell_quoted(option.help) + "\n";
    }
}

std::string fish_script() {
    std::string text = "# Completes perilune in fish. Made by: perilune docs completions fish\n";
    for (const auto& row : all_commands())
        text += "complete -c perilune -n __fish_use_subcommand -f -a " + std::string(row.name) +
                " -d " + shell_quoted(row.summary) + "\n";
    for (const auto& row : all_commands()) add_fish_options(text, row.name, row.options);
    add_fish_options(text, "", common_options());
    return text;
}

}  // namespace

Result<std::string> completions(std::string_view shell) {
    if (shell == "bash") return bash_script();
    if (shell == "zsh") return zsh_script();
    if (shell == "fish") return fish_script();
    return fail("bad_argument", "Say for which shell: docs completions bash, zsh or fish." +
                                    did_you_mean(shell, {"bash", "zsh", "fish"}));
}

}  // namespace perilune
