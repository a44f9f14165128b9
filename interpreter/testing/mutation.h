// Breaks runbooks in small ways and executes the tests that reach what was broken.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "interpreter/lua/syntax/mutants.h"
#include "interpreter/testing/test_runner.h"

namespace perilune {

struct MutantResult {
    enum class Outcome {
        killed,     // A test failed.
        survived,   // All tests that reach it passed, or none reaches it.
        timed_out,  // A test needed much more time than before: noticed too.
        unfit,      // The runbook cannot be loaded any more: it is not counted.
    } outcome = Outcome::survived;
    std::string path;  // "runbooks/restore.lua"
    syntax::Mutant mutant;
    std::string by;         // The test that noticed.
    std::size_t tests = 0;  // How many reach it; 0: none.
};

std::string_view to_text(MutantResult::Outcome outcome);

struct Mutations {
    std::vector<MutantResult> results;  // By runbook, in the order of its file.
    double took_s = 0;

    std::size_t count(MutantResult::Outcome outcome) const;
    // Of those that could be loaded, how many were noticed; 100 of none.
    double noticed_percent() const;
};

// `library` is what simulated_library made, `runbooks` are paths in it. The tests are executed as
// they are first, which tells what each reaches; an error `tests_failed` where one fails. Tests may
// not depend on each other. `tell` is called with each result as it comes.
Result<Mutations> break_runbooks(const Value& library, const std::vector<std::string>& runbooks,
                                 const TestOptions& options,
                                 const std::function<void(const MutantResult&)>& tell);

// What survived, by file and line, and a table of runbooks.
std::string mutations_text(const Mutations& mutations);
// { killed, survived, timed_out, noticed_percent, mutants = list of { path, line, what, … } }.
Value mutations_value(const Mutations& mutations);

}  // namespace perilune
