// perilune drill --schedule: the line of a crontab that executes a drill.
#include <filesystem>

#include "bindings/schedule/cron.h"
#include "interpreter/base/units.h"
#include "interpreter/command/drill.h"
#include "interpreter/command/output.h"
#include "interpreter/command/session.h"
#include "interpreter/report/escape.h"

namespace perilune {

namespace {

// In a crontab a percent sign ends the command.
std::string in_crontab(const std::string& word) {
    std::string text;
    for (const char c : report::command_word(word)) {
        if (c == '%') text += '\\';
        text += c;
    }
    return text;
}

}  // namespace

int schedule_drill(const Invocation& invocation, const std::string& program) {
    const auto library = library_of(invocation);
    if (!library) return report_error(invocation, library.error());
    const auto path = find_runbook(*library, "drills/" + invocation.get("DRILL"));
    if (!path) return report_error(invocation, path.error());
    const std::string& cron = invocation.get("--schedule");
    const auto read = CronExpression::parse(cron);
    if (!read) return report_error(invocation, read.error());
    const std::string name = runbook_name(*path).substr(std::string_view("drills/").size());
    const std::string state = state_folder(invocation);
    std::error_code code;
    std::filesystem::create_directories(state, code);  // For the log, before the first drill.
    const std::string line = cron + " " + in_crontab(program) + " drill " + in_crontab(name) +
                             " --library " + in_crontab(library->folder) + " --environment " +
                             in_crontab(invocation.get("--environment", "drill")) + " --state " +
                             in_crontab(state) +
                             (invocation.has("--kill-host") ? " --kill-host" : "") + " >>" +
                             in_crontab(state + "/drill-" + name + ".log") + " 2>&1";
    if (invocation.json()) {
        put_json(Value().set("line", line));
        return exit_done;
    }
    put(line + "\n");
    say("Put it into a crontab: (crontab -l; perilune drill …) | crontab -. perilune drills ends "
        "with exit code 1 while a drill is missing, failed or expired.");
    return exit_done;
}

}  // namespace perilune
