// Resuming runs: the claim, the replay of the whole tree, and going on.
#include "interpreter/base/json.h"
#include "interpreter/run/live_run.h"

namespace perilune {

Result<RunRow> Host::claimable(const std::string& run) {
    auto row = store_->run(run);
    if (!row) return row.error();
    if (!*row) return fail("no_such_run", "There is no run " + run + ". See perilune runs.");
    RunRow found = **row;
    if (!found.parent.empty())
        return fail("bad_argument",
                    run + " is a child of the run " + found.parent + "; resume that one.");
    if (found.owner.empty() || host_is_dead(setup_.state_folder, found.owner)) return found;
    auto owner = store_->host(found.owner);
    std::string who = found.owner;
    if (owner && *owner) who = (*owner)->name + ", process " + std::to_string((*owner)->pid);
    return fail("owned", "The run " + run + " is being executed by another host (" + who +
                             "). Watch it with: perilune watch " + run);
}

Result<std::shared_ptr<LiveRun>> Host::claim_one(const RunRow& row, const std::string& who,
                                                 const Prepared* code) {
    auto rows = store_->records(row.id);
    if (!rows) return rows.error();
    if (const std::string broken = verify_chain(*rows, row.head, row.seq); !broken.empty())
        return fail("journal_broken", "The journal of " + row.id + " is not as it was written: " +
                                          broken + ". Nothing is executed from it.");
    std::vector<Value> records;
    for (const auto& record : *rows) records.push_back(*from_canonical_json(record.body));
    const Value& begin = records.front();
    if (begin["language"].integer() > 1)
        return fail("newer_language", "The run " + row.id +
                                          " was begun by a newer Perilune "
                                          "(language " +
                                          to_json(begin["language"]) + ").");
    Prepared prepared;
    if (code) {
        prepared = *code;
    } else {
        std::string digest = row.bundle;
        for (const auto& record : records)
            if (record["kind"].text() == "code") digest = record["bundle"].text();
        auto files = store_->bundle(digest);
        if (!files) return files.error();
        auto library = library_from_texts(*files, begin["folder"].text());
        if (!library) return library.error();
        auto read = read_library(*library, begin["environment"].text(), begin["runbook"].text());
        if (!read) return read.error();
        prepared = std::move(*read);
        prepared.bundle.files = *files;
    }
    Value claim;
    claim.set("kind", "claim").set("owner", id_).set("who", who);
    if (!row.owner.empty()) claim.set("from", row.owner);
    claim.set("why", row.owner.empty() ? "resumed" : "its host died");
    const double time = std::max(wall_now_s(), records.back()["time"].number());
    claim.set("seq", row.seq + 1).set("time", time).set("epoch", row.epoch + 1);
    RecordRow record;
    record.body = to_canonical_json(claim);
    record.hash = record_hash(row.head, record.body);
    auto won = store_->claim(row, id_, record);
    if (!won) return won.error();
    if (!*won)
        return fail("owned", "Another host has just taken the run " + row.id +
                                 ". Watch it with: perilune watch " + row.id);
    records.push_back(claim);
    writer_->own(row.id, row.epoch + 1, row.seq + 1, record.hash, time);
    auto run = std::make_shared<LiveRun>(*this, std::move(prepared));
    run->parent = row.parent;
    runs_[row.id] = run;
    records_[row.id] = std::move(records);
    return run;
}

void Host::resume(const std::string& run, const std::string& who,
                  std::function<void(Status)> done) {
    auto row = claimable(run);
    if (!row) return done(row.error());
    claim(*row, who, nullptr, std::move(done));
}

void Host::resume_with(const std::string& run, const std::string& who, const Prepared& code,
                       std::function<void(Status)> done) {
    auto row = claimable(run);
    if (!row) return done(row.error());
    claim(*row, who, &code, std::move(done));
}

void Host::claim(const RunRow& row, const std::string& who, const Prepared* code,
                 std::function<void(Status)> done) {
    auto root = claim_one(row, who, code);
    if (!root) return done(root.error());
    std::vector<std::shared_ptr<LiveRun>> tree = {*root};
    for (std::size_t i = 0; i < tree.size(); ++i) {
        const std::string id = i == 0 ? row.id : [&] {
            for (const auto& [key, run] : runs_)
                if (run == tree[i]) return key;
            return std::string();
        }();
        auto children = store_->children(id);
        if (!children) return done(children.error());
        for (const auto& child : *children) {
            if (child.state == "ended") continue;
            auto claimed = claim_one(child, who, nullptr);
            if (!claimed) return done(claimed.error());
            tree.push_back(*claimed);
        }
    }
    if (const auto used = use_environment((*root)->prepared().environment); !used)
        return done(used.error());
    replaying_tree_ = true;
    for (const auto& run : tree) replay(run);
    done(Done{});
}

void Host::replay(std::shared_ptr<LiveRun> run) {
    std::string id;
    for (const auto& [key, known] : runs_)
        if (known == run) id = key;
    const std::vector<Value> records = std::move(records_[id]);
    records_.erase(id);
    run->adopt(id);
    run->engine().load(records);
    watcher_.on_record(id, run->engine().state(), records.back());
    run->load([this, run, records](Result<Value> facts) {
        if (!facts) return run->rested(Rest::crashed, facts.error().message);
        run->become(run->id());
        run->engine().on_replayed = [this] { tree_replayed(); };
        run->engine().replay(records);
    });
}

// Rule 7.4: nothing goes on before every recorded event of the whole tree has been met.
void Host::tree_replayed() {
    for (const auto& [id, run] : runs_)
        if (run->ended || !run->engine().replayed()) return;
    replaying_tree_ = false;
    const auto tree = runs_;
    for (const auto& [id, run] : tree) run->engine().go_live();
}

void Host::undo_child(LiveRun& parent, const std::string& run) {
    const auto answer = [this, parent_id = parent.id(), run](const std::string& problem) {
        loop_->post([this, parent_id, run, problem] {
            if (LiveRun* found = live(parent_id)) found->engine().on_child_undone(run, problem);
        });
    };
    auto row = store_->run(run);
    if (!row || !*row) return answer("The child run " + run + " is not in the state store.");
    if (live(run)) runs_.erase(run);
    auto child = claim_one(**row, "the parent run", nullptr);
    if (!child) return answer(child.error().message);
    (*child)->undoing_child = true;
    const auto records = std::move(records_[run]);
    records_.erase(run);
    const auto kept = *child;
    kept->adopt(run);
    kept->engine().load(records);
    kept->load([kept, records, run, answer](Result<Value> facts) {
        if (!facts) return answer(facts.error().message);
        kept->become(run);
        kept->engine().on_replayed = [kept, run, answer] {
            kept->engine().go_live();
            Command command;
            command.id = run + " undo by parent";
            command.kind = "undo";
            command.who = "the parent run";
            const std::string refused = kept->engine().on_command(command);
            if (!refused.empty()) answer("");
        };
        kept->engine().replay(records);
    });
}

// A child ended or cannot go on: its parent is told.
void Host::child_rested(LiveRun& child) {
    const auto parent = shared(child.parent);
    if (!parent || child.rest == Rest::waits) return;
    const RunState& state = child.engine().state();
    const std::string id = child.id();
    if (child.rest == Rest::ended) {
        writer_->set_state(id, "ended", state.end["outcome"].text(), "");
        writer_->release(id, true);
        child.stop_worker();
    }
    if (child.undoing_child) {
        const bool undone = state.end["outcome"].text() == "undone";
        return parent->engine().on_child_undone(
            id, undone ? "" : "The child run " + id + ": " + state.end["reason"].text());
    }
    Value outcome;
    outcome.set("outcome", state.end["outcome"]).set("value", state.end["value"]);
    const bool touched = !state.changes_left().empty();
    outcome.set("changed", touched);
    if (state.end["outcome"].text() != "done") {
        const std::string reason =
            child.rest == Rest::ended ? state.end["reason"].text() : child.rest_reason;
        const Error error =
            fail("child_failed", "The child run " + id + " (" + state.begin["runbook"].text() +
                                     ") ended " + state.end["outcome"].text() + ": " + reason);
        outcome.set("error", error.to_value());
    }
    parent->engine().on_child_end(id, outcome);
}

}  // namespace perilune
