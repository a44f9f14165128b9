// What tests came to, and the forms in which it is told.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "interpreter/base/value.h"

namespace perilune {

// How often each probe of the library was executed (interpreter/lua/syntax/probes.h).
using Hits = std::map<std::uint32_t, std::uint64_t>;

struct TestResult {
    std::string file;  // "tests/shop_test.lua"
    std::string name;  // With the names of the groups around it.
    std::string at;    // "tests/shop_test.lua:12"
    enum class Outcome { passed, failed, pending } outcome = Outcome::passed;
    std::string message;   // Why it failed, or why it is pending.
    std::string where;     // The line that failed.
    std::string expected;  // As Lua would write it; empty where nothing was compared.
    std::string found;
    std::string story;      // What the runs of a failed test did.
    double took_s = 0;      // Of processor and wall, as it was waited for.
    double virtual_s = 0;   // That passed in its worlds.
    std::size_t index = 0;  // In its file.
    bool shared = false;    // It executed a `setup` that other tests of its file rely on.
    Hits hits;              // Where the library has probes.
};

std::string_view to_text(TestResult::Outcome outcome);

struct TestSummary {
    std::vector<TestResult> results;        // In the order of files and of tests in them.
    std::map<std::string, Hits> file_hits;  // By file: while it was loaded and after its tests.
    double took_s = 0;
    std::uint64_t seed = 0;  // Of the order; 0: as written.
    int passed() const { return count(TestResult::Outcome::passed); }
    int failed() const { return count(TestResult::Outcome::failed); }
    int pending() const { return count(TestResult::Outcome::pending); }

private:
    int count(TestResult::Outcome outcome) const;
};

// One failure for people: name and place, what was expected and found, the run's timeline.
// `source` is the text of the file that failed, or empty.
std::string failure_text(const TestResult& result, const std::string& source);
// "12 passed, 1 failed, 2 pending in 0.3 s"
std::string summary_text(const TestSummary& summary);

// JUnit's XML, as CI servers read it: a testsuite for each file.
std::string junit_text(const TestSummary& summary);
// Test Anything Protocol, version 13.
std::string tap_text(const TestSummary& summary);
// { passed, failed, pending, took_s, seed, tests = list of { file, name, at, outcome, … } }.
Value results_value(const TestSummary& summary);

}  // namespace perilune
