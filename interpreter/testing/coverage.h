// Which steps, branches and statements of runbooks and lib the tests executed, and its forms.
#pragma once

#include <string>
#include <vector>

#include "interpreter/lua/syntax/probes.h"
#include "interpreter/testing/test_results.h"

namespace perilune {

struct CoveredFile {
    std::string path;  // "runbooks/restore.lua"
    std::string source;
    syntax::ProbedSource probed;
};

struct Coverage {
    std::vector<CoveredFile> files;  // Sorted by path.
    Hits hits;                       // Of all tests together.

    std::uint64_t count(std::uint32_t probe) const {
        const auto found = hits.find(probe);
        return found == hits.end() ? 0 : found->second;
    }
};

// Puts probes into every file of runbooks/ and lib/ of what simulated_library made; a dependency's
// files are its own tests' business. A file that does not parse is left as it is.
Coverage probe_library(Value& library);
void add_hits(Coverage& coverage, const TestSummary& summary);

// How many of how many.
struct Share {
    std::size_t covered = 0;
    std::size_t all = 0;
    double percent() const;  // 100 of nothing.
};
struct Shares {
    Share steps;
    Share branches;
    Share statements;
};
Shares shares_of(const Coverage& coverage, const CoveredFile& file);
Shares shares_of(const Coverage& coverage);

// A step or a side of a branch that no test executed.
struct Missed {
    std::uint32_t line = 0;
    std::string what;  // "step \"Release it\"", "the condition never holds"
};
// In the order of the file.
std::vector<Missed> missed_of(const Coverage& coverage, const CoveredFile& file);

// How often each line was executed, by line from 1: -1 where there is nothing to execute.
std::vector<std::int64_t> line_counts(const Coverage& coverage, const CoveredFile& file);
// "12, 14-16": lines that only statements stand on which no test executed.
std::string missed_lines(const Coverage& coverage, const CoveredFile& file);

// A table of files, and what of them no test executed, named by file and line.
std::string coverage_text(const Coverage& coverage);
// { steps, branches, statements, files = list of { path, steps, …, missed } }.
Value coverage_value(const Coverage& coverage);
// One page that needs nothing else: the table, and every file with its counts.
std::string coverage_html(const Coverage& coverage, const std::string& title);
// The tracefile of lcov 1.16 (geninfo(1)): its functions are the steps. `folder` is the library's.
std::string coverage_lcov(const Coverage& coverage, const std::string& folder);

}  // namespace perilune
