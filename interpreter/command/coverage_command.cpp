#include "interpreter/command/coverage_command.h"

#include <algorithm>
#include <cstdio>

#include "interpreter/base/files.h"
#include "interpreter/base/suggest.h"
#include "interpreter/command/output.h"

namespace perilune {

namespace {

std::string share_text(const char* name, const Share& share) {
    char text[96];
    std::snprintf(text, sizeof text, "%s %.1f %% (%zu of %zu)", name, share.percent(),
                  share.covered, share.all);
    return text;
}

bool results_on_stdout(const Invocation& invocation) {
    return !invocation.has("--output") &&
           (invocation.json() || invocation.get("--format", "text") != "text");
}

bool results_are_json(const Invocation& invocation) {
    return invocation.json() || invocation.get("--format") == "json";
}

}  // namespace

Status check_coverage_options(const Invocation& invocation) {
    for (const char* option : {"--coverage-format", "--coverage-output"})
        if (invocation.has(option) && !invocation.has("--coverage"))
            return fail("bad_argument", std::string(option) + " needs --coverage beside it.");
    if (invocation.has("--least") && !invocation.has("--coverage"))
        return fail("bad_argument",
                    "--least says how much --coverage or --mutate must come to; give one of them.");
    const std::string format = invocation.get("--coverage-format", "text");
    const std::vector<std::string> formats = {"text", "html", "lcov"};
    if (std::find(formats.begin(), formats.end(), format) == formats.end())
        return fail("bad_argument",
                    "There is no coverage format " + format + "." + did_you_mean(format, formats));
    const bool both = invocation.has("--coverage") && results_on_stdout(invocation) &&
                      !invocation.has("--coverage-output");
    if (both && (!results_are_json(invocation) || invocation.has("--coverage-format")))
        return fail("bad_argument",
                    "The results and the coverage would both be printed. Say where one of them is "
                    "written, with --coverage-output FILE or --output FILE.");
    return Done{};
}

Status write_coverage(const Invocation& invocation, const Library& library,
                      const Coverage& coverage) {
    const std::string path = invocation.get("--coverage-output");
    if (path.empty() && results_on_stdout(invocation)) return Done{};
    const std::string format = invocation.get("--coverage-format", "text");
    std::string text;
    if (format == "text") text = coverage_text(coverage);
    if (format == "html") text = coverage_html(coverage, library.name);
    if (format == "lcov") text = coverage_lcov(coverage, library.folder);
    if (path.empty()) {
        put(text);
        return Done{};
    }
    const auto written = write_file_durably(path, text);
    if (written) say("Written: " + path);
    return written;
}

bool tell_coverage(const Coverage& coverage, std::optional<double> least) {
    const Shares shares = shares_of(coverage);
    say("Coverage: " + share_text("steps", shares.steps) + ", " +
        share_text("branches", shares.branches) + ", " +
        share_text("statements", shares.statements));
    if (!least || shares.steps.percent() >= *least) return true;
    char text[96];
    std::snprintf(text, sizeof text, "Fewer steps are executed than the %.4g %% of --least.",
                  *least);
    say(text);
    return false;
}

}  // namespace perilune
