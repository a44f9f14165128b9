// perilune test: which tests, executed in simulators, told as people or a CI server read them.
#include "interpreter/command/test.h"

#include <algorithm>
#include <filesystem>

#include "interpreter/base/files.h"
#include "interpreter/base/json.h"
#include "interpreter/base/suggest.h"
#include "interpreter/command/coverage_command.h"
#include "interpreter/command/known_drivers.h"
#include "interpreter/command/library_files.h"
#include "interpreter/command/output.h"
#include "interpreter/command/session.h"
#include "interpreter/command/test_options.h"
#include "interpreter/testing/simulated_library.h"
#include "interpreter/testing/test_runner.h"

namespace perilune {

namespace {

bool is_plain(const Invocation& invocation) {
    return invocation.get("--format", "text") == "text" && !invocation.json();
}

// Where the last failures are kept, for --rerun: beside the runs, by library.
std::string failures_path(const Invocation& invocation, const Library& library) {
    return state_folder(invocation) + "/tests/" + library.name + ".failed.json";
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

Status write_form(const Invocation& invocation, const TestSummary& summary,
                  const std::optional<Coverage>& coverage) {
    const std::string format = invocation.get("--format", "text");
    std::string text;
    if (format == "junit") text = junit_text(summary);
    if (format == "tap") text = tap_text(summary);
    if (format == "json" || invocation.json()) {
        Value told = results_value(summary);
        if (coverage) told.set("coverage", coverage_value(*coverage));
        text = to_json(told) + "\n";
    }
    if (text.empty()) return Done{};
    if (!invocation.has("--output")) {
        put(text);
        return Done{};
    }
    return write_file_durably(invocation.get("--output"), text);
}

// Passed and pending ones as they come; what is wrong with failed ones comes at the end.
void tell_result(const TestResult& result) {
    const char* mark = "✓ ";
    if (result.outcome == TestResult::Outcome::failed) mark = "✗ ";
    if (result.outcome == TestResult::Outcome::pending) mark = "– ";
    const bool shows = result.outcome != TestResult::Outcome::failed && !result.message.empty();
    say(mark + result.name + (shows ? "  (" + result.message + ")" : ""));
}

Status check_options(const Invocation& invocation) {
    const std::string format = invocation.get("--format", "text");
    const std::vector<std::string> formats = {"text", "junit", "tap", "json"};
    if (std::find(formats.begin(), formats.end(), format) == formats.end())
        return fail("bad_argument", "There is no format " + format + "." +
                                        did_you_mean(format, formats) +
                                        " It is text, junit, tap or json.");
    return check_coverage_options(invocation);
}

// Executes them and tells what they came to; the exit code.
int run_and_tell(const Invocation& invocation, const Library& library, Value sent,
                 const TestOptions& options) {
    const auto least = read_least(invocation);
    if (!least) return report_error(invocation, least.error());
    std::optional<Coverage> coverage;
    if (invocation.has("--coverage")) coverage = probe_library(sent);
    const auto summary = run_tests(sent, options, [&](const TestResult& result) {
        if (is_plain(invocation)) tell_result(result);
    });
    if (!summary) return report_error(invocation, summary.error());
    bool all = true;
    for (const char* name : {"FILES", "--filter", "--rerun", "--fail-fast"})
        all = all && !invocation.has(name);
    keep_failures(failures_path(invocation, library), *summary, all);
    if (coverage) add_hits(*coverage, *summary);
    if (const auto written = write_form(invocation, *summary, coverage); !written)
        return report_error(invocation, written.error());
    if (is_plain(invocation) && summary->failed() > 0) {
        say("");
        tell_failures(library, *summary);
    }
    if (summary->results.empty()) {
        say(options.filter.empty() ? "These files hold no tests."
                                   : "No test has this in its name: \"" + options.filter + "\".");
        return exit_usage;
    }
    if (coverage)
        if (const auto written = write_coverage(invocation, library, *coverage); !written)
            return report_error(invocation, written.error());
    say(summary_text(*summary));
    const bool enough = !coverage || tell_coverage(*coverage, *least);
    return summary->failed() > 0 || !enough ? exit_failed : exit_done;
}

int execute_once(const Invocation& invocation, const Library& library) {
    auto options = read_test_options(invocation, library, invocation.all("FILES"));
    if (!options) return report_error(invocation, options.error());
    if (invocation.has("--rerun")) {
        auto only = read_failures(failures_path(invocation, library));
        if (!only) return report_error(invocation, only.error());
        if (only->empty()) {
            say("Nothing failed last time.");
            return exit_done;
        }
        options->only = std::move(*only);
    }
    const std::string worker = helper_program("perilune-worker");
    auto sent = simulated_library(library, known_drivers(worker), worker);
    if (!sent) return report_error(invocation, sent.error());
    return run_and_tell(invocation, library, std::move(*sent), *options);
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
    if (invocation.has("--from-run")) return execute_test_from_run(invocation);
    auto library = library_of(invocation);
    if (!library) return report_error(invocation, library.error());
    if (invocation.has("--mutate")) return execute_mutations(invocation, *library);
    if (const auto checked = check_options(invocation); !checked)
        return report_error(invocation, checked.error());
    return invocation.has("--watch") ? keep_executing(invocation, std::move(*library))
                                     : execute_once(invocation, *library);
}

}  // namespace perilune
