// Finds and fills in references to services.
#include "interpreter/library/services.h"

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
    std::string out;
    std::string_view rest = value.text();
    while (const auto reference = next_reference(rest)) {
        const auto found = value_of(reference->name);
        if (!found)
            return fail("not_found", "The setting " + in_quotes(value.text()) + " refers to " +
                                         in_quotes(reference->name) +
                                         ", which no service of this "
                                         "drill gives. Correct the name in the environment.");
        out += std::string(reference->before) + *found;
        rest = reference->after;
    }
    return Value(out + std::string(rest));
}

Result<Settings> fill_services(const Settings& settings, std::span<const Setting> table,
                               const ServiceValue& value_of) {
    Settings filled = settings;
    for (const auto& setting : table) {
        const Value& value = settings.values[setting.name];
        if (value.is_nil()) continue;
        auto replaced = fill_services(value, value_of);
        if (!replaced) return replaced.error();
        if (value.is_text() && holds_service(value.text())) {
            replaced = convert(setting.type, loosened(setting.type, replaced->text()),
                               std::string(setting.name) + " of " + settings.target);
            if (!replaced) return replaced.error();
        }
        filled.values.set(setting.name, *replaced);
    }
    return filled;
}

}  // namespace perilune
