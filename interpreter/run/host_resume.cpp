// Resuming runs: what the store holds of a tree is read and checked, then claimed, then replayed.
#include "interpreter/base/json.h"
#include "interpreter/run/live_run.h"

namespace perilune {

namespace {

Error taken(const std::string& run) {
    return fail("owned", "Another host has just taken the run " + run +
                             ". Watch it with: perilune watch " + run);
}

}  // namespace

Result<RunRow> Host::claimable(const std::string& run) {
    auto row = store_->run(run);
    if (!row) return row.error();
    if (!*row) return fail("no_such_run", "There is no run " + run + ". See perilune runs.");
    RunRow found = **row;
    if (!found.parent.empty())
        return fail("bad_argument",
                    run + " is a child of the run " + found.parent + "; resume that one.");
    if (found.owner.empty() || store_->host_is_dead(found.owner)) return found;
    auto owner = store_->host(found.owner);
    std::string who = found.owner;
    if (owner && *owner) who = (*owner)->name + ", process " + std::to_string((*owner)->pid);
    return fail("owned", "The run " + run + " is being executed by another host (" + who +
                             "). Watch it with: perilune watch " + run);
}

// What a run is executed from: the texts, and what its first record says.
Result<Prepared> Host::read_texts(const Texts& files, const Value& begin) {
    auto library = library_from_texts(files, begin["folder"].text());
    if (!library) return library.error();
    auto read = read_library(*library, begin["environment"].text(), begin["runbook"].text(),
                             begin["services"]);
    if (!read) return read.error();
    read->bundle.files = files;
    return read;
}

Result<Host::Stored> Host::read_stored(const RunRow& row) {
    auto records = Records::of(*store_, row.id);
    if (!records) return records.error();
    if (const std::string broken = records->check_chain(row); !broken.empty()) {
        const auto now = store_->run(row.id);
        if (now && *now && (*now)->head != row.head) return taken(row.id);
        return fail("journal_broken", "The journal of " + row.id + " is not as it was written: " +
                                          broken + ". Nothing is executed from it.");
    }
    Stored stored;
    stored.row = row;
    stored.records = std::move(*records);
    const Value begin = stored.records.front();
    if (begin["language"].integer() > 1)
        return fail("newer_language", "The run " + row.id +
                                          " was begun by a newer Perilune "
                                          "(language " +
                                          to_json(begin["language"]) + ").");
    auto read =
        replacing_ ? read_texts(replacing_->bundle.files, begin) : stored_code(row, stored.records);
    if (!read) return read.error();
    stored.prepared = std::move(*read);
    return stored;
}

Result<std::shared_ptr<LiveRun>> Host::claim_one(Stored stored, const std::string& who) {
    const RunRow& row = stored.row;
    Value claim;
    claim.set("kind", "claim").set("owner", id_).set("who", who);
    if (!row.owner.empty()) claim.set("from", row.owner);
    claim.set("why", row.owner.empty() ? "resumed" : "its host died");
    const double time = std::max(wall_now_s(), stored.records.back()["time"].number());
    claim.set("seq", row.seq + 1).set("time", time).set("epoch", row.epoch + 1);
    RecordRow record;
    record.body = to_canonical_json(claim);
    record.hash = record_hash(row.head, record.body);
    auto won = store_->claim(row, id_, record);
    if (!won) return won.error();
    if (!*won) return taken(row.id);
    writer_->own(row.id, row.epoch + 1, row.seq + 1, record.hash, time);
    auto run = std::make_shared<LiveRun>(*this, std::move(stored.prepared));
    run->parent = row.parent;
    run->adopt(row.id);
    auto claimed = Records::of(*store_, row.id);
    if (!claimed) return claimed.error();
    stored.records = std::move(*claimed);
    run->engine().load(stored.records, replacing_ ? Code::replaced : Code::recorded);
    runs_[row.id] = run;
    records_[row.id] = std::move(stored.records);
    return run;
}

void Host::resume(const std::string& run, const std::string& who,
                  std::function<void(Status)> done) {
    auto row = claimable(run);
    if (!row) return done(row.error());
    claim(*row, who, std::move(done));
}

void Host::resume_with(const std::string& run, const std::string& who, const Prepared& code,
                       std::function<void(Status)> done) {
    auto row = claimable(run);
    if (!row) return done(row.error());
    if (const auto fits = check_replacement(*row, code); !fits) return done(fits.error());
    runs_.erase("loading");
    replacing_ = Replacement{.bundle = code.bundle, .who = who};
    claim(*row, who, std::move(done));
}

// Rules 7.4, 11.1: the run and those below it that have not ended are read, then claimed, then
// replayed together.
void Host::claim(const RunRow& row, const std::string& who, std::function<void(Status)> done) {
    std::vector<Stored> tree;
    std::vector<RunRow> rows = {row};
    for (std::size_t i = 0; i < rows.size(); ++i) {
        auto stored = read_stored(rows[i]);
        if (!stored) return done(stored.error());
        tree.push_back(std::move(*stored));
        auto children = store_->children(rows[i].id);
        if (!children) return done(children.error());
        for (auto& child : *children)
            if (child.state != "ended") rows.push_back(std::move(child));
    }
    if (const auto used = use_environment(tree.front().prepared.environment); !used)
        return done(used.error());
    std::vector<std::shared_ptr<LiveRun>> claimed;
    for (auto& stored : tree) {
        auto run = claim_one(std::move(stored), who);
        if (!run) return done(run.error());
        claimed.push_back(std::move(*run));
    }
    root_ = row.id;
    held_ = true;
    for (const auto& run : claimed) {
        run->engine().on_replayed = [this] { tree_replayed(); };
        replay(*run);
    }
    done(Done{});
}

// Loads the code and streams the run's records to it.
void Host::replay(LiveRun& run) {
    const auto records = std::make_shared<Records>(std::exchange(records_[run.id()], {}));
    records_.erase(run.id());
    watcher_.on_record(run.id(), run.engine().state(), records->back());
    run.load([this, kept = shared(run.id()), records](Result<Value> facts) {
        if (!facts) return kept->engine().on_script_lost(facts.error().message);
        kept->prepared().facts = with_all_targets(*facts);
        kept->become(kept->id());
        kept->engine().replay(*records);
    });
}

}  // namespace perilune
