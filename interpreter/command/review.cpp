// perilune review: somebody else's word on a run in which policy was passed over.
#include <algorithm>

#include "interpreter/base/json.h"
#include "interpreter/command/answers.h"
#include "interpreter/command/executions.h"
#include "interpreter/command/find_run.h"
#include "interpreter/command/law.h"
#include "interpreter/command/output.h"
#include "interpreter/command/person_key.h"
#include "interpreter/command/session.h"
#include "interpreter/command/stored_runs.h"
#include "interpreter/journal/chain.h"
#include "interpreter/run/proof.h"
#include "interpreter/run/signed_text.h"

namespace perilune {

namespace {

// Adds a record to a journal that nobody writes: refused where somebody has since.
Status append_to_ended(Store& store, const RunRow& row, Value record, double last_s) {
    record.set("seq", row.seq + 1).set("time", std::max(wall_now_s(), last_s));
    const std::string body = to_canonical_json(record.set("epoch", row.epoch));
    const std::string hash = record_hash(row.head, body);
    Batch batch;
    batch.records.push_back({.run = row.id, .body = body, .hash = hash});
    batch.updates[row.id] = {.epoch = row.epoch,
                             .known_head = row.head,
                             .head = hash,
                             .seq = row.seq + 1,
                             .reason = row.reason};
    const auto lost = store.commit(batch);
    if (!lost) return lost.error();
    if (lost->empty()) return Done{};
    return fail("owned", "Something else was written into the journal of " + row.id +
                             " at the same moment, and nothing of this. Give the review again.");
}

Status review(const Invocation& invocation, Store& store, const RunRow& row) {
    if (row.state != "ended")
        return fail("bad_argument", "The run " + row.id +
                                        " has not ended; it is reviewed once it has. See: perilune "
                                        "status " +
                                        row.id);
    InboxRow sent = {.id = make_command_id(), .run = row.id, .kind = "review"};
    sent.body = to_canonical_json(Value().set("reason", invocation.get("--reason")));
    sent.who = current_person();
    sent.at = wall_now_s();
    if (const auto done = sign_command(invocation, store, sent); !done) return done;
    const auto records = Records::of(store, row.id);
    const auto body = from_canonical_json(sent.body);
    if (!records || !body) return records ? body.error() : records.error();
    const RunState state = state_of(*records);
    const std::string& digest = state.begin["bundle"].text();
    const auto code = store.bundle(digest);
    if (!code) return code.error();
    Command given{.id = sent.id, .kind = sent.kind, .who = sent.who, .body = *body};
    given.at = sent.at;
    const Signature checked = check_signature(*code, *body, sent.at);
    if (!checked.problem.empty()) return fail("bad_signature", checked.problem);
    given.person = checked.person;
    given.proof = checked.proof;
    const KnownDrivers drivers = host_setup(invocation).known_drivers;
    const auto law = law_in_store(store, drivers)(digest, state.begin["environment"].text());
    if (!law) return law.error();
    if (const std::string refused = refuse_review(*law, state, given); !refused.empty())
        return fail("denied", refused);
    Value record = Value().set("kind", "review").set("inbox", given.id);
    sign_record(record.set("reason", given.body["reason"]), given);
    return append_to_ended(store, row, std::move(record), state.time);
}

}  // namespace

int execute_review(const Invocation& invocation) {
    if (invocation.get("--reason").find_first_not_of(" \t\n") == std::string::npos)
        return report_error(invocation, fail("bad_argument",
                                             "A review needs --reason TEXT: what you looked at, "
                                             "and what came of it."));
    const auto store = open_store(invocation);
    if (!store) return report_error(invocation, store.error());
    const auto row = find_run(**store, invocation.get("RUN"));
    if (!row) return report_error(invocation, row.error());
    if (const auto done = review(invocation, **store, *row); !done)
        return report_error(invocation, done.error());
    if (invocation.json())
        put_json(Value().set("run", row->id).set("reviewed", true));
    else
        say("The run " + row->id +
            " is reviewed. It is in its journal and its report: perilune "
            "report " +
            row->id);
    return exit_done;
}

}  // namespace perilune
