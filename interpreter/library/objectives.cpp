// Reads and shows objectives.
#include "interpreter/library/objectives.h"

#include <algorithm>

#include "interpreter/base/operation.h"
#include "interpreter/base/suggest.h"
#include "interpreter/base/units.h"
#include "interpreter/library/problems.h"

namespace perilune {

namespace {

constexpr double objective_s_max = 366.0 * 86400;

// A recovery takes time, but there are systems that may lose nothing.
enum class Nothing { allowed, refused };

void read_duration(const Value& value, const std::string& what, Nothing nothing, double& into,
                   Problems& problems) {
    const auto seconds = convert(Type::duration, value, what);
    if (!seconds) return problems.add(seconds.error().message);
    into = seconds->number();
    const bool refused = nothing == Nothing::refused && into <= 0;
    if (refused || into > objective_s_max)
        problems.add(what + " must be " +
                     (nothing == Nothing::refused ? "longer than nothing and " : "") +
                     "at most a year, but it is " + show_duration(into) + ". Correct it.");
}

NamedDurations read_named(const Value& value, const std::string& what, Nothing nothing,
                          Problems& problems) {
    NamedDurations read;
    if (!value.is_map()) {
        read_duration(value, what, nothing, read[""], problems);
        return read;
    }
    if (value.map().empty())
        problems.add(what +
                     " is an empty table. Write a duration such as \"30m\", or names with "
                     "durations.");
    for (const auto& [name, duration] : value.map()) {
        if (name.empty()) problems.add(what + " has an empty name. Write one.");
        read_duration(duration, what + "." + name, nothing, read[name], problems);
    }
    return read;
}

std::string show_named(const NamedDurations& durations) {
    std::string shown;
    for (auto at = durations.begin(); at != durations.end(); ++at) {
        if (at != durations.begin()) shown += std::next(at) == durations.end() ? " and " : ", ";
        shown += (at->first.empty() ? "" : at->first + " ") + show_duration(at->second);
    }
    return shown;
}

}  // namespace

Result<Objectives> read_objectives(const Value& declared) {
    static const std::vector<std::string> names = {"rto", "rpo", "undo"};
    Objectives read;
    Problems problems("bad_declaration");
    const bool empty = declared.is_nil() || (declared.is_list() && declared.list().empty());
    if (!empty && !declared.is_map())
        return fail("bad_declaration",
                    "objectives must be a table such as { rto = \"30m\" }, but "
                    "it is " +
                        std::string(declared.kind()) + ". Correct it.");
    for (const auto& [name, value] : declared.map()) {
        const std::string what = "objectives." + name;
        if (name == "rto") {
            read.rto = read_named(value, what, Nothing::refused, problems);
        } else if (name == "rpo") {
            read.rpo = read_named(value, what, Nothing::allowed, problems);
        } else if (name == "undo") {
            read.undo = read_named(value, what, Nothing::refused, problems);
        } else {
            problems.add("objectives has no " + in_quotes(name) + "." + did_you_mean(name, names) +
                         " It may have " + listed(names) + ".");
        }
    }
    if (problems.any()) return problems.error();
    return read;
}

std::string show(const Objectives& objectives) {
    std::string shown;
    const auto add = [&](const std::string& name, const NamedDurations& durations) {
        if (durations.empty()) return;
        shown += (shown.empty() ? "" : ", ") + name + " " + show_named(durations);
    };
    add("RTO", objectives.rto);
    add("RPO", objectives.rpo);
    add("undo", objectives.undo);
    return shown;
}

std::optional<double> strictest_s(const NamedDurations& durations) {
    std::optional<double> strictest;
    for (const auto& [name, seconds] : durations)
        if (!strictest || seconds < *strictest) strictest = seconds;
    return strictest;
}

}  // namespace perilune
