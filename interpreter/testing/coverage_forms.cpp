// Coverage as a table for people and as lcov's tracefile for other programs.
#include <algorithm>
#include <cstdio>
#include <map>

#include "interpreter/testing/coverage.h"

namespace perilune {

namespace {

using Side = syntax::ProbedBranch::Side;

std::string share_text(const Share& share) {
    char text[48];
    std::snprintf(text, sizeof text, "%5zu/%-5zu %5.1f %%", share.covered, share.all,
                  share.percent());
    return text;
}

std::string row_text(std::string name, std::size_t width, const Shares& shares) {
    name.resize(width, ' ');
    return name + "  " + share_text(shares.steps) + "  " + share_text(shares.branches) + "  " +
           share_text(shares.statements) + "\n";
}

std::string source_line(const CoveredFile& file, std::uint32_t wanted) {
    std::size_t at = 0;
    for (std::uint32_t line = 1; line < wanted; ++line) at = file.source.find('\n', at) + 1;
    const std::string text = file.source.substr(at, file.source.find('\n', at) - at);
    return text.substr(std::min(text.find_first_not_of(" \t"), text.size()));
}

// A name may not have line ends, and must differ from all others of its file.
std::string function_name(const syntax::ProbedStep& step, std::map<std::string, int>& used) {
    std::string name = step.word + " " + step.name;
    std::replace(name.begin(), name.end(), '\n', ' ');
    const int times = ++used[name];
    return times == 1 ? name : name + " (" + std::to_string(times) + ")";
}

std::string lcov_branches(const Coverage& coverage, const CoveredFile& file) {
    std::map<std::uint32_t, std::vector<const syntax::ProbedBranch*>> groups;
    for (const auto& branch : file.probed.branches) groups[branch.group].push_back(&branch);
    std::string text;
    std::size_t hit = 0;
    for (const auto& [group, sides] : groups) {
        std::uint64_t all = 0;
        for (const auto* side : sides) all += coverage.count(side->probe);
        for (std::size_t i = 0; i < sides.size(); ++i) {
            const auto count = coverage.count(sides[i]->probe);
            hit += count > 0;
            // "-" says that the condition itself was never looked at.
            text += "BRDA:" + std::to_string(sides[i]->position.line) + "," +
                    std::to_string(group) + "," + std::to_string(i) + "," +
                    (all == 0 ? "-" : std::to_string(count)) + "\n";
        }
    }
    return text + "BRF:" + std::to_string(file.probed.branches.size()) +
           "\nBRH:" + std::to_string(hit) + "\n";
}

}  // namespace

std::string coverage_text(const Coverage& coverage) {
    std::size_t width = 5;
    for (const auto& file : coverage.files) width = std::max(width, file.path.size());
    std::string heading = "File";
    heading.resize(width, ' ');
    std::string text = heading + "  Steps                Branches             Statements\n";
    std::string missing;
    for (const auto& file : coverage.files) {
        text += row_text(file.path, width, shares_of(coverage, file));
        for (const auto& missed : missed_of(coverage, file))
            missing += file.path + ":" + std::to_string(missed.line) + ": " + missed.what + ": " +
                       source_line(file, missed.line) + "\n";
        const std::string lines = missed_lines(coverage, file);
        if (!lines.empty()) missing += file.path + ": lines never executed: " + lines + "\n";
    }
    text += row_text("Total", width, shares_of(coverage));
    if (!missing.empty()) text += "\nNo test executes:\n" + missing;
    return text;
}

std::string coverage_lcov(const Coverage& coverage, const std::string& folder) {
    std::string text;
    for (const auto& file : coverage.files) {
        text += "TN:perilune\nSF:" + folder + "/" + file.path + "\n";
        std::map<std::string, int> used;
        std::string counts;
        std::size_t hit = 0;
        for (const auto& step : file.probed.steps) {
            const std::string name = function_name(step, used);
            const auto count = coverage.count(step.probe);
            hit += count > 0;
            text += "FN:" + std::to_string(step.position.line) + "," + name + "\n";
            counts += "FNDA:" + std::to_string(count) + "," + name + "\n";
        }
        text += counts + "FNF:" + std::to_string(file.probed.steps.size()) +
                "\nFNH:" + std::to_string(hit) + "\n" + lcov_branches(coverage, file);
        std::map<std::uint32_t, std::uint64_t> lines;
        for (const auto& statement : file.probed.statements) {
            const auto count = coverage.count(statement.probe);
            const auto [line, added] = lines.emplace(statement.span.begin.line, count);
            if (!added) line->second = std::max(line->second, count);
        }
        hit = 0;
        for (const auto& [line, count] : lines) {
            hit += count > 0;
            text += "DA:" + std::to_string(line) + "," + std::to_string(count) + "\n";
        }
        text += "LF:" + std::to_string(lines.size()) + "\nLH:" + std::to_string(hit) +
                "\nend_of_record\n";
    }
    return text;
}

}  // namespace perilune
