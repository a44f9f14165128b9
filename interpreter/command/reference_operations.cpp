// The reference of families: operations, parameters, results, and the drivers that have them.
#include "interpreter/command/reference.h"

#include <algorithm>

#include "bindings/table.h"
#include "interpreter/base/units.h"
#include "interpreter/command/known_drivers.h"
#include "interpreter/command/secret_fetch.h"

namespace perilune {

namespace {

// Records that several families give.
constexpr Record records_of_all[] = {
    {.name = "Check",
     .doc = "One thing that was looked at.",
     .fields = {{{"name", "text", "What."},
                 {"passed", "boolean", "Whether it is as it should be."},
                 {"expected", "plain?", "What it should be."},
                 {"found", "plain?", "What it is."}}}},
    {.name = "Log",
     .doc = "Lines that something wrote, oldest first.",
     .fields = {{{"lines", "list of map", "Each with at (Unix seconds), text and source."},
                 {"truncated", "boolean", "True where there were more."}}}},
    {.name = "Backup",
     .doc = "A copy of a database as it was at one moment.",
     .fields = {{{"id", "text", "Its name."},
                 {"kind", "text", "dump, snapshot or continuous."},
                 {"at", "number", "The moment it shows, Unix seconds."},
                 {"key", "text?", "The object that it is."},
                 {"size_bytes", "number?", "Its size."},
                 {"digest", "text?", "SHA-256, hexadecimal."},
                 {"encrypted", "boolean?", "True where it is: who can read it, its manifest says."},
                 {"state", "text", "complete, running or failed."},
                 {"keep_until_at", "number?", "Kept until then, Unix seconds."}}}},
    {.name = "Retention",
     .doc = "How many of each are kept; at least one of them is given.",
     .fields = {{{"last", "number?", "The newest."},
                 {"daily", "number?", "Days of UTC."},
                 {"weekly", "number?", "Weeks from Monday."},
                 {"monthly", "number?", "Months."},
                 {"yearly", "number?", "Years."}}}},
};

// Text in a cell: a bar would end it, a line break the row.
std::string cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '|') out += '\\';
        out += c == '\n' ? ' ' : c;
    }
    return out;
}

std::string code(std::string_view text) { return "`" + std::string(text) + "`"; }

std::string code_list(std::string_view words, char by) {
    std::string out;
    while (!words.empty()) {
        const auto at = words.find(by);
        if (at != 0) out += (out.empty() ? "" : ", ") + code(words.substr(0, at));
        if (at == std::string_view::npos) break;
        words.remove_prefix(at + 1);
    }
    return out;
}

bool has_operation(const DriverKind& kind, std::string_view operation) {
    return std::find(kind.operations.begin(), kind.operations.end(), operation) !=
           kind.operations.end();
}

// The drivers that have it, or those few that do not.
std::string drivers_of(const Family& family, const Operation& operation) {
    std::string with;
    std::string without;
    for (const auto* kind : shipped_drivers()) {
        if (kind->family != family.name) continue;
        std::string& names = has_operation(*kind, operation.name) ? with : without;
        names += (names.empty() ? "" : ", ") + code(kind->name);
    }
    if (without.empty()) return "every one";
    if (operation.everywhere) return "every one but " + without;
    return with.empty() ? "none yet" : with;
}

std::string type_text(const Parameter& parameter) {
    std::string text(to_text(parameter.type));
    if (!parameter.shape.empty())
        text += (parameter.type == Type::target ? " (" : " of ") + std::string(parameter.shape) +
                (parameter.type == Type::target ? ")" : "");
    if (parameter.may_be_secret) text += ", may be a secret";
    return text;
}

std::string default_text(const Parameter& parameter) {
    if (!parameter.group.empty()) return "one of its group";
    if (!parameter.fallback.empty()) return code(parameter.fallback);
    return parameter.need == Need::required ? "required" : "–";
}

void add_parameters(std::string& text, const Operation& operation) {
    if (operation.used_parameters().empty()) return;
    text += "| parameter | type | default | |\n|---|---|---|---|\n";
    for (const auto& parameter : operation.used_parameters()) {
        std::string doc(parameter.doc);
        if (!parameter.choices.empty()) doc += " One of " + code_list(parameter.choices, '|') + ".";
        text += "| " + code(parameter.name) + " | " + cell(type_text(parameter)) + " | " +
                cell(default_text(parameter)) + " | " + cell(doc) + " |\n";
    }
    for (const auto& parameter : operation.used_parameters()) {
        if (parameter.group.empty()) continue;
        std::string group;
        for (const auto& other : operation.used_parameters())
            if (other.group == parameter.group)
                group += (group.empty() ? "" : ", ") + code(other.name);
        text += "\nExactly one of " + group + " is given.\n";
        break;
    }
    text += "\n";
}

void add_operation(std::string& text, const Family& family, const Operation& operation) {
    text += "### " + std::string(family.name) + ":" + std::string(operation.name) + "\n\n";
    text += operation.effect == Effect::change ? "*Changes*" : "*Observes*";
    if (operation.effect == Effect::change) {
        text += " · when in doubt: " + code(to_text(operation.recovery));
        if (!operation.key_with.empty())
            text += " (" + code("key") + " with " + code(operation.key_with) + ")";
        text += " · undo: " + std::string(operation.undo.empty() ? "no" : operation.undo);
    }
    text += " · timeout " + show_duration(operation.timeout_s);
    text += "\n\n" + std::string(operation.doc) + "\n\n";
    add_parameters(text, operation);
    if (!operation.result.empty()) text += "Result: " + code(operation.result) + "\n\n";
    text += "Drivers: " + drivers_of(family, operation) + ".\n\n";
}

void add_records(std::string& text, const std::string& heading, std::span<const Record> records) {
    if (records.empty()) return;
    text += heading + "\n\n";
    for (const auto& record : records) {
        text += "**" + std::string(record.name) + "**: " + std::string(record.doc) + "\n\n";
        text += "| field | type | |\n|---|---|---|\n";
        for (const auto& field : record.fields) {
            if (field.name.empty()) break;
            text += "| " + code(field.name) + " | " + cell(field.type) + " | " + cell(field.doc) +
                    " |\n";
        }
        text += "\n";
    }
}

void add_settings(std::string& text, const DriverKind& kind) {
    if (kind.settings.empty()) {
        text += "No settings.\n\n";
        return;
    }
    text += "| setting | type | default | |\n|---|---|---|---|\n";
    for (const auto& setting : kind.settings) {
        std::string type(to_text(setting.type));
        if (setting.may_be_secret) type += ", may be a secret";
        std::string fallback = setting.need == Need::required ? "required" : "–";
        if (!setting.fallback.empty()) fallback = code(setting.fallback);
        std::string doc(setting.doc);
        if (!setting.choices.empty()) doc += " One of " + code_list(setting.choices, '|') + ".";
        if (setting.identity) doc += " It says which thing the target is.";
        text += "| " + code(setting.name) + " | " + type + " | " + fallback + " | " + cell(doc) +
                " |\n";
    }
    text += "\n";
}

void add_driver(std::string& text, const Family& family, const DriverKind& kind) {
    text += "### " + std::string(family.name) + ": " + std::string(kind.name) + "\n\n" +
            std::string(kind.doc) + "\n\n";
    add_settings(text, kind);
    std::string has;
    std::string lacks;
    for (const auto& operation : family.operations) {
        const bool found = std::find(kind.operations.begin(), kind.operations.end(),
                                     operation.name) != kind.operations.end();
        std::string& list = found ? has : lacks;
        list += (list.empty() ? "" : ", ") + code(operation.name);
    }
    text += "Operations: " + (has.empty() ? "none" : has) + ".\n\n";
    if (!lacks.empty()) text += "It lacks: " + lacks + ".\n\n";
    if (kind.doctor_checks.empty() && kind.doctor_cannot.empty()) return;
    const auto part = [](std::string_view told) { return told.empty() ? "–" : cell(told); };
    text += "| `doctor` asks | it cannot ask |\n|---|---|\n| " + part(kind.doctor_checks) + " | " +
            part(kind.doctor_cannot) + " |\n\n";
}

void cut_empty_line(std::string& text) {
    while (text.ends_with("\n\n")) text.pop_back();
}

}  // namespace

std::span<const Record> shared_records() { return records_of_all; }

std::string operations_reference() {
    std::string text =
        "# Operations\n\n<!-- Made by `perilune docs operations`; do not edit. -->\n\n"
        "An operation is called on a target: `dns(\"site\"):upsert { name = \"app\", … }`. It "
        "*observes* the world or *changes* it; a change must be allowed by the runbook's "
        "`targets`. Durations, sizes and times may be numbers (seconds, bytes, Unix seconds) or "
        "text such as `\"30m\"`, `\"64MiB\"`, `\"2026-03-01T02:00:00Z\"`. Every operation also "
        "takes `timeout`.\n\n"
        "*When in doubt* says what the host does about a change of which it does not know whether "
        "it happened: `repeat` it, repeat it with the same idempotency `key`, `look`, `leave` it, "
        "or `ask` a person.\n\n";
    for (const auto* family : all_families())
        text += "- [" + std::string(family->name) + "](#" + std::string(family->name) + ")\n";
    for (const auto* family : all_families()) {
        text += "\n## " + std::string(family->name) + "\n\n" + std::string(family->doc) + "\n\n";
        for (const auto& operation : family->operations) add_operation(text, *family, operation);
        add_records(text, "### Records of " + std::string(family->name), family->records);
        cut_empty_line(text);
    }
    add_records(text, "\n## Records of several families", shared_records());
    cut_empty_line(text);
    return text;
}

std::string drivers_reference() {
    std::string text =
        "# Drivers\n\n<!-- Made by `perilune docs drivers`; do not edit. -->\n\n"
        "An environment says which driver serves each target, with the settings below. Text may "
        "be `secret:NAME` where a setting may be a secret. Every target also takes `same_as`, "
        "`uses` and `disposable`.\n\n";
    for (const auto* family : all_families()) {
        text += "## " + std::string(family->name) + "\n\n";
        bool any = false;
        for (const auto* kind : shipped_drivers()) {
            if (kind->family != family->name) continue;
            add_driver(text, *family, *kind);
            any = true;
        }
        if (!any) text += "No driver yet.\n\n";
    }
    text +=
        "## Providers of secrets\n\nAn environment's `secrets:` names one of these as "
        "`provider`.\n\n";
    for (const auto* provider : all_secret_providers()) {
        text += "### " + std::string(provider->name) + "\n\n" + std::string(provider->doc) + "\n\n";
        add_settings(text, *provider);
    }
    cut_empty_line(text);
    return text;
}

}  // namespace perilune
