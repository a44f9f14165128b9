// A run's report in the form that is asked for, on the screen or in a file.
#include "interpreter/command/learning.h"

#include "interpreter/base/files.h"
#include "interpreter/base/json.h"
#include "interpreter/base/suggest.h"
#include "interpreter/command/output.h"
#include "interpreter/command/stored_runs.h"
#include "interpreter/report/report_html.h"
#include "interpreter/report/report_markdown.h"
#include "interpreter/report/report_text.h"
#include "interpreter/report/report_value.h"

namespace perilune {

namespace {

constexpr int columns_of_file = 100;

std::string format_of_file(const std::string& path) {
    if (path.ends_with(".html") || path.ends_with(".htm")) return "html";
    if (path.ends_with(".md") || path.ends_with(".markdown")) return "markdown";
    if (path.ends_with(".json")) return "json";
    return "text";
}

Result<std::string> read_format(const Invocation& invocation) {
    if (!invocation.has("--format"))
        return invocation.json() ? "json" : format_of_file(invocation.get("--output"));
    const std::string format = invocation.get("--format");
    for (const auto* known : {"text", "markdown", "html", "json"})
        if (format == known) return format;
    return fail("bad_argument", "--format is text, markdown, html or json, but not \"" + format +
                                    "\"." +
                                    did_you_mean(format, {"text", "markdown", "html", "json"}));
}

std::string draw(const std::string& format, const report::Timeline& timeline, const RunRow& row,
                 const report::Style& style) {
    if (format == "html") return report::report_html(timeline, row);
    if (format == "markdown") return report::report_markdown(timeline, row);
    if (format == "json") return to_json(report::report_value(timeline, row)) + "\n";
    return report::report_text(timeline, row, style);
}

}  // namespace

int execute_report(const Invocation& invocation) {
    const auto format = read_format(invocation);
    if (!format) return report_error(invocation, format.error());
    const auto run = read_run(invocation);
    if (!run) return report_error(invocation, run.error());
    const auto timeline = timeline_of(run->row, run->records);
    const std::string path = invocation.get("--output");
    if (path.empty() || path == "-") {
        put(draw(*format, timeline, run->row, data_style()));
        return exit_done;
    }
    const report::Style plain{.colour = false, .columns = columns_of_file};
    const auto written = write_file_durably(path, draw(*format, timeline, run->row, plain));
    if (!written) return report_error(invocation, written.error());
    if (invocation.json()) {
        Value told;
        put_json(told.set("run", run->row.id).set("file", path).set("format", *format));
    } else {
        say("The report of the run " + run->row.id + " is in " + path + ".");
    }
    return exit_done;
}

}  // namespace perilune
