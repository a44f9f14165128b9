#include "interpreter/command/reference.h"

#include "interpreter/base/files.h"
#include "interpreter/base/suggest.h"
#include "interpreter/command/output.h"

namespace perilune {

namespace {

const std::vector<std::string>& parts() {
    static const std::vector<std::string> names = {"operations", "drivers",     "commands",
                                                   "man",        "completions", "stubs"};
    return names;
}

Result<std::string> make_part(const std::string& part, const std::string& shell) {
    if (part != "completions" && !shell.empty())
        return fail("bad_argument", "docs " + part + " takes nothing further.");
    if (part == "operations") return operations_reference();
    if (part == "drivers") return drivers_reference();
    if (part == "commands") return commands_reference();
    if (part == "man") return man_page();
    if (part == "stubs") return stubs();
    if (part == "completions") return completions(shell);
    return fail("bad_argument", "There is no part \"" + part + "\"." + did_you_mean(part, parts()) +
                                    " There are operations, drivers, commands, man, completions "
                                    "and stubs.");
}

}  // namespace

int execute_docs(const Invocation& invocation) {
    const std::string part = invocation.get("PART");
    const auto made = make_part(part, invocation.get("SHELL"));
    if (!made) return report_error(invocation, made.error());
    if (invocation.has("--output")) {
        const auto written = write_file_durably(invocation.get("--output"), *made);
        if (!written) return report_error(invocation, written.error());
        return exit_done;
    }
    if (invocation.json()) {
        Value told;
        put_json(told.set("part", part).set("text", *made));
    } else {
        put(*made);
    }
    return exit_done;
}

}  // namespace perilune
