#include "interpreter/command/plan_command.h"

#include <algorithm>

#include "interpreter/base/digest.h"
#include "interpreter/base/files.h"
#include "interpreter/base/json.h"
#include "interpreter/command/find_run.h"
#include "interpreter/command/output.h"
#include "interpreter/command/plan_session.h"
#include "interpreter/command/session.h"
#include "interpreter/command/stored_runs.h"
#include "interpreter/library/objectives.h"
#include "interpreter/run/plan_guide.h"

namespace perilune {

namespace {

constexpr std::size_t digits_shown = 16;

// The plan that --plan names: a file written with --out, or a digest kept in the state folder.
Result<Value> read_plan(const Invocation& invocation) {
    const std::string named = invocation.get("--plan");
    if (named.find('/') != std::string::npos || named.ends_with(".json")) {
        const auto text = read_file(named);
        if (!text) return text.error();
        return from_canonical_json(*text);
    }
    auto store = Store::open(state_folder(invocation));
    if (!store) return store.error();
    auto kept = (*store)->plan(named);
    if (!kept) return kept.error();
    if (!*kept)
        return fail("plan_stale", "There is no plan " + named +
                                      " in the state folder. Make one with: perilune plan");
    return from_canonical_json(**kept);
}

void add_lines(std::vector<std::string>& lines, const List& changes, const std::string& around) {
    for (const auto& change : changes) {
        const std::string path = around + change["path"].text();
        lines.push_back(
            change["sign"].text() + " " + path + ": " +
            describe_change(change["operation"].text(), change["target"].text(), change["args"]));
        add_lines(lines, change["changes"].list(), path + " › ");
    }
}

// Where two plans differ, a line each.
std::string differences(const Value& kept, const Value& fresh) {
    std::vector<std::string> before, after;
    add_lines(before, kept["changes"].list(), "");
    add_lines(after, fresh["changes"].list(), "");
    std::string text;
    for (const auto& line : before)
        if (std::find(after.begin(), after.end(), line) == after.end())
            text += "  no longer:  " + line + "\n";
    for (const auto& line : after)
        if (std::find(before.begin(), before.end(), line) == before.end())
            text += "  now:        " + line + "\n";
    if (!text.empty()) return text;
    if (before != after) return "  the order of the changes differs\n";
    for (const auto* part : {"approvals", "assumed", "not_planned"})
        if (!(kept[part] == fresh[part]))
            return "  what is asked, assumed or not planned differs\n";
    return "  the code, the environment, the parameters or the targets differ\n";
}

// Rule 10.4: a plan is made anew before it is followed; where it differs, nothing is done.
Result<Value> still_holds(const Value& kept, const Plan& now, const std::string& anew) {
    const Value fresh = now.to_value();
    if (kept["digest"] != fresh["digest"])
        return fail("plan_stale", "The plan does not hold any more; nothing was done:\n" +
                                      differences(kept, fresh) + "Look at a new one: " + anew);
    Value followed;
    followed.set("plan", kept["digest"]).set("plan_changes", kept["changes"]);
    return followed;
}

// The command that goes on with this plan, where there is one.
std::string next_command(const Invocation& invocation, const Plan& plan) {
    const std::string digest = to_hex(plan.digest).substr(0, digits_shown);
    if (!plan.run.empty()) return "perilune approve " + plan.run + " --plan " + digest;
    std::string again = "perilune run " + invocation.get("RUNBOOK") + " --environment " +
                        invocation.get("--environment");
    for (const auto& parameter : invocation.all("PARAMETERS")) again += " " + parameter;
    return again + " --plan " + digest;
}

Result<Plan> make_wanted(const Invocation& invocation) {
    if (!invocation.has("--continue")) {
        if (invocation.has("RUNBOOK")) return make_plan(invocation);
        return fail("bad_argument",
                    "Say which runbook to plan, or plan the rest of a run with --continue RUN.");
    }
    if (invocation.has("RUNBOOK"))
        return fail("bad_argument",
                    "The rest of a run has its runbook, environment and parameters already; say "
                    "only: perilune plan --continue RUN");
    auto store = open_store(invocation);
    if (!store) return store.error();
    auto row = find_run(**store, invocation.get("--continue"));
    if (!row) return row.error();
    store->reset();
    return make_plan_of_rest(invocation, row->id);
}

// What the runbook allows; 0 where it allows anything.
double rto_s(const Plan& plan) {
    const auto objectives = read_objectives(plan.objectives);
    return objectives ? strictest_s(objectives->rto).value_or(0) : 0;
}

}  // namespace

int execute_plan(const Invocation& invocation) {
    auto plan = make_wanted(invocation);
    if (!plan) return report_error(invocation, plan.error());
    const std::string body = to_canonical_json(plan->to_value());
    auto store = Store::open(state_folder(invocation));
    if (!store) return report_error(invocation, store.error());
    if (const auto kept = (*store)->keep_plan(plan->digest, body); !kept)
        return report_error(invocation, kept.error());
    if (invocation.has("--out"))
        if (const auto written = write_file_durably(invocation.get("--out"), body + "\n"); !written)
            return report_error(invocation, written.error());
    const auto usual = usual_of(**store, state_folder(invocation), plan->runbook);
    if (invocation.json()) {
        put_json(plan->to_value().set("expected", report::expected_value(usual)));
    } else {
        put(visible(plan->to_text() + report::expected_text(usual, rto_s(*plan))));
        say("Execute exactly this: " + next_command(invocation, *plan));
    }
    return plan->problems.empty() ? exit_done : exit_failed;
}

Result<Value> plan_to_follow(const Invocation& invocation) {
    const auto kept = read_plan(invocation);
    if (!kept) return kept.error();
    const auto now = make_plan(invocation);
    if (!now) return now.error();
    return still_holds(*kept, *now, "perilune plan");
}

Result<Value> plan_to_approve(const Invocation& invocation, const std::string& run) {
    const auto kept = read_plan(invocation);
    if (!kept) return kept.error();
    const std::string anew = "perilune plan --continue " + run;
    if ((*kept)["run"].text() != run)
        return fail("bad_argument", "This plan is not one of the rest of the run " + run +
                                        ". Make one with: " + anew);
    const auto now = make_plan_of_rest(invocation, run);
    if (!now) return now.error();
    auto approved = still_holds(*kept, *now, anew);
    if (approved) approved->set("bundle", (*kept)["bundle"]);
    return approved;
}

}  // namespace perilune
