#include "interpreter/run/code_change.h"

#include "interpreter/base/json.h"

namespace perilune {

namespace {

std::string said(const Value& value) {
    if (value.is_nil()) return "nothing";
    return value.is_text() ? value.text() : to_json(value);
}

std::string moved(const std::string& name, const TargetSettings& before,
                  const TargetSettings& now) {
    const std::string_view was = before.driver->name;
    const std::string_view is = now.driver->name;
    if (was != is)
        return name + ": the driver was " + std::string(was) + " and is now " + std::string(is);
    for (const auto& setting : now.driver->settings) {
        const Value& held = before.settings.values[setting.name];
        const Value& wanted = now.settings.values[setting.name];
        if (setting.identity && !(held == wanted))
            return name + ": " + std::string(setting.name) + " was " + said(held) + " and is now " +
                   said(wanted);
    }
    return {};
}

}  // namespace

std::vector<std::string> changed_files(const Texts& carried, const Texts& now) {
    std::vector<std::string> lines;
    auto before = carried.begin();
    auto after = now.begin();
    while (before != carried.end() || after != now.end()) {
        const bool gone =
            after == now.end() || (before != carried.end() && before->first < after->first);
        const bool added =
            before == carried.end() || (after != now.end() && after->first < before->first);
        if (gone) {
            lines.push_back("gone: " + (before++)->first);
        } else if (added) {
            lines.push_back("new: " + (after++)->first);
        } else {
            if (before->second != after->second) lines.push_back("changed: " + before->first);
            ++before;
            ++after;
        }
    }
    return lines;
}

std::vector<std::string> moved_targets(const Environment& before, const Environment& now,
                                       const std::set<std::string>& used) {
    std::vector<std::string> lines;
    for (const auto& name : used) {
        const auto held = before.targets.find(name);
        if (held == before.targets.end()) continue;
        const auto wanted = now.targets.find(name);
        if (wanted == now.targets.end()) {
            lines.push_back(name + ": the environment has no such target any more");
        } else if (auto line = moved(name, held->second, wanted->second); !line.empty()) {
            lines.push_back(std::move(line));
        }
    }
    return lines;
}

}  // namespace perilune
