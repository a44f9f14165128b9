// perilune test: which tests, executed in simulators, told as people or a CI server read them.
#include "interpreter/command/test.h"

#include <algorithm>
#include <filesystem>
#include <thread>

#include "interpreter/base/files.h"
#include "interpreter/base/json.h"
#include "interpreter/base/suggest.h"
#include "interpreter/base/units.h"
#include "interpreter/command/known_drivers.h"
#include "interpreter/command/library_files.h"
#include "interpreter/command/numbers.h"
#include "interpreter/command/output.h"
#include "interpreter/command/session.h"
#include "interpreter/testing/simulated_library.h"
#include "interpreter/testing/test_runner.h"

namespace perilune {

namespace {

constexpr int at_once_max = 64;

bool is_plain(const Invocation& invocation) {
    return invocation.get("--format", "text") == "text" && !invocation.json();
}

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
            return fail(
                "bad_argument",
                "The library " + library.name + " has no test file " + name + "." +
                    did_you_mean(wanted.ends_with("_test") ? wanted : wanted + "_test", known));
        files.push_back(library.tests.at(*found));
    }
    if (named.empty())
        for (const auto& [name, path] : library.tests) files.push_back(path);
    if (files.empty())
        return fail("bad_argument",
                    "The library " + library.name + " has no tests: files tests/NAME_test.lua.");
    return files;
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
    if (invocation.has("--limit")) {
        const auto limit_s = parse_duration(invocation.get("--limit"));
        if (!limit_s) return limit_s.error();
        options.test_cpu_s = *limit_s;
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

// Those that were not executed this time are kept as they were.
void keep_failures(const std::string& path, const TestSummary& summary, bool all) {
    auto before =
        all ? Result<std::set<std::string>>(std::set<std::string>()) : read_failures(path);
    std::set<std::string> failed = before ? *before : std::set<std::string>();
    for (const auto& result : summary.results) {
        const std::string name = result.file + ": " + result.name;
        if (result.outcome == TestResult::Outcome::failed)
            failed.insert(name);
        else
            failed.erase(name);
        if (result.name != result.file) failed.erase(result.file + ": " + result.file);
    }
    if (make_folders(std::filesystem::path(path).parent_path().string(), 0700))
        write_file_durably(path, to_json(Value(List(failed.begin(), failed.end()))));
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

void tell_result(const TestResult& result) {
    const char* mark = "✓ ";
    if (result.outcome == TestResult::Outcome::failed) mark = "✗ ";
    if (result.outcome == TestResult::Outcome::pending) mark = "– ";
    const bool shows = result.outcome != TestResult::Outcome::failed && !result.message.empty();
    say(mark + result.name + (shows ? "  (" + result.message + ")" : ""));
}

int tell_summary(const Invocation& invocation, const Library& library, const TestOptions& options,
                 const TestSummary& summary) {
    if (const auto written = write_form(invocation, summary); !written)
        return report_error(invocation, written.error());
    if (is_plain(invocation) && summary.failed() > 0) {
        say("");
        tell_failures(library, summary);
    }
    if (summary.results.empty()) {
        say(options.filter.empty() ? "These files hold no tests."
                                   : "No test has this in its name: \"" + options.filter + "\".");
        return exit_usage;
    }
    say(summary_text(summary));
    return summary.failed() > 0 ? exit_failed : exit_done;
}

int execute_once(const Invocation& invocation, const Library& library) {
    auto options = read_options(invocation, library);
    if (!options) return report_error(invocation, options.error());
    const std::string failures = failures_path(invocation, library);
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
    const auto sent = simulated_library(library, known_drivers(worker), worker);
    if (!sent) return report_error(invocation, sent.error());
    const auto summary = run_tests(*sent, *options, [&](const TestResult& result) {
        if (is_plain(invocation)) tell_result(result);
    });
    if (!summary) return report_error(invocation, summary.error());
    bool all = true;
    for (const char* name : {"FILES", "--filter", "--rerun", "--fail-fast"})
        all = all && !invocation.has(name);
    keep_failures(failures, *summary, all);
    return tell_summary(invocation, library, *options, *summary);
}

// Executes them again whenever a file of the library has changed, until somebody ends it.
int keep_executing(const Invocation& invocation, Library library) {
    for (;;) {
        const LibraryFiles seen = see_library(library.folder);
        execute_once(invocation, library);
        say("Waiting for a change in " + library.folder + "; Ctrl-C ends this.");
        for (LibraryFiles now = seen;;) {
            now = wait_for_change(library.folder, now);
            auto read = open_library(library.folder);
            if (read) {
                library = std::move(*read);
                break;
            }
            say(read.error().message);
        }
        say("");
    }
}

}  // namespace

int execute_test(const Invocation& invocation) {
    auto library = library_of(invocation);
    if (!library) return report_error(invocation, library.error());
    const std::string format = invocation.get("--format", "text");
    const std::vector<std::string> formats = {"text", "junit", "tap", "json"};
    if (std::find(formats.begin(), formats.end(), format) == formats.end())
        return report_error(invocation, fail("bad_argument", "There is no format " + format + "." +
                                                                 did_you_mean(format, formats)));
    return invocation.has("--watch") ? keep_executing(invocation, std::move(*library))
                                     : execute_once(invocation, *library);
}

}  // namespace perilune
