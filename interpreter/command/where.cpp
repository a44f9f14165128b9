// Where a run stands now: what it waits for, and the line of the script in each of its strands.
#include "interpreter/command/learning.h"

#include <unistd.h>

#include "interpreter/base/json.h"
#include "interpreter/base/loop.h"
#include "interpreter/command/answers.h"
#include "interpreter/command/output.h"
#include "interpreter/command/stored_runs.h"
#include "interpreter/report/verdict.h"
#include "interpreter/run/host.h"

namespace perilune {

namespace {

constexpr double reply_within_s = 10;
constexpr unsigned pause_us = 20000;

// Asks the host that executes the run. An owner's answer begins with "=".
Result<Value> ask_owner(Store& store, const std::string& run) {
    InboxRow row;
    row.id = make_command_id();
    row.run = run;
    row.kind = "where";
    row.body = to_canonical_json(Value(Map{}));
    row.who = current_person();
    row.at = wall_now_s();
    if (const auto sent = store.send(row); !sent) return sent.error();
    const double until = boot_now_s() + reply_within_s;
    while (boot_now_s() < until) {
        ::usleep(pause_us);
        const auto now = store.inbox_row(row.id);
        if (!now) return now.error();
        if (!*now || !(*now)->taken) continue;
        const std::string& reply = (*now)->reply;
        if (reply.starts_with('=')) return from_json(std::string_view(reply).substr(1));
        return fail("not_taken", reply.empty() ? "The host that executes " + run +
                                                     " does not say where it stands."
                                               : reply);
    }
    return fail("no_answer", "The host that executes " + run +
                                 " has not answered within 10 s; it "
                                 "may be busy or cut off. See: perilune status " +
                                 run);
}

// The frames of one strand stand together, the innermost first.
void put_stack(const Value& stack) {
    std::string strand;
    for (const auto& frame : stack.list()) {
        std::string line;
        if (frame["strand"].text() != strand) {
            strand = frame["strand"].text();
            line = "strand " + strand + "\n";
        }
        line += "  " + frame["at"].text();
        if (frame.has("name")) line += " in " + frame["name"].text();
        put(visible(line) + "\n");
    }
}

Value waiting_value(const std::vector<report::Waiting>& waiting) {
    List listed;
    for (const auto& item : waiting) {
        Value value;
        value.set("what", item.what).set("path", item.path);
        if (item.since > 0) value.set("since", item.since);
        listed.push_back(std::move(value));
    }
    return listed;
}

void put_waiting(const std::vector<report::Waiting>& waiting) {
    for (const auto& item : waiting)
        put(visible("waits for " + item.what + (item.path.empty() ? "" : " in " + item.path),
                    false) +
            "\n");
}

}  // namespace

int execute_where(const Invocation& invocation) {
    auto run = read_run(invocation);
    if (!run) return report_error(invocation, run.error());
    const bool executed = is_executed(invocation, run->row);
    Value stack;
    if (executed) {
        auto asked = ask_owner(*run->store, run->row.id);
        if (!asked) return report_error(invocation, asked.error());
        stack = std::move(*asked);
        if (auto records = Records::of(*run->store, run->row.id))
            run->records = std::move(*records);
    }
    const RunState state = state_of(run->records);
    const auto waiting = report::waiting_for(state);
    if (invocation.json()) {
        Value told;
        told.set("run", run->row.id).set("executed", executed).set("state", run->row.state);
        told.set("waiting", waiting_value(waiting));
        if (executed) told.set("stack", std::move(stack));
        put_json(told);
        return exit_done;
    }
    if (!executed)
        put("Nobody executes the run " + run->row.id +
            (run->row.state == "ended" ? ": it has ended (" + run->row.outcome + ").\n"
                                       : " now. Its journal says:\n"));
    put_waiting(waiting);
    if (executed) put_stack(stack);
    if (executed && stack.list().empty() && waiting.empty())
        put("The script is at work between two operations.\n");
    if (!executed && waiting.empty() && run->row.state != "ended")
        put("Nothing is waited for. Go on with: perilune resume " + run->row.id + "\n");
    return exit_done;
}

}  // namespace perilune
