// Brings the arguments of dns calls into one form before the journal and a driver see them.
#include <algorithm>
#include <cmath>
#include <set>

#include "bindings/dns/dns.h"
#include "bindings/dns/names.h"
#include "bindings/dns/rdata.h"

namespace perilune {

namespace {

constexpr double ttl_s_max = 2147483647;  // RFC 2181, section 8.
constexpr std::string_view default_ttl = "5m";

Error in_field(std::string_view field, const Error& error) {
    return fail(error.code, std::string(field) + ": " + error.message, error.retry);
}

Status replace_text(Map& fields, std::string_view field,
                    Result<std::string> (*form)(std::string_view)) {
    const auto found = fields.find(field);
    if (found == fields.end() || found->second.is_unknown()) return Done{};
    if (!found->second.is_text())
        return fail("bad_argument", std::string(field) + " must be text, but it is " +
                                        std::string(found->second.kind()) + ".");
    const auto formed = form(found->second.text());
    if (!formed) return in_field(field, formed.error());
    found->second = *formed;
    return Done{};
}

Status normalise_name(Map& fields) { return replace_text(fields, "name", checked_name); }
Status normalise_type(Map& fields) { return replace_text(fields, "type", checked_type); }

// Value and values become one sorted list without duplicates.
Status normalise_values(Map& fields) {
    if (const auto one = fields.find("value"); one != fields.end()) {
        Value only = std::move(one->second);
        fields.erase(one);
        fields.insert_or_assign("values", List{std::move(only)});
    }
    const auto found = fields.find("values");
    if (found == fields.end() || found->second.is_unknown()) return Done{};
    const auto type = fields.find("type");
    if (!found->second.is_list() || found->second.list().empty())
        return fail("bad_argument", "values must be a list with at least one text.");
    const List& given = found->second.list();
    const bool unknown = std::any_of(given.begin(), given.end(),
                                     [](const Value& value) { return value.is_unknown(); });
    if (unknown || type == fields.end() || !type->second.is_text()) return Done{};
    std::set<std::string> values;
    for (const auto& value : given) {
        if (!value.is_text())
            return fail("bad_argument", "Every one of values must be text, but one is " +
                                            std::string(value.kind()) + ".");
        const auto canonical = value_of_text(type->second.text(), value.text());
        if (!canonical) return in_field("value", canonical.error());
        values.insert(*canonical);
    }
    if (values.size() > 1 && type->second.text() == "CNAME")
        return fail("cname_conflict", "A CNAME has exactly one value, and " +
                                          std::to_string(values.size()) + " are given.");
    List sorted;
    for (const auto& value : values) sorted.emplace_back(value);
    found->second = std::move(sorted);
    return Done{};
}

Status check_ttl(const Value& ttl) {
    if (ttl.is_unknown() || ttl.is_nil()) return Done{};
    if (ttl.number() == std::floor(ttl.number()) && ttl.number() <= ttl_s_max) return Done{};
    return fail("bad_argument", "ttl must be whole seconds, at most 2147483647 (RFC 2181).");
}

Status check_comment(const Map& fields) {
    const auto found = fields.find("comment");
    if (found == fields.end() || !found->second.is_text()) return Done{};
    for (const char letter : found->second.text())
        if (static_cast<unsigned char>(letter) < 0x20)
            return fail("bad_argument", "comment must be one line without control characters.");
    return Done{};
}

Status check_fields(const Map& set, std::span<const std::string_view> known) {
    for (const auto& [field, value] : set)
        if (std::find(known.begin(), known.end(), field) == known.end())
            return fail("bad_argument", "a record set has no field \"" + field + "\".");
    return Done{};
}

// The TTL of a set inside a list: `ttl` as upsert takes it, or `ttl_s` as results have it.
Status normalise_set_ttl(Map& set, bool with_default) {
    Value ttl;
    if (const auto given = set.find("ttl"); given != set.end()) {
        ttl = given->second;
        set.erase(given);
    } else if (const auto seconds = set.find("ttl_s"); seconds != set.end()) {
        ttl = seconds->second;
    } else if (with_default) {
        ttl = default_ttl;
    }
    if (ttl.is_nil()) return Done{};
    const auto converted =
        ttl.is_unknown() ? Result<Value>(ttl) : convert(Type::duration, ttl, "ttl");
    if (!converted) return converted.error();
    set.insert_or_assign("ttl_s", *converted);
    return check_ttl(*converted);
}

// One record set in a list: of what is wanted (batch, drift), or only named (deletes, set_ttl).
Status normalise_set(Map& set, bool wanted, bool with_default_ttl) {
    static constexpr std::string_view all[] = {"name",   "type",     "value",   "values",
                                               "ttl",    "ttl_s",    "proxied", "set_id",
                                               "weight", "failover", "comment"};
    static constexpr std::string_view names[] = {"name", "type", "set_id"};
    if (const auto known = wanted ? check_fields(set, all) : check_fields(set, names); !known)
        return known;
    for (const auto* field : {"name", "type"})
        if (!set.contains(field))
            return fail("bad_argument", std::string("it has no ") + field + ".");
    if (const auto formed = normalise_name(set); !formed) return formed;
    if (const auto formed = normalise_type(set); !formed) return formed;
    if (!wanted) return Done{};
    if (set.contains("value") == set.contains("values"))
        return fail("bad_argument", "it needs exactly one of value or values.");
    if (const auto formed = normalise_values(set); !formed) return formed;
    if (const auto formed = normalise_set_ttl(set, with_default_ttl); !formed) return formed;
    return check_comment(set);
}

std::string key_of(const Map& set) {
    std::string key;
    for (const auto* field : {"name", "type", "set_id"}) {
        const auto found = set.find(field);
        key += (found == set.end() ? "" : found->second.text()) + " ";
    }
    return key;
}

Status normalise_list(Map& arguments, std::string_view field, bool wanted, bool with_default_ttl,
                      std::set<std::string>& keys) {
    const auto list = arguments.find(field);
    if (list == arguments.end() || list->second.is_unknown()) return Done{};
    std::size_t place = 0;
    for (auto& value : list->second.as_list()) {
        const std::string where = std::string(field) + "[" + std::to_string(++place) + "]";
        if (value.is_unknown()) continue;
        if (!value.is_map()) return fail("bad_argument", where + " must be a table with names.");
        if (const auto formed = normalise_set(value.as_map(), wanted, with_default_ttl); !formed)
            return in_field(where, formed.error());
        const bool named = !value["name"].is_unknown() && !value["type"].is_unknown();
        if (named && !keys.insert(key_of(value.map())).second)
            return fail("bad_argument", where + " names " + value["name"].text() + " " +
                                            value["type"].text() +
                                            ", which this call already has.");
    }
    return Done{};
}

Status check_servers(const Map& arguments) {
    const auto servers = arguments.find("servers");
    if (servers == arguments.end() || servers->second.is_unknown()) return Done{};
    const Value& given = servers->second;
    if (given.is_text() && (given.text() == "authoritative" || given.text() == "resolvers"))
        return Done{};
    bool texts = given.is_list() && !given.list().empty();
    for (const auto& one : given.list()) texts = texts && (one.is_text() || one.is_unknown());
    if (texts) return Done{};
    return fail("bad_argument",
                "servers must be \"authoritative\", \"resolvers\" or a list of "
                "\"address\" or \"address:port\".");
}

// A host name as `to` is compared without its last dot and in lower case.
Status normalise_to(Map& arguments) {
    const auto to = arguments.find("to");
    if (to == arguments.end() || !to->second.is_text()) return Done{};
    const auto type = arguments.find("type");
    if (type != arguments.end() && type->second.is_text()) {
        const auto value = value_of_text(type->second.text(), to->second.text());
        if (value) {
            to->second = *value;
            return Done{};
        }
    }
    for (const auto* address : {"A", "AAAA"})
        if (const auto value = value_of_text(address, to->second.text())) {
            to->second = *value;
            return Done{};
        }
    const auto name = target_name(to->second.text());
    if (!name) return in_field("to", name.error());
    to->second = *name;
    return Done{};
}

}  // namespace

Status normalise_dns(const Operation& operation, Map& arguments) {
    for (const auto form : {normalise_name, normalise_type, normalise_values, normalise_to})
        if (const auto formed = form(arguments); !formed) return formed;
    if (const auto checked = check_comment(arguments); !checked) return checked;
    if (const auto checked = check_servers(arguments); !checked) return checked;
    if (const auto ttl = arguments.find("ttl"); ttl != arguments.end())
        if (const auto checked = check_ttl(ttl->second); !checked) return checked;
    std::set<std::string> keys;
    if (operation.name == "batch") {
        if (const auto formed = normalise_list(arguments, "upserts", true, true, keys); !formed)
            return formed;
        return normalise_list(arguments, "deletes", false, false, keys);
    }
    const bool wanted = operation.name == "drift";
    return normalise_list(arguments, "records", wanted, false, keys);
}

}  // namespace perilune
