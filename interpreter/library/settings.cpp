// How one setting of a driver is read, by its type and by what it may hold.
#include "interpreter/library/settings.h"

#include <algorithm>

#include "interpreter/base/json.h"
#include "interpreter/base/suggest.h"
#include "interpreter/library/fields.h"
#include "interpreter/library/services.h"

namespace perilune {

namespace {

constexpr std::string_view secret_prefix = "secret:";
constexpr std::size_t secret_name_bytes_max = 200;

bool names_secret(const YamlNode& node) {
    return node.is_text() && node.text.starts_with(secret_prefix);
}

// The handle that "secret:NAME" asks for; nil (and a problem) where NAME is none.
Value read_secret(const YamlNode& node, std::string_view what, SettingsScope& scope) {
    const std::string name = node.text.substr(secret_prefix.size());
    const bool printable = std::all_of(name.begin(), name.end(), [](char c) {
        return c > ' ' && c < '\x7f' && c != '{' && c != '}';
    });
    if (!name.empty() && name.size() <= secret_name_bytes_max && printable)
        return make_secret(name);
    scope.problems.add(node.place, std::string(what) + " names the secret " + in_quotes(name) +
                                       "; a name has 1 to 200 printable characters without "
                                       "spaces and braces. Correct it.");
    return {};
}

void warn_of_variable(const YamlNode& node, std::string_view what, SettingsScope& scope) {
    if (node.text.find("${") == std::string::npos) return;
    scope.warnings.push_back(show(node.place) + ": " + std::string(what) +
                             " is kept as written: "
                             "environment variables are not read. Write the value, or "
                             "\"secret:NAME\".");
}

std::vector<std::string> split_choices(std::string_view choices) {
    std::vector<std::string> parts;
    while (!choices.empty()) {
        const auto bar = choices.find('|');
        parts.emplace_back(choices.substr(0, bar));
        choices.remove_prefix(bar == std::string_view::npos ? choices.size() : bar + 1);
    }
    return parts;
}

bool is_measure(Type type) {
    return type == Type::duration || type == Type::size || type == Type::time;
}

// The value in the form of `type`; nil and a problem where it has none.
Value convert_or_report(Type type, const Value& value, const YamlNode& node, std::string_view what,
                        Problems& problems) {
    auto converted = convert(type, value, what);
    if (converted) return std::move(*converted);
    // Messages about units already say what to write.
    const bool advised = is_measure(type) && value.is_text();
    problems.add(node.place,
                 converted.error().message + (advised       ? ""
                                              : node.quoted ? " Remove the quotes, or correct it."
                                                            : " Correct it."));
    return {};
}

// The scalar as the value that `convert` expects for its type.
Value scalar_value(Type type, const YamlNode& node) {
    if (type == Type::boolean) {
        const auto boolean = boolean_of(node);
        return boolean ? Value(*boolean) : Value(node.text);
    }
    // Units are read from text: a bare number has none, and none is guessed.
    if (type == Type::text || type == Type::target || is_measure(type)) return node.text;
    return untyped_value(node);
}

Value read_credentials(const YamlNode& node, const std::string& what, SettingsScope& scope) {
    if (!node.is_text()) {
        if (expect_map(node, what, scope.problems))
            return read_free_value(node, what, Secrets::allowed, scope);
        return {};
    }
    const auto found = scope.credentials.find(node.text);
    if (found != scope.credentials.end()) {
        scope.credentials_used.insert(node.text);
        return found->second;
    }
    std::vector<std::string> names;
    for (const auto& [name, value] : scope.credentials) names.push_back(name);
    scope.problems.add(node.place, what + " names " + in_quotes(node.text) +
                                       ", which is not among the environment's credentials." +
                                       did_you_mean(node.text, names) +
                                       (names.empty() ? " Add it under \"credentials\"."
                                                      : " There are " + listed(names) + "."));
    return {};
}

void check_target(const YamlNode& node, const std::string& what, SettingsScope& scope) {
    if (scope.targets.contains(node.text)) return;
    const std::vector<std::string> names(scope.targets.begin(), scope.targets.end());
    scope.problems.add(node.place, what + " names the target " + in_quotes(node.text) +
                                       ", which this environment has not." +
                                       did_you_mean(node.text, names) +
                                       " Add it under \"targets\".");
}

Value refuse_written_secret(const Setting& setting, const YamlNode& node, const std::string& what,
                            SettingsScope& scope) {
    // The value may be the secret itself: it is not repeated in the message.
    scope.problems.add(node.place,
                       what +
                           " is a secret, so its value may not stand in this file. "
                           "Put it into the secrets provider and write \"secret:NAME\" here" +
                           (setting.doc.empty() ? "." : " (" + std::string(setting.doc) + ")."));
    return {};
}

// One setting that is present; nil (and a problem) where it is wrong.
Value read_setting(const Setting& setting, const YamlNode& node, const std::string& what,
                   SettingsScope& scope) {
    if (setting.name == "credentials") return read_credentials(node, what, scope);
    const bool secret_allowed = setting.may_be_secret || setting.type == Type::secret;
    if (names_secret(node)) {
        if (secret_allowed) return read_secret(node, what, scope);
        scope.problems.add(node.place, what +
                                           " may not be a secret: it is shown in plans and kept "
                                           "in the journal. Write the value itself.");
        return {};
    }
    if (node.is_nothing()) {
        scope.problems.add(node.place, what + " has no value. Write one, or remove the key.");
        return {};
    }
    // What protects a service lives and dies with its drill.
    const bool of_service = node.is_text() && holds_service(node.text);
    if (setting.type == Type::secret && !of_service)
        return refuse_written_secret(setting, node, what, scope);
    if (!node.is_text())
        return convert_or_report(
            setting.type,
            read_free_value(node, what, secret_allowed ? Secrets::allowed : Secrets::refused,
                            scope),
            node, what, scope.problems);
    warn_of_variable(node, what, scope);
    if (of_service) {
        check_services(node, what, scope.services, scope.problems);
        return node.text;
    }
    if (setting.type == Type::list || setting.type == Type::map) {
        scope.problems.add(node.place,
                           what + " must be " +
                               (setting.type == Type::list ? "a list, such as [ONE, TWO]"
                                                           : "a map, such as { NAME: VALUE }") +
                               ", but it is " + (secret_allowed ? "text" : in_quotes(node.text)) +
                               ".");
        return {};
    }
    if (setting.type == Type::target) check_target(node, what, scope);
    const Value converted = convert_or_report(setting.type, scalar_value(setting.type, node), node,
                                              what, scope.problems);
    if (!setting.choices.empty() && converted.is_text())
        read_choice(node, what, split_choices(setting.choices), scope.problems);
    return converted;
}

// The default as the table writes it, in the form that a value from a file has.
Value fallback_of(const Setting& setting) {
    YamlNode node;
    node.kind = YamlNode::Kind::text;
    node.text = setting.fallback;
    if (setting.type == Type::list || setting.type == Type::map) {
        const auto json = from_json(setting.fallback);
        return json ? *json : Value();
    }
    const auto converted = convert(setting.type, scalar_value(setting.type, node), setting.name);
    return converted ? *converted : Value(setting.fallback);
}

}  // namespace

Value read_settings(const YamlNode& map, std::span<const Setting> table, const SettingsOwner& owner,
                    SettingsScope& scope) {
    Value values;
    values.as_map();
    std::vector<std::string> known(owner.common_keys.begin(), owner.common_keys.end());
    for (const auto& setting : table) known.emplace_back(setting.name);
    refuse_unknown_keys(map, owner.name + " (" + owner.driver + ")", known, scope.problems);
    for (const auto& setting : table) {
        const YamlNode* node = map.find(setting.name);
        if (node) {
            values.set(setting.name,
                       read_setting(setting, *node, std::string(setting.name) + " of " + owner.name,
                                    scope));
        } else if (!setting.fallback.empty()) {
            values.set(setting.name, fallback_of(setting));
        } else if (setting.need == Need::required) {
            scope.problems.add(map.place, owner.name + " (" + owner.driver + ") needs " +
                                              in_quotes(setting.name) + " (" +
                                              std::string(to_text(setting.type)) +
                                              "): " + std::string(setting.doc) + " Add it.");
        }
    }
    return values;
}

Value read_free_value(const YamlNode& node, std::string_view what, Secrets secrets,
                      SettingsScope& scope) {
    if (node.is_list()) {
        List list;
        for (const auto& inner : node.list)
            list.push_back(read_free_value(inner, "each of " + std::string(what), secrets, scope));
        return list;
    }
    if (node.is_map()) {
        Value map;
        map.as_map();
        for (const auto& entry : node.entries)
            map.set(entry.key, read_free_value(entry.value, entry.key + " of " + std::string(what),
                                               secrets, scope));
        return map;
    }
    if (names_secret(node)) {
        if (secrets == Secrets::allowed) return read_secret(node, what, scope);
        scope.problems.add(node.place,
                           std::string(what) +
                               " may not be a secret: it is shown in "
                               "plans and kept in the journal. Write the value itself.");
        return {};
    }
    if (node.is_nothing()) {
        scope.problems.add(node.place, std::string(what) + " has no value. Write one.");
        return {};
    }
    warn_of_variable(node, what, scope);
    check_services(node, what, scope.services, scope.problems);
    return untyped_value(node);
}

Value read_text_or_secret(const YamlNode& node, std::string_view what, SettingsScope& scope) {
    if (names_secret(node)) return read_secret(node, what, scope);
    const auto text = read_text(node, what, scope.problems);
    if (!text) return {};
    warn_of_variable(node, what, scope);
    check_services(node, what, scope.services, scope.problems);
    return *text;
}

}  // namespace perilune
