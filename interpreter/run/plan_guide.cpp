#include "interpreter/run/plan_guide.h"

#include <algorithm>

#include "interpreter/base/json.h"

namespace perilune {

namespace {

constexpr std::size_t shown_bytes_max = 300;

// Whether a value is what a plan shows, its unknowns filled in.
bool fits(const Value& planned, const Value& now) {
    if (planned.is_unknown()) return true;
    if (planned.is_list() && now.is_list())
        return std::equal(planned.list().begin(), planned.list().end(), now.list().begin(),
                          now.list().end(), fits);
    if (!planned.is_map() || !now.is_map()) return planned == now;
    if (planned.map().size() != now.map().size()) return false;
    for (const auto& [name, value] : planned.map())
        if (!fits(value, now[name])) return false;
    return true;
}

}  // namespace

PlanGuide::PlanGuide(const Value& plan) : digest_(plan["plan"].text().substr(0, 16)) {
    for (const auto& change : plan["plan_changes"].list())
        entries_[change["path"].text()].push_back(change);
    for (auto& [path, entries] : entries_)
        std::stable_sort(entries.begin(), entries.end(), [](const Value& left, const Value& right) {
            return left["ordinal"].integer() < right["ordinal"].integer();
        });
}

const Value* PlanGuide::entry(const std::string& path, std::int64_t ordinal) const {
    const auto found = entries_.find(path);
    if (found == entries_.end()) return nullptr;
    const auto& entries = found->second;
    // What is told again and again begins anew after its last entry.
    if (entries.front()["repeats"].boolean())
        ordinal = (ordinal - 1) % static_cast<std::int64_t>(entries.size()) + 1;
    const auto at = std::lower_bound(
        entries.begin(), entries.end(), ordinal,
        [](const Value& item, std::int64_t wanted) { return item["ordinal"].integer() < wanted; });
    return at != entries.end() && (*at)["ordinal"].integer() == ordinal ? &*at : nullptr;
}

std::string PlanGuide::refusal(const std::string& path, std::int64_t ordinal,
                               const Event& change) const {
    const bool child = change.kind == "child";
    const std::string operation = child ? "run_runbook" : change.name;
    const std::string& target = child ? change.name : change.target;
    const std::string asked = describe_change(operation, target, change.data);
    const Value* shown = entry(path, ordinal);
    if (!shown) return "The plan " + digest_ + " does not show " + asked + " in this place.";
    const bool same =
        (*shown)["target"].text() == target && (*shown)["operation"].text() == operation;
    Value arguments = (*shown)["args"];
    arguments.as_map();
    if (same && fits(arguments, change.data)) return {};
    return "The plan " + digest_ + " shows " +
           describe_change((*shown)["operation"].text(), (*shown)["target"].text(), arguments) +
           " in this place, but the script asks for " + asked + ".";
}

std::string describe_change(const std::string& operation, const std::string& target,
                            const Value& arguments) {
    if (operation != "run_runbook")
        return describe_event("operation", operation, target, arguments);
    return "run_runbook \"" + target + "\"" +
           (arguments.map().empty() ? "" : " " + to_json(arguments));
}

std::string shortened(std::string text) {
    if (text.size() <= shown_bytes_max) return text;
    text.resize(shown_bytes_max);
    while (!text.empty() && (text.back() & 0xC0) == 0x80) text.pop_back();
    if (!text.empty() && (text.back() & 0x80) != 0) text.pop_back();
    return text + " …";
}

}  // namespace perilune
