// Reads targets one by one, then settles which of them are the same.
#include "interpreter/library/targets.h"

#include <set>

#include "interpreter/base/suggest.h"
#include "interpreter/library/fields.h"
#include "interpreter/library/services.h"

namespace perilune {

namespace {

// Keys of a target that are the same whatever its driver.
const std::set<std::string> common_keys = {"driver", "same_as", "uses", "disposable"};

std::string family_of(const std::string& target) { return target.substr(0, target.find('/')); }

bool is_target_name(std::string_view name) {
    const auto slash = name.find('/');
    return slash != std::string_view::npos && is_plain_name(name.substr(0, slash)) &&
           is_plain_name(name.substr(slash + 1));
}

bool any_service(const Value& value) {
    if (value.is_text()) return holds_service(value.text());
    for (const auto& inner : value.list())
        if (any_service(inner)) return true;
    for (const auto& [key, inner] : value.map())
        if (any_service(inner)) return true;
    return false;
}

struct Reader {
    const Library& library;
    const KnownDrivers& drivers;
    SettingsScope& scope;
    Environment& environment;

    void refuse_target(const Place& place, const std::string& message, const std::string& named) {
        const std::vector<std::string> names(scope.targets.begin(), scope.targets.end());
        scope.problems.add(
            place, message + did_you_mean(named, names) + " Correct the name, or add the target.");
    }

    const DriverKind* find_driver(const std::string& target, const YamlNode& node) {
        const std::string family = family_of(target);
        auto names = drivers.names ? drivers.names(family) : std::vector<std::string>();
        if (drivers.script_names)
            for (auto& name : drivers.script_names(library, family))
                names.push_back(std::move(name));
        const std::string known = names.empty() ? "" : " There are " + listed(names, 20) + ".";
        const YamlNode* named = node.find("driver");
        if (!named) {
            scope.problems.add(
                node.place,
                target + " needs \"driver\", or \"same_as\" another target. Add it." + known);
            return nullptr;
        }
        const auto text = read_text(*named, "driver of " + target, scope.problems);
        if (!text) return nullptr;
        const DriverKind* kind = drivers.find(family, *text);
        if (!kind && drivers.find_script) {
            const auto found = drivers.find_script(library, family, *text);
            if (!found) {
                scope.problems.add(found.error());
                return nullptr;
            }
            kind = *found;
        }
        if (!kind)
            scope.problems.add(named->place, target + " names the driver " + in_quotes(*text) +
                                                 ", which the family " + in_quotes(family) +
                                                 " has not." + did_you_mean(*text, names) +
                                                 (names.empty() ? " Check the target's family and "
                                                                  "the driver's name."
                                                                : known));
        return kind;
    }

    void read_common(const std::string& name, const YamlNode& node, TargetSettings& target) {
        if (const YamlNode* same = node.find("same_as")) {
            target.same_as = read_text(*same, "same_as of " + name, scope.problems).value_or("");
            if (!target.same_as.empty() && !scope.targets.contains(target.same_as))
                refuse_target(same->place,
                              name + " is said to be the same as " + in_quotes(target.same_as) +
                                  ", which this environment has not.",
                              target.same_as);
        }
        if (const YamlNode* uses = node.find("uses")) {
            for (const auto& used : read_texts(*uses, "uses of " + name, scope.problems)) {
                target.uses.push_back(used.text);
                if (used.text == name) {
                    scope.problems.add(used.place, name + " is said to use itself. Remove it.");
                } else if (!scope.targets.contains(used.text)) {
                    refuse_target(used.place,
                                  name + " uses " + in_quotes(used.text) +
                                      ", which this environment has not.",
                                  used.text);
                }
            }
        }
        if (const YamlNode* disposable = node.find("disposable"))
            target.disposable =
                read_boolean(*disposable, "disposable of " + name, scope.problems).value_or(false);
    }

    // Reads the settings, then asks the driver whether it could work with them.
    void read_target_settings(const YamlEntry& entry, TargetSettings& target) {
        const std::string& name = entry.key;
        const std::size_t problems_before = scope.problems.count();
        target.settings.values = read_settings(
            entry.value, target.driver->settings,
            {.name = name, .driver = std::string(target.driver->name), .common_keys = common_keys},
            scope);
        target.needs_services = any_service(target.settings.values);
        if (scope.problems.count() != problems_before || target.needs_services ||
            !drivers.try_settings)
            return;
        const Status tried = drivers.try_settings(*target.driver, target.settings);
        if (tried) return;
        const std::string& message = tried.error().message;
        const bool named = message.find(name) != std::string::npos;
        scope.problems.add(entry.place, (named ? "" : name + ": ") + message);
    }

    void read_target(const YamlEntry& entry) {
        const std::string& name = entry.key;
        if (!is_target_name(name))
            return scope.problems.add(
                entry.place, in_quotes(name) +
                                 " is no target. Write "
                                 "FAMILY/NAME in lower-case letters, digits, - and _, such as "
                                 "dns/site.");
        const std::string what = "The target " + name;
        if (!expect_map(entry.value, what, scope.problems)) return;
        TargetSettings target;
        target.place = entry.place;
        target.settings = {.target = name, .values = Value(Map{}), .folder = library.folder};
        read_common(name, entry.value, target);
        if (entry.value.find("driver") || target.same_as.empty()) {
            target.driver = find_driver(name, entry.value);
            if (target.driver) read_target_settings(entry, target);
        } else {
            refuse_unknown_keys(entry.value, name + " (without a driver of its own)",
                                {"same_as", "uses", "disposable", "driver"}, scope.problems);
        }
        environment.targets[name] = std::move(target);
    }

    // A target without a driver of its own has that of the one it is the same as.
    void settle_same(const std::string& name, TargetSettings& target) {
        std::set<std::string> met = {name};
        std::string at = target.same_as;
        while (true) {
            const auto found = environment.targets.find(at);
            if (found == environment.targets.end()) return;  // Already reported.
            if (!met.insert(at).second)
                return scope.problems.add(
                    target.place,
                    name + " is the same as itself, by way of " + at + ". Remove one \"same_as\".");
            if (found->second.same_as.empty()) break;
            at = found->second.same_as;
        }
        TargetSettings& root = environment.targets[at];
        target.same_as = at;
        const bool own = target.driver != nullptr;
        if (own || !root.driver) return;
        if (family_of(at) != family_of(name))
            return scope.problems.add(target.place, name +
                                                        " has no driver of its own and cannot "
                                                        "take that of " +
                                                        at +
                                                        ", which is of another family. Add a "
                                                        "\"driver\".");
        target.driver = root.driver;
        target.settings.values = root.settings.values;
        target.needs_services = root.needs_services;
        target.disposable = target.disposable || root.disposable;
    }
};

}  // namespace

void read_targets(const YamlNode& node, const Library& library, const KnownDrivers& drivers,
                  SettingsScope& scope, Environment& environment) {
    Reader reader = {
        .library = library, .drivers = drivers, .scope = scope, .environment = environment};
    for (const auto& entry : node.entries) reader.read_target(entry);
    for (auto& [name, target] : environment.targets)
        if (!target.same_as.empty()) reader.settle_same(name, target);
}

}  // namespace perilune
