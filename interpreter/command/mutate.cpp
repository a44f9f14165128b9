// perilune test --mutate: runbooks broken in small ways, and what no test noticed.
#include <cstdio>

#include "interpreter/command/known_drivers.h"
#include "interpreter/command/output.h"
#include "interpreter/command/session.h"
#include "interpreter/command/test_options.h"
#include "interpreter/testing/mutation.h"
#include "interpreter/testing/simulated_library.h"

namespace perilune {

namespace {

constexpr std::size_t told_every = 25;

Result<std::vector<std::string>> choose_runbooks(const Library& library,
                                                 const std::vector<std::string>& named) {
    std::vector<std::string> paths;
    for (const auto& name : named) {
        auto path = find_runbook(library, name);
        if (!path) return path.error();
        paths.push_back(std::move(*path));
    }
    if (named.empty())
        for (const auto& [name, path] : library.runbooks)
            if (!path.starts_with("dependencies/")) paths.push_back(path);
    if (paths.empty())
        return fail("bad_argument", "The library " + library.name + " has no runbooks.");
    return paths;
}

Status check_options(const Invocation& invocation) {
    for (const char* option : {"--coverage", "--coverage-format", "--coverage-output", "--format",
                               "--output", "--rerun", "--shuffle", "--fail-fast"})
        if (invocation.has(option))
            return fail("bad_argument", std::string(option) +
                                            " does not go with --mutate. It takes RUNBOOKS, "
                                            "--filter, --at-once, --least and --json.");
    return Done{};
}

std::string percent_text(double percent) {
    char text[32];
    std::snprintf(text, sizeof text, "%.4g %%", percent);
    return text;
}

}  // namespace

int execute_mutations(const Invocation& invocation, const Library& library) {
    if (const auto checked = check_options(invocation); !checked)
        return report_error(invocation, checked.error());
    const auto least = read_least(invocation);
    if (!least) return report_error(invocation, least.error());
    const auto runbooks = choose_runbooks(library, invocation.all("FILES"));
    if (!runbooks) return report_error(invocation, runbooks.error());
    const auto options = read_test_options(invocation, library, {});
    if (!options) return report_error(invocation, options.error());
    const std::string worker = helper_program("perilune-worker");
    const auto sent = simulated_library(library, known_drivers(worker), worker);
    if (!sent) return report_error(invocation, sent.error());
    std::size_t done = 0;
    const auto made = break_runbooks(*sent, *runbooks, *options, [&](const MutantResult&) {
        if (++done % told_every == 0 && !invocation.json())
            say(std::to_string(done) + " mutants tried");
    });
    if (!made) return report_error(invocation, made.error());
    if (invocation.json())
        put_json(mutations_value(*made));
    else
        put(mutations_text(*made));
    char took[40];
    std::snprintf(took, sizeof took, "%.2g s", made->took_s);
    const std::size_t unfit = made->count(MutantResult::Outcome::unfit);
    say(std::to_string(made->results.size() - unfit) + " mutants, " +
        percent_text(made->noticed_percent()) + " noticed, in " + took +
        (unfit > 0 ? "; " + std::to_string(unfit) + " could not be loaded" : ""));
    if (!*least || made->noticed_percent() >= **least) return exit_done;
    say("That is less than the " + percent_text(**least) + " of --least.");
    return exit_failed;
}

}  // namespace perilune
