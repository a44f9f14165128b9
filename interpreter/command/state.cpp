// Takes a state folder over on purpose where its database is another file than it was made as.
#include "interpreter/base/loop.h"
#include "interpreter/command/executions.h"
#include "interpreter/command/output.h"
#include "interpreter/command/session.h"

namespace perilune {

int execute_state(const Invocation& invocation) {
    if (invocation.get("WHAT") != "adopt")
        return report_error(
            invocation, fail("bad_argument", "There is only: perilune state adopt --reason TEXT"));
    if (invocation.get("--reason").empty())
        return report_error(invocation, fail("bad_argument",
                                             "Taking a state folder over needs --reason TEXT: "
                                             "where it comes from, and that nothing is executed "
                                             "from any other copy."));
    const std::string folder = state_folder(invocation);
    const auto store = Store::open(folder);
    if (!store) return report_error(invocation, store.error());
    Adoption adoption;
    adoption.who = current_person();
    adoption.reason = invocation.get("--reason");
    adoption.at = wall_now_s();
    const auto found = (*store)->adopt(adoption);
    if (!found) return report_error(invocation, found.error());
    if (invocation.json()) {
        Value told;
        put_json(told.set("state", folder).set("adopted", !found->empty()).set("found", *found));
    } else if (found->empty()) {
        say("The state folder " + folder + " is as its hosts left it; nothing was to be done.");
    } else {
        say(*found + " It was taken over: runs may be executed from " + folder +
            " again. See: perilune runs --only open --state " + folder);
    }
    return exit_done;
}

}  // namespace perilune
