// Checks offline that journals are as they were written: chain, number, head, code, signatures.
#include "interpreter/command/learning.h"

#include <algorithm>

#include "interpreter/base/json.h"
#include "interpreter/command/find_run.h"
#include "interpreter/command/law.h"
#include "interpreter/command/output.h"
#include "interpreter/command/session.h"
#include "interpreter/command/signing.h"
#include "interpreter/command/stored_runs.h"
#include "interpreter/journal/checkpoint.h"
#include "interpreter/journal/writer.h"
#include "interpreter/library/bundle.h"

namespace perilune {

namespace {

constexpr std::size_t all_runs = 100000;

struct Verified {
    std::string run;
    std::size_t records = 0;
    std::size_t signatures = 0;
    std::size_t by_system = 0;  // Decisions of people that no key vouches for.
    std::string problem;        // Empty where all is well.
};

std::string code_problem(Store& store, const std::string& digest, bool first) {
    const auto files = store.bundle(digest);
    if (!files) return "the code it carries cannot be read: " + files.error().message;
    if (bundle_digest(*files) == digest) return {};
    return std::string("the code that the store keeps for it is not the code it was ") +
           (first ? "started" : "resumed") + " with (digest " + digest.substr(0, 12) + ")";
}

// The code a run was started with, and what replaced it later.
std::vector<std::string> code_digests(const RunRow& row, const std::vector<RecordRow>& records) {
    std::vector<std::string> digests = {row.bundle};
    for (const auto& record : records)
        if (record.body.find("\"kind\":\"code\"") != std::string::npos)
            if (const auto read = from_canonical_json(record.body))
                digests.push_back((*read)["bundle"].text());
    return digests;
}

void check_signatures(Store& store, const FindLaw& find_law, Verified& verified) {
    const auto records = Records::of(store, verified.run);
    if (!records) {
        verified.problem = records.error().message;
        return;
    }
    const auto checked = check_signed_records(*records, find_law);
    verified.signatures = checked.texts.size();
    verified.by_system = checked.by_system;
    verified.problem = checked.problem;
}

// A run may go on while it is looked at: its row is then read anew.
Verified verify_run(Store& store, const FindLaw& find_law, const std::string& id) {
    constexpr int tries_max = 5;
    Verified verified{.run = id};
    for (int tried = 0; tried < tries_max; ++tried) {
        const auto before = store.run(id);
        const auto records = store.records(id);
        const auto after = store.run(id);
        for (const Error* error :
             {before ? nullptr : &before.error(), records ? nullptr : &records.error(),
              after ? nullptr : &after.error()}) {
            if (!error) continue;
            verified.problem = error->message;
            return verified;
        }
        if (!*before || !*after) {
            verified.problem = "the store has no such run";
            return verified;
        }
        if ((*before)->head != (*after)->head) continue;
        verified.records = records->size();
        verified.problem = verify_chain(*records, (*after)->head, (*after)->seq);
        for (const auto& digest : code_digests(**after, *records))
            if (verified.problem.empty())
                verified.problem = code_problem(store, digest, digest == (*after)->bundle);
        if (verified.problem.empty()) check_signatures(store, find_law, verified);
        return verified;
    }
    verified.problem = "the run goes on faster than it can be read; try again when it rests";
    return verified;
}

// The checkpoint, once its signature is seen to be the given key's.
Result<Checkpoint> open_checkpoint(const Invocation& invocation) {
    const std::string path = invocation.get("--checkpoint");
    const auto text = check_signed_file(invocation, path);
    if (!text) return text.error();
    auto read = read_checkpoint(*text);
    if (!read) return fail("bad_checkpoint", path + ": " + read.error().message);
    return read;
}

// What journals were like then, against what they are now. A run that the store has no more is
// told too, where all are asked for.
void compare(Store& store, const Checkpoint& checkpoint, bool all,
             std::vector<Verified>& verified) {
    for (const auto& [run, head] : checkpoint.runs) {
        const auto known = std::find_if(verified.begin(), verified.end(),
                                        [&](const Verified& one) { return one.run == run; });
        if (known == verified.end() && !all) continue;
        const std::string problem = against_checkpoint(store, run, head);
        if (known == verified.end()) {
            if (!problem.empty())
                verified.push_back({.run = run, .records = 0, .problem = problem});
        } else if (known->problem.empty()) {
            known->problem = problem;
        }
    }
}

Value value_of(const Verified& verified) {
    Value value;
    value.set("run", verified.run).set("records", verified.records);
    value.set("signatures", verified.signatures).set("by_system", verified.by_system);
    value.set("ok", verified.problem.empty());
    if (!verified.problem.empty()) value.set("problem", verified.problem);
    return value;
}

// The runs to look at: one and those below it, or all.
Result<std::vector<std::string>> wanted_runs(const Invocation& invocation, Store& store,
                                             const RunRow* row) {
    std::vector<std::string> ids;
    if (invocation.has("--all")) {
        const auto rows = store.runs(all_runs);
        if (!rows) return rows.error();
        for (const auto& known : *rows) ids.push_back(known.id);
        return ids;
    }
    ids.push_back(row->id);
    for (std::size_t at = 0; at < ids.size(); ++at) {
        const auto children = store.children(ids[at]);
        if (!children) return children.error();
        for (const auto& child : *children) ids.push_back(child.id);
    }
    return ids;
}

std::string intact_text(const Verified& verified) {
    std::string text = "intact, " + std::to_string(verified.records) + " records";
    if (verified.signatures > 0)
        text += ", " + std::to_string(verified.signatures) + " signatures hold";
    if (verified.by_system > 0)
        text += ", " + std::to_string(verified.by_system) +
                " decisions by the operating system's word alone";
    return text;
}

void tell(const Invocation& invocation, const std::vector<Verified>& all) {
    if (invocation.json()) {
        List runs;
        bool well = true;
        for (const auto& verified : all) {
            well = well && verified.problem.empty();
            runs.push_back(value_of(verified));
        }
        Value told;
        return put_json(told.set("ok", well).set("runs", runs));
    }
    for (const auto& verified : all) {
        std::string line = verified.run + ": ";
        line += verified.problem.empty() ? intact_text(verified) : "BROKEN: " + verified.problem;
        put(visible(line, false) + "\n");
    }
    if (all.empty()) put("There are no runs yet.\n");
}

}  // namespace

int execute_verify(const Invocation& invocation) {
    if (invocation.has("RUN") == invocation.has("--all"))
        return report_error(invocation, fail("bad_argument", "Say which run to verify, or --all."));
    Result<std::unique_ptr<Store>> store = open_store(invocation);
    if (!store) return report_error(invocation, store.error());
    RunRow row;
    if (invocation.has("RUN")) {
        auto found = find_run(**store, invocation.get("RUN"));
        if (!found) return report_error(invocation, found.error());
        row = std::move(*found);
    }
    const auto ids = wanted_runs(invocation, **store, &row);
    if (!ids) return report_error(invocation, ids.error());
    std::vector<Verified> all;
    const KnownDrivers drivers = host_setup(invocation).known_drivers;
    const FindLaw find_law = law_in_store(**store, drivers);
    for (const auto& id : *ids) all.push_back(verify_run(**store, find_law, id));
    if (invocation.has("--checkpoint")) {
        const auto checkpoint = open_checkpoint(invocation);
        if (!checkpoint) return report_error(invocation, checkpoint.error());
        if (row.id.empty() || checkpoint->runs.contains(row.id))
            compare(**store, *checkpoint, invocation.has("--all"), all);
        else
            all.front().problem =
                "the checkpoint does not name it: it was begun later, or the "
                "checkpoint is of other runs";
    }
    const bool well = std::all_of(all.begin(), all.end(),
                                  [](const Verified& one) { return one.problem.empty(); });
    tell(invocation, all);
    return well ? exit_done : exit_failed;
}

}  // namespace perilune
