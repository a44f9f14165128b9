#include "bindings/storage/s3_rule_forms.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "interpreter/base/suggest.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr double day_s = 86400;

// What each action is in XML: the element of a Rule, and that of its days.
struct Action {
    std::string_view name;
    std::string_view element;
    std::string_view days;
};
constexpr std::array actions = {
    Action{"expire", "Expiration", "Days"},
    Action{"move", "Transition", "Days"},
    Action{"expire_old", "NoncurrentVersionExpiration", "NoncurrentDays"},
    Action{"abort_uploads", "AbortIncompleteMultipartUpload", "DaysAfterInitiation"},
};

struct Part {
    std::string_view field;
    std::string_view element;
};
constexpr std::array cors_parts = {
    Part{"origins", "AllowedOrigin"},
    Part{"methods", "AllowedMethod"},
    Part{"headers", "AllowedHeader"},
    Part{"expose", "ExposeHeader"},
};

Error bad_rule(const std::string& why) { return fail("bad_argument", "A rule is refused: " + why); }

Status check_fields(const Value& rule, const std::vector<std::string>& known) {
    if (!rule.is_map()) return bad_rule("it is no table of fields.");
    for (const auto& [name, value] : rule.map())
        if (std::ranges::find(known, name) == known.end())
            return bad_rule("it has no field \"" + name + "\"." + did_you_mean(name, known));
    return Done{};
}

// Seconds as a number, or as text with a unit.
Result<double> seconds_of(const Value& value, const std::string& what) {
    if (value.is_number()) return value.number();
    auto parsed = parse_duration(value.text());
    if (!parsed) return bad_rule(what + " must be a duration such as \"30d\".");
    return parsed;
}

std::string rule_prefix(const XmlElement& rule) {
    if (rule.has("Filter/Prefix")) return rule.at("Filter/Prefix");
    if (rule.has("Filter/And/Prefix")) return rule.at("Filter/And/Prefix");
    return rule.at("Prefix");
}

// The one action of a rule that says nothing else; null where it says more.
const Action* only_action(const XmlElement& rule) {
    const Action* found = nullptr;
    for (const auto& child : rule.children) {
        if (child.name == "ID" || child.name == "Status" || child.name == "Prefix") continue;
        const bool plain_filter = child.name == "Filter" &&
                                  (child.children.empty() || (child.children.size() == 1 &&
                                                              child.children[0].name == "Prefix"));
        if (plain_filter) continue;
        const auto action = std::ranges::find(actions, child.name, &Action::element);
        if (action == actions.end() || found) return nullptr;
        const std::size_t said = action->name == "move" ? 2 : 1;
        if (!child.has(action->days) || child.children.size() != said) return nullptr;
        found = &*action;
    }
    return rule.at("Status") == "Enabled" ? found : nullptr;
}

XmlElement new_rule(std::string_view id, std::string_view prefix) {
    XmlElement rule{.name = "Rule", .text = {}, .children = {}};
    if (!id.empty()) rule.add("ID", id);
    XmlElement filter{.name = "Filter", .text = {}, .children = {}};
    filter.add("Prefix", prefix);
    rule.add(std::move(filter)).add("Status", "Enabled");
    return rule;
}

}  // namespace

Value cors_from_xml(const XmlElement& rule) {
    Value shown;
    if (rule.has("ID")) shown.set("id", rule.at("ID"));
    for (const auto& part : cors_parts) {
        std::vector<std::string> texts;
        for (const auto* element : rule.all(part.element)) texts.push_back(element->text);
        std::ranges::sort(texts);  // Services keep no order.
        shown.set(part.field, List(texts.begin(), texts.end()));
    }
    if (rule.has("MaxAgeSeconds")) shown.set("max_age", amount_in(rule.at("MaxAgeSeconds")));
    return shown;
}

Result<XmlElement> cors_to_xml(const Value& rule) {
    const auto known =
        check_fields(rule, {"expose", "headers", "id", "max_age", "methods", "origins"});
    if (!known) return known.error();
    XmlElement made{.name = "CORSRule", .text = {}, .children = {}};
    if (rule.has("id")) made.add("ID", rule["id"].text());
    for (const auto& part : cors_parts) {
        const Value& value = rule[part.field];
        const bool single = value.is_text();
        if (!value.is_nil() && !single && !value.is_list())
            return bad_rule(std::string(part.field) + " must be a list of texts.");
        if (single) made.add(part.element, value.text());
        for (const auto& one : value.list()) made.add(part.element, one.text());
    }
    if (!made.has("AllowedOrigin") || !made.has("AllowedMethod"))
        return bad_rule(
            "it needs origins and methods, such as { origins = { \"https://a.example\" "
            "}, methods = { \"GET\" } }.");
    if (!rule.has("max_age")) return made;
    const auto seconds = seconds_of(rule["max_age"], "max_age");
    if (!seconds) return seconds.error();
    made.add("MaxAgeSeconds", std::to_string(static_cast<long>(*seconds)));
    return made;
}

Value lifecycle_from_xml(const S3Place& place, const XmlElement& rule) {
    Value shown;
    const Action* action = only_action(rule);
    const std::string prefix = rule_prefix(rule);
    if (!action || !prefix.starts_with(place.prefix)) return shown.set("xml", write_xml(rule));
    const XmlElement& said = *rule.child(action->element);
    if (rule.has("ID")) shown.set("id", rule.at("ID"));
    shown.set("prefix", prefix.substr(place.prefix.size())).set("action", action->name);
    shown.set("after", amount_in(said.at(action->days)) * day_s);
    if (said.has("StorageClass")) shown.set("class", said.at("StorageClass"));
    return shown;
}

Result<XmlElement> lifecycle_to_xml(const S3Place& place, const Value& rule) {
    const auto known = check_fields(rule, {"action", "after", "class", "id", "prefix", "xml"});
    if (!known) return known.error();
    if (rule.has("xml")) {
        auto read = read_xml(rule["xml"].text());
        if (!read || read->name != "Rule") return bad_rule("its xml is no <Rule>.");
        if (!is_own_rule(place, *read))
            return bad_rule("its xml is about keys outside the target.");
        return read;
    }
    const std::string& name = rule["action"].text();
    const auto action = std::ranges::find(actions, name, &Action::name);
    if (action == actions.end())
        return bad_rule("its action must be expire, move, expire_old or abort_uploads.");
    if (rule.has("class") != (name == "move"))
        return bad_rule("class goes with the action move, and with it alone.");
    const auto seconds = seconds_of(rule["after"], "after");
    if (!seconds) return seconds.error();
    const auto days = whole_days(*seconds, "after of a lifecycle rule");
    if (!days) return days.error();
    XmlElement made = new_rule(rule["id"].text(), place.full_prefix(rule["prefix"].text()));
    XmlElement said{.name = std::string(action->element), .text = {}, .children = {}};
    said.add(action->days, *days);
    if (rule.has("class")) said.add("StorageClass", rule["class"].text());
    made.add(std::move(said));
    return made;
}

bool is_own_rule(const S3Place& place, const XmlElement& rule) {
    return rule.at("ID") != s3_keep_old_rule && rule_prefix(rule).starts_with(place.prefix);
}

double keep_old_s(const XmlElement& rule) {
    if (rule.at("ID") != s3_keep_old_rule || rule.at("Status") != "Enabled") return 0;
    return day_s * amount_in(rule.at("NoncurrentVersionExpiration/NoncurrentDays"));
}

XmlElement keep_old_rule(const S3Place& place, double keep_s) {
    XmlElement rule = new_rule(s3_keep_old_rule, place.prefix);
    XmlElement said{.name = "NoncurrentVersionExpiration", .text = {}, .children = {}};
    said.add("NoncurrentDays", std::to_string(static_cast<long>(keep_s / day_s)));
    rule.add(std::move(said));
    return rule;
}

Result<std::string> whole_days(double seconds, const std::string& what) {
    const double days = seconds / day_s;
    if (days < 1 || days != std::floor(days))
        return fail("bad_argument", what +
                                        " must be a whole number of days, such as \"30d\": S3 "
                                        "counts in days.");
    return std::to_string(static_cast<long>(days));
}

}  // namespace perilune
