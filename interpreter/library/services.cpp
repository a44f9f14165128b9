// Finds and fills in references to services.
#include "interpreter/library/services.h"

#include <algorithm>
#include <cstdlib>

#include "interpreter/base/suggest.h"

namespace perilune {

namespace {

constexpr std::string_view opening = "{services.";
constexpr std::string_view name_letters = "abcdefghijklmnopqrstuvwxyz0123456789-_.";

struct Reference {
    std::string_view before;
    std::string_view name;  // "primary.url"; empty where the reference is misspelt.
    std::string_view after;
};

std::optional<Reference> next_reference(std::string_view text) {
    const auto start = text.find(opening);
    if (start == std::string_view::npos) return std::nullopt;
    Reference found = {.before = text.substr(0, start), .name = "", .after = ""};
    const std::string_view inner = text.substr(start + opening.size());
    const auto end = inner.find_first_not_of(name_letters);
    if (end == std::string_view::npos || inner[end] != '}') return found;
    found.name = inner.substr(0, end);
    found.after = inner.substr(end + 1);
    return found;
}

// A number or boolean that came as text, for settings of these types.
Value loosened(Type type, const std::string& text) {
    if ((type == Type::integer || type == Type::number) && is_number_text(text))
        return std::strtod(text.c_str(), nullptr);
    if (type == Type::boolean && (text == "true" || text == "false")) return text == "true";
    return text;
}

}  // namespace

bool holds_service(std::string_view text) { return text.find(opening) != std::string_view::npos; }

void check_services(const YamlNode& node, std::string_view what,
                    const std::set<std::string>& services, Problems& problems) {
    std::string_view rest = node.text;
    while (const auto reference = next_reference(rest)) {
        rest = reference->after;
        const std::string name(reference->name.substr(0, reference->name.find('.')));
        if (services.contains(name)) continue;
        if (name.empty())
            return problems.add(node.place, std::string(what) +
                                                " refers to a service in a way "
                                                "that cannot be read. Write {services.NAME}.");
        const std::vector<std::string> names(services.begin(), services.end());
        problems.add(node.place, std::string(what) + " refers to the service " + in_quotes(name) +
                                     ", which this environment does not start." +
                                     did_you_mean(name, names) + " Add it under \"services\".");
    }
}

Result<Value> fill_services(const Value& value, const ServiceValue& value_of) {
    if (value.is_list()) {
        List list;
        for (const auto& inner : value.list()) {
            auto filled = fill_services(inner, value_of);
            if (!filled) return filled;
            list.push_back(std::move(*filled));
        }
        return Value(std::move(list));
    }
    if (value.is_map()) {
        Map map;
        for (const auto& [key, inner] : value.map()) {
            auto filled = fill_services(inner, value_of);
            if (!filled) return filled;
            map.insert_or_assign(key, std::move(*filled));
        }
        return Value(std::move(map));
    }
    if (!value.is_text()) return value;
    std::vector<SecretPiece> pieces;
    const auto add_text = [&](std::string_view text) {
        if (!text.empty()) pieces.push_back({.text = std::string(text)});
    };
    std::string_view rest = value.text();
    while (const auto reference = next_reference(rest)) {
        const auto found = value_of(reference->name);
        if (!found)
            return fail("not_found", "The setting " + in_quotes(value.text()) + " refers to " +
                                         in_quotes(reference->name) +
                                         ", which no service of this "
                                         "drill gives. Correct the name in the environment.");
        add_text(reference->before);
        add_text(found->text());
        if (const Secret secret = found->secret())
            pieces.insert(pieces.end(), secret->pieces.begin(), secret->pieces.end());
        rest = reference->after;
    }
    add_text(rest);
    std::string text;
    for (const auto& piece : pieces) {
        if (!piece.name.empty())
            return Value(std::make_shared<const SecretTemplate>(SecretTemplate{pieces}));
        text += piece.text;
    }
    return Value(std::move(text));
}

namespace {

// The first service that a value names, or an empty text.
std::string first_service(const Value& value) {
    if (value.is_text()) {
        const auto found = next_reference(value.text());
        return found ? std::string(found->name.substr(0, found->name.find('.'))) : std::string();
    }
    std::string first;
    if (value.is_list())
        for (const auto& inner : value.list())
            if (first.empty()) first = first_service(inner);
    if (value.is_map())
        for (const auto& [key, inner] : value.map())
            if (first.empty()) first = first_service(inner);
    return first;
}

}  // namespace

Map services_behind(const Environment& environment) {
    Map behind;
    for (const auto& [name, target] : environment.targets)
        if (const std::string service = first_service(target.settings.values); !service.empty())
            behind.insert_or_assign(name, Value(service));
    return behind;
}

ServiceValue service_values(const Value& services) {
    return [services](std::string_view name) -> std::optional<Value> {
        const auto dot = std::min(name.find('.'), name.size());
        const std::string_view service = name.substr(0, dot);
        const std::string_view fact = name.substr(std::min(dot + 1, name.size()));
        const List& secrets = services["secrets"][service].list();
        if (std::find(secrets.begin(), secrets.end(), Value(fact)) != secrets.end())
            return make_secret(name, service_provider);
        const Value& found = services["facts"][service][fact];
        return found.is_text() ? std::optional(found) : std::nullopt;
    };
}

Status fill_environment(Environment& environment, const Value& services,
                        const DriverKind& process) {
    const ServiceValue value_of = service_values(services);
    environment.service_secrets = services["secrets_file"].text();
    for (auto& [name, target] : environment.targets) {
        if (!target.needs_services) continue;
        auto filled = fill_services(target.settings, target.driver->settings, value_of);
        if (!filled) return filled.error();
        target.settings = std::move(*filled);
        target.needs_services = false;
    }
    if (SecretsSettings& secrets = environment.secrets; secrets.kind) {
        auto filled = fill_services(secrets.settings, secrets.kind->settings, value_of);
        if (!filled) return filled.error();
        secrets.settings = std::move(*filled);
    }
    TargetSettings programs;
    programs.driver = &process;
    programs.settings = {.target = "process/services", .values = {}, .folder = ""};
    programs.settings.values.set("programs", services["programs"]);
    environment.targets["process/services"] = std::move(programs);
    return Done{};
}

Result<Settings> fill_services(const Settings& settings, std::span<const Setting> table,
                               const ServiceValue& value_of) {
    Settings filled = settings;
    for (const auto& setting : table) {
        const Value& value = settings.values[setting.name];
        if (value.is_nil()) continue;
        auto replaced = fill_services(value, value_of);
        if (!replaced) return replaced.error();
        if (value.is_text() && holds_service(value.text()) && setting.type != Type::secret) {
            if (replaced->is_secret() && !setting.may_be_secret)
                return fail("bad_setting", std::string(setting.name) + " of " + settings.target +
                                               " may not be a secret, but " +
                                               in_quotes(value.text()) + " is one.");
            if (replaced->is_text())
                replaced = convert(setting.type, loosened(setting.type, replaced->text()),
                                   std::string(setting.name) + " of " + settings.target);
            if (!replaced) return replaced.error();
        }
        filled.values.set(setting.name, *replaced);
    }
    return filled;
}

}  // namespace perilune
