// Going on with other code than a run has begun with: what is checked before, and how it becomes
// the run's own (rule 7.8).
#include <algorithm>

#include "interpreter/base/json.h"
#include "interpreter/run/code_change.h"
#include "interpreter/run/live_run.h"

namespace perilune {

namespace {

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const auto& line : lines) text += "\n  " + line;
    return text;
}

// Locks are taken all at once when a run begins, so code that wants more of them comes too late.
std::vector<std::string> further_locks(const Value& held, const Value& wanted) {
    std::vector<std::string> names;
    for (const auto& lock : wanted.list())
        if (std::find(held.list().begin(), held.list().end(), lock) == held.list().end())
            names.push_back(lock.text());
    return names;
}

}  // namespace

// The targets that the run and those below it have used, ended ones too.
Status Host::add_used_targets(const std::string& run, std::set<std::string>& used) {
    const auto rows = store_->records(run);
    if (!rows) return rows.error();
    for (const auto& row : *rows)
        if (const auto record = from_canonical_json(row.body); record && record->has("target"))
            used.insert((*record)["target"].text());
    const auto children = store_->children(run);
    if (!children) return children.error();
    for (const auto& child : *children)
        if (const auto added = add_used_targets(child.id, used); !added) return added;
    return Done{};
}

Status Host::check_replacement(const RunRow& row, const Prepared& code) {
    const auto stored = read_stored(row);
    if (!stored) return stored.error();
    std::set<std::string> used;
    if (const auto added = add_used_targets(row.id, used); !added) return added;
    const auto moved = moved_targets(stored->prepared.environment, code.environment, used);
    if (!moved.empty())
        return fail("target_changed",
                    "The run " + row.id +
                        " has worked on targets that the environment on disk makes other things:" +
                        joined(moved) +
                        "\nNothing was done. Put the environment back as it was, or start a new "
                        "run.");
    RunState state;
    stored->records.each([&](const Value& record) { state.apply(record); });
    const auto locks = further_locks(state.begin["facts"]["locks"], code.facts["locks"]);
    if (!locks.empty())
        return fail("bad_runbook", "The code on disk declares locks that the run " + row.id +
                                       " did not take when it began:" + joined(locks) +
                                       "\nNothing was done. Leave them out, or start a new run.");
    return Done{};
}

// The replay of the whole tree agrees with the new code: from the next commit on it is the runs'
// own. What people approved of the old code, and no run has taken yet, approves nothing any more.
void Host::take_code() {
    auto rows = std::make_shared<std::vector<InboxRow>>();
    std::vector<std::string> ids;
    for (const auto* run : tree()) ids.push_back(run->id());
    loop_->off_loop(
        [this, rows, ids] {
            for (const auto& id : ids)
                if (auto found = store_->inbox(id))
                    rows->insert(rows->end(), found->begin(), found->end());
        },
        [this, rows] {
            for (const auto& row : *rows) {
                if (row.kind != "approve" || !taken_.insert(row.id).second) continue;
                const std::string why =
                    "The code was replaced after this was given; look at it and approve again.";
                writer_->reply(row.id, why);
                watcher_.on_progress(row.run, {}, row.who + ": approve was not taken: " + why);
            }
            const Replacement code = *std::exchange(replacing_, std::nullopt);
            writer_->keep_bundle(code.bundle.digest, code.bundle.files);
            for (auto* run : tree())
                run->engine().record_code(code.bundle.digest, run->prepared().facts, code.who);
            go_live();
        });
}

}  // namespace perilune
