// perilune test: which tests, executed in simulators, told as people or a CI server read them.
#include "interpreter/command/test.h"

#include <algorithm>
#include <filesystem>
#include <thread>

#include "interpreter/base/files.h"
#include "interpreter/base/json.h"
#include "interpreter/base/suggest.h"
#include "interpreter/command/known_drivers.h"
#include "interpreter/command/output.h"
#include "interpreter/command/session.h"
#include "interpreter/testing/simulated_library.h"
#include "interpreter/testing/test_runner.h"

namespace perilune {

namespace {

constexpr int at_once_max = 64;

// Where the last failures are kept, for --rerun: beside the runs, by library.
std::string failures_path(const Invocation& invocation, const Library& library) {
    return state_folder(invocation) + "/tests/" + library.name + ".failed.json";
}

Result<std::vector<std::string>> choose_files(const Library& library,
                                              const std::vector<std::string>& named) {
    std::vector<std::string> files;
    std::vector<std::string> known;
    for (const auto& [name, path] : library.tests) known.push_back(name);
    for (const auto& name : named) {
        std::string wanted = std::filesystem::path(name).filename().string();
        if (wanted.ends_with(".lua")) wanted.resize(wanted.size() - 4);
        const auto found = std::find_if(known.begin(), known.end(), [&](const auto& one) {
            return one == wanted || one == wanted + "_test" || one.ends_with("/" + wanted);
        });
        if (found == known.end())
            return fail("bad_argument", "The library " + library.name + " has no test file " +
                                            name + "." + did_you_mean(wanted, known));
        files.push_back(library.tests.at(*found));
    }
    if (named.empty())
        for (const auto& [name, path] : library.tests) files.push_back(path);
    if (files.empty())
        return fail("bad_argument",
                    "The library " + library.name + " has no tests: files tests/NAME_test.lua.");
    return files;
}

Result<std::uint64_t> read_number(const Invocation& invocation, const char* name,
                                  std::uint64_t least) {
    const std::string text = invocation.get(name);
    std::size_t used = 0;
    std::uint64_t number = 0;
    try {
        number = std::stoull(text, &used);
    } catch (const std::exception&) {
        used = 0;
    }
    if (used == 0 || used != text.size() || text[0] == '-' || number < least)
        return fail("bad_argument", std::string(name) + " needs a whole number of at least " +
                                        std::to_string(least) + ", but it is \"" + text + "\".");
    return number;
}

Result<TestOptions> read_options(const Invocation& invocation, const Library& library) {
    TestOptions options;
    options.program = helper_program("perilune-simulator");
    options.filter = invocation.get("--filter");
    options.fail_fast = invocation.has("--fail-fast");
    options.at_once = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    if (invocation.has("--shuffle")) {
        const auto seed = read_number(invocation, "--shuffle", 1);
        if (!seed) return seed.error();
        options.shuffle = *seed;
    }
    if (invocation.has("--at-once")) {
        const auto count = read_number(invocation, "--at-once", 1);
        if (!count) return count.error();
        options.at_once = static_cast<int>(std::min<std::uint64_t>(*count, at_once_max));
    }
    auto files = choose_files(library, invocation.all("FILES"));
    if (!files) return files.error();
    options.files = std::move(*files);
    return options;
}

// The tests that failed last time: "file: name".
Result<std::set<std::string>> read_failures(const std::string& path) {
    std::set<std::string> failed;
    const auto text = read_file(path);
    const auto told = text ? from_json(*text) : Result<Value>(text.error());
    if (!told)
        return fail("bad_argument",
                    "There is no record of failed tests; execute perilune test first.");
    for (const auto& name : told->list()) failed.insert(name.text());
    return failed;
}

void keep_failures(const std::string& path, const TestSummary& summary) {
    List failed;
    for (const auto& result : summary.results)
        if (result.outcome == TestResult::Outcome::failed)
            failed.push_back(result.file + ": " + result.name);
    if (make_folders(std::filesystem::path(path).parent_path().string(), 0700))
        write_file_durably(path, to_json(Value(std::move(failed))));
}

void tell_failures(const Library& library, const TestSummary& summary) {
    for (const auto& result : summary.results) {
        if (result.outcome != TestResult::Outcome::failed) continue;
        const std::string where = result.where.empty() ? result.at : result.where;
        const auto source = read_library_file(library, where.substr(0, where.rfind(':')));
        say(failure_text(result, source ? *source : ""));
    }
}

Status write_form(const Invocation& invocation, const TestSummary& summary) {
    const std::string format = invocation.get("--format", "text");
    std::string text;
    if (format == "junit") text = junit_text(summary);
    if (format == "tap") text = tap_text(summary);
    if (format == "json" || invocation.json()) text = to_json(results_value(summary)) + "\n";
    if (text.empty()) return Done{};
    if (!invocation.has("--output")) {
        put(text);
        return Done{};
    }
    return write_file_durably(invocation.get("--output"), text);
}

}  // namespace

int execute_test(const Invocation& invocation) {
    if (invocation.has("--from-run")) return execute_test_from_run(invocation);
    const auto library = library_of(invocation);
    if (!library) return report_error(invocation, library.error());
    const std::string format = invocation.get("--format", "text");
    const std::vector<std::string> formats = {"text", "junit", "tap", "json"};
    if (std::find(formats.begin(), formats.end(), format) == formats.end())
        return report_error(invocation, fail("bad_argument", "There is no format " + format + "." +
                                                                 did_you_mean(format, formats)));
    auto options = read_options(invocation, *library);
    if (!options) return report_error(invocation, options.error());
    const std::string failures = failures_path(invocation, *library);
    if (invocation.has("--rerun")) {
        auto only = read_failures(failures);
        if (!only) return report_error(invocation, only.error());
        if (only->empty()) {
            say("Nothing failed last time.");
            return exit_done;
        }
        options->only = std::move(*only);
    }
    const std::string worker = helper_program("perilune-worker");
    const auto sent = simulated_library(*library, known_drivers(worker), worker);
    if (!sent) return report_error(invocation, sent.error());
    const bool plain = format == "text" && !invocation.json();
    const auto summary = run_tests(*sent, *options, [&](const TestResult& result) {
        const bool passed = result.outcome == TestResult::Outcome::passed;
        if (plain && result.outcome != TestResult::Outcome::failed)
            say((passed ? "✓ " : "– ") + result.name +
                (result.message.empty() ? "" : "  (" + result.message + ")"));
        if (plain && result.outcome == TestResult::Outcome::failed) say("✗ " + result.name);
    });
    if (!summary) return report_error(invocation, summary.error());
    keep_failures(failures, *summary);
    if (const auto written = write_form(invocation, *summary); !written)
        return report_error(invocation, written.error());
    if (plain && summary->failed() > 0) {
        say("");
        tell_failures(*library, *summary);
    }
    if (summary->results.empty()) {
        say("No test has this in its name: \"" + options->filter + "\".");
        return exit_usage;
    }
    say(summary_text(*summary));
    return summary->failed() > 0 ? exit_failed : exit_done;
}

}  // namespace perilune
