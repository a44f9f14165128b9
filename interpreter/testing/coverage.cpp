#include "interpreter/testing/coverage.h"

#include <algorithm>
#include <cmath>

#include "interpreter/lua/syntax/parser.h"

namespace perilune {

namespace {

using Side = syntax::ProbedBranch::Side;

bool is_covered_file(const std::string& path) {
    return path.ends_with(".lua") && (path.starts_with("runbooks/") || path.starts_with("lib/"));
}

std::string step_text(const syntax::ProbedStep& step) {
    return step.name.empty() ? step.word : step.word + " \"" + step.name + "\"";
}

std::string branch_text(Side side) {
    switch (side) {
        case Side::holds: return "the condition never holds";
        case Side::holds_not: return "the condition always holds";
        case Side::body: return "the loop's body is never executed";
    }
    return "";
}

template <class Items>
Share share_of(const Coverage& coverage, const Items& items) {
    Share share{.covered = 0, .all = items.size()};
    for (const auto& item : items)
        if (coverage.count(item.probe) > 0) ++share.covered;
    return share;
}

void add(Share& share, const Share& other) {
    share.covered += other.covered;
    share.all += other.all;
}

bool is_blank_or_comment(const std::string& line) {
    const auto first = line.find_first_not_of(" \t\r");
    return first == std::string::npos || line.compare(first, 2, "--") == 0;
}

std::vector<std::string> lines_of(const std::string& source) {
    std::vector<std::string> lines;
    std::size_t at = 0;
    while (at < source.size()) {
        const auto end = std::min(source.find('\n', at), source.size());
        lines.push_back(source.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

}  // namespace

Coverage probe_library(Value& library) {
    Coverage coverage;
    Map texts = library["texts"].map();
    std::uint32_t probes = 0;
    for (auto& [path, text] : texts) {
        if (!is_covered_file(path)) continue;
        const auto tree = syntax::parse_lua(text.text(), path);
        if (!tree) continue;
        CoveredFile file{
            .path = path, .source = text.text(), .probed = syntax::add_probes(*tree, probes)};
        probes += file.probed.probes;
        text = file.probed.text;
        coverage.files.push_back(std::move(file));
    }
    library.set("texts", std::move(texts)).set("probes", static_cast<double>(probes));
    return coverage;
}

void add_hits(Coverage& coverage, const TestSummary& summary) {
    const auto add_all = [&](const Hits& hits) {
        for (const auto& [probe, count] : hits) coverage.hits[probe] += count;
    };
    for (const auto& [path, hits] : summary.file_hits) add_all(hits);
    for (const auto& result : summary.results) add_all(result.hits);
}

// Rounded down: 100 says that nothing is missing.
double Share::percent() const {
    if (all == 0) return 100;
    return std::floor(1000.0 * static_cast<double>(covered) / static_cast<double>(all)) / 10;
}

Shares shares_of(const Coverage& coverage, const CoveredFile& file) {
    return {.steps = share_of(coverage, file.probed.steps),
            .branches = share_of(coverage, file.probed.branches),
            .statements = share_of(coverage, file.probed.statements)};
}

Shares shares_of(const Coverage& coverage) {
    Shares total;
    for (const auto& file : coverage.files) {
        const Shares shares = shares_of(coverage, file);
        add(total.steps, shares.steps);
        add(total.branches, shares.branches);
        add(total.statements, shares.statements);
    }
    return total;
}

std::vector<Missed> missed_of(const Coverage& coverage, const CoveredFile& file) {
    std::vector<Missed> missed;
    for (const auto& step : file.probed.steps)
        if (coverage.count(step.probe) == 0)
            missed.push_back({.line = step.position.line, .what = step_text(step)});
    for (const auto& branch : file.probed.branches)
        if (coverage.count(branch.probe) == 0)
            missed.push_back({.line = branch.position.line, .what = branch_text(branch.side)});
    std::stable_sort(missed.begin(), missed.end(),
                     [](const Missed& one, const Missed& other) { return one.line < other.line; });
    return missed;
}

// A statement's count is that of all its lines, but for those of statements inside it.
std::vector<std::int64_t> line_counts(const Coverage& coverage, const CoveredFile& file) {
    const auto lines = lines_of(file.source);
    std::vector<std::int64_t> counts(lines.size() + 1, -1);
    std::uint32_t began = 0;
    for (const auto& statement : file.probed.statements) {
        const auto count = static_cast<std::int64_t>(coverage.count(statement.probe));
        const std::uint32_t first = statement.span.begin.line;
        for (std::uint32_t line = first; line <= statement.span.end.line; ++line) {
            if (line > lines.size() || is_blank_or_comment(lines[line - 1])) continue;
            // Of statements that begin on one line, the first says how often it was reached; what
            // is missing of the others, a branch says.
            const bool shared = line == first && began == first && counts[line] >= 0;
            counts[line] = shared ? std::max(counts[line], count) : count;
        }
        began = first;
    }
    return counts;
}

std::string missed_lines(const Coverage& coverage, const CoveredFile& file) {
    const auto counts = line_counts(coverage, file);
    std::string text;
    for (std::size_t line = 1; line < counts.size(); ++line) {
        if (counts[line] != 0) continue;
        const std::size_t first = line;
        while (line + 1 < counts.size() && counts[line + 1] == 0) ++line;
        text += (text.empty() ? "" : ", ") + std::to_string(first);
        if (line > first) text += "-" + std::to_string(line);
    }
    return text;
}

Value coverage_value(const Coverage& coverage) {
    const auto set = [](Value told, const Shares& shares) {
        for (const auto& [name, share] :
             {std::pair{"steps", shares.steps}, std::pair{"branches", shares.branches},
              std::pair{"statements", shares.statements}})
            told.set(name, Value()
                               .set("covered", static_cast<double>(share.covered))
                               .set("all", static_cast<double>(share.all))
                               .set("percent", share.percent()));
        return told;
    };
    List files;
    for (const auto& file : coverage.files) {
        List missed;
        for (const auto& one : missed_of(coverage, file))
            missed.push_back(
                Value().set("line", static_cast<double>(one.line)).set("what", one.what));
        files.push_back(set(Value().set("path", file.path).set("missed", std::move(missed)),
                            shares_of(coverage, file)));
    }
    return set(Value().set("files", std::move(files)), shares_of(coverage));
}

}  // namespace perilune
