// Executes test files in simulators, several at once, and collects what each test came to.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "interpreter/base/loop.h"
#include "interpreter/library/library.h"
#include "interpreter/testing/test_results.h"

namespace perilune {

struct TestOptions {
    std::string program;             // Path of perilune-simulator.
    std::vector<std::string> files;  // Paths in the library.
    std::string filter;              // Only tests whose name contains this text; empty: all.
    std::set<std::string> only;      // Only these "file: name"; empty: all.
    bool fail_fast = false;
    std::uint64_t shuffle = 0;  // The seed of the order; 0: as written.
    int at_once = 2;
    double test_cpu_s = 10;  // Of processor time a test may use.
    std::size_t memory_bytes = std::size_t{512} << 20;
};

// `library` is what simulated_library made. `tell` is called with each result as it comes.
Result<TestSummary> run_tests(const Value& library, const TestOptions& options,
                              const std::function<void(const TestResult&)>& tell);

}  // namespace perilune
