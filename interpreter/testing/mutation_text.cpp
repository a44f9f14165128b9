// What tests noticed of broken runbooks and what not, for people and for programs.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include "interpreter/testing/mutation.h"

namespace perilune {

namespace {

using Outcome = MutantResult::Outcome;

std::string survivor_text(const MutantResult& result) {
    const auto& mutant = result.mutant;
    std::string text = result.path + ":" + std::to_string(mutant.position.line) + ": " +
                       mutant.what + (result.tests == 0 ? " (no test reaches it)" : "") + "\n";
    text += "  - " + mutant.before + "\n";
    if (!mutant.after.empty()) text += "  + " + mutant.after + "\n";
    return text;
}

struct Counts {
    std::size_t killed = 0;
    std::size_t survived = 0;
    std::size_t timed_out = 0;
};

void count(Counts& counts, Outcome outcome) {
    counts.killed += outcome == Outcome::killed;
    counts.survived += outcome == Outcome::survived;
    counts.timed_out += outcome == Outcome::timed_out;
}

double percent_of(const Counts& counts) {
    const std::size_t noticed = counts.killed + counts.timed_out;
    const std::size_t all = noticed + counts.survived;
    if (all == 0) return 100;
    return std::floor(1000.0 * static_cast<double>(noticed) / static_cast<double>(all)) / 10;
}

std::string row_text(std::string name, std::size_t width, const Counts& counts) {
    name.resize(width, ' ');
    char text[96];
    std::snprintf(text, sizeof text, "  %7zu  %8zu  %9zu  %7.1f %%\n", counts.killed,
                  counts.survived, counts.timed_out, percent_of(counts));
    return name + text;
}

std::string table_text(const Mutations& mutations) {
    std::map<std::string, Counts> rows;
    std::map<std::string, Counts> kinds;
    Counts total;
    std::size_t width = 5;
    for (const auto& result : mutations.results) {
        count(rows[result.path], result.outcome);
        count(kinds[result.mutant.what], result.outcome);
        count(total, result.outcome);
        width = std::max({width, result.path.size(), result.mutant.what.size()});
    }
    std::string heading = "Mutants";
    heading.resize(std::max(width, heading.size()), ' ');
    std::string text = heading + "   Killed  Survived  Timed out    Noticed\n";
    for (const auto& [name, counts] : kinds) text += row_text(name, width, counts);
    for (const auto& [name, counts] : rows) text += row_text(name, width, counts);
    return text + row_text("Total", width, total);
}

}  // namespace

std::string_view to_text(MutantResult::Outcome outcome) {
    switch (outcome) {
        case Outcome::killed: return "killed";
        case Outcome::survived: return "survived";
        case Outcome::timed_out: return "timed_out";
        case Outcome::unfit: return "unfit";
    }
    return "";
}

std::size_t Mutations::count(MutantResult::Outcome outcome) const {
    return static_cast<std::size_t>(
        std::count_if(results.begin(), results.end(),
                      [&](const MutantResult& result) { return result.outcome == outcome; }));
}

double Mutations::noticed_percent() const {
    Counts counts;
    for (const auto& result : results) perilune::count(counts, result.outcome);
    return percent_of(counts);
}

std::string mutations_text(const Mutations& mutations) {
    std::string text;
    for (const auto& result : mutations.results)
        if (result.outcome == Outcome::survived) text += survivor_text(result) + "\n";
    return text + table_text(mutations);
}

Value mutations_value(const Mutations& mutations) {
    List mutants;
    for (const auto& result : mutations.results) {
        Value told;
        told.set("path", result.path)
            .set("line", static_cast<double>(result.mutant.position.line))
            .set("what", result.mutant.what)
            .set("before", result.mutant.before)
            .set("after", result.mutant.after)
            .set("outcome", to_text(result.outcome))
            .set("tests", static_cast<double>(result.tests));
        if (!result.by.empty()) told.set("by", result.by);
        mutants.push_back(std::move(told));
    }
    return Value()
        .set("killed", static_cast<double>(mutations.count(Outcome::killed)))
        .set("survived", static_cast<double>(mutations.count(Outcome::survived)))
        .set("timed_out", static_cast<double>(mutations.count(Outcome::timed_out)))
        .set("noticed_percent", mutations.noticed_percent())
        .set("took_s", mutations.took_s)
        .set("mutants", std::move(mutants));
}

}  // namespace perilune
