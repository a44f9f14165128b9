#include "interpreter/journal/writer.h"

#include <algorithm>

#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"
#include "interpreter/base/sync_point.h"

namespace perilune {

namespace {

constexpr double riding_s = 0.02;  // What asks for no flush is flushed this much later.
// What asks for one is flushed at once where an effect waits for it, else this much later: the
// result of a change then shares the flush of the next intent.
constexpr double soon_s = 0.004;
constexpr double trouble_pause_s_max = 5;
// A commit that takes no longer is written on the loop itself where one act alone waits for it: to
// hand it to another thread and back would take as long again.
constexpr double quick_s = 0.004;
constexpr double newest_weighs = 0.25;  // Of the times that commits took.

}  // namespace

JournalWriter::JournalWriter(Loop& loop, Store& store) : loop_(loop), store_(store) {}

void JournalWriter::own(const std::string& run, std::int64_t epoch, std::int64_t seq,
                        const std::string& head, double time) {
    runs_[run] = {.epoch = epoch, .seq = seq, .head = head, .time = time, .durable = seq};
}

std::uint64_t JournalWriter::epoch(const std::string& run) const {
    const auto found = runs_.find(run);
    return found == runs_.end() ? 0 : static_cast<std::uint64_t>(found->second.epoch);
}

std::int64_t JournalWriter::durable_seq(const std::string& run) const {
    const auto found = runs_.find(run);
    return found == runs_.end() ? 0 : found->second.durable;
}

void JournalWriter::disown(const std::string& run) {
    runs_.erase(run);
    pending_.updates.erase(run);
    std::erase_if(pending_.records, [&](const auto& record) { return record.run == run; });
}

Batch::Update& JournalWriter::update(const std::string& run) {
    const auto found = pending_.updates.find(run);
    if (found != pending_.updates.end()) return found->second;
    const Owned& owned = runs_[run];
    Batch::Update made;
    made.epoch = owned.epoch;
    made.known_head = owned.head;
    made.head = owned.head;
    made.seq = owned.seq;
    return pending_.updates.emplace(run, std::move(made)).first->second;
}

Value JournalWriter::append(const std::string& run, Value record, bool flush) {
    if (!owns(run)) return record;
    Batch::Update& row = update(run);
    Owned& owned = runs_[run];
    owned.time = std::max(owned.time, wall_now_s());
    record.set("seq", ++owned.seq).set("time", owned.time).set("epoch", owned.epoch);
    std::string body = to_canonical_json(record);
    owned.head = record_hash(owned.head, body);
    row.head = owned.head;
    row.seq = owned.seq;
    pending_.records.push_back({.run = run, .body = std::move(body), .hash = owned.head});
    due_s_ = std::min(due_s_, boot_now_s() + (flush ? soon_s : riding_s));
    wait_until_due();
    return record;
}

// What was due may have gone with another commit by the time the timer fires.
void JournalWriter::wait_until_due() {
    if (timer_s_ <= due_s_) return;
    const double at_s = due_s_;
    timer_s_ = at_s;
    loop_.start_timer(at_s, [this, at_s] {
        if (timer_s_ == at_s) timer_s_ = never;
        if (boot_now_s() >= due_s_) {
            want_flush();
        } else {
            wait_until_due();
        }
    });
}

void JournalWriter::keep_bundle(const std::string& digest, const Files& files) {
    pending_.bundles.push_back({.digest = digest, .files = files});
    want_flush();
}

void JournalWriter::set_state(const std::string& run, const std::string& state,
                              const std::string& outcome, const std::string& reason) {
    if (!owns(run)) return;
    Batch::Update& row = update(run);
    row.state = state;
    row.outcome = outcome;
    row.reason = reason;
    want_flush();
}

void JournalWriter::release(const std::string& run, bool free_locks) {
    if (!owns(run)) return;
    Batch::Update& row = update(run);
    row.release = true;
    row.free_locks = free_locks;
    want_flush();
}

void JournalWriter::reply(const std::string& inbox_id, const std::string& text) {
    pending_.replies.push_back({.id = inbox_id, .text = text});
    want_flush();
}

void JournalWriter::after_commit(std::function<void()> effect) {
    wait_for_commit(&Waiting::effects, std::move(effect));
}

void JournalWriter::act_after_commit(std::function<void()> act) {
    wait_for_commit(&Waiting::acts, std::move(act));
}

void JournalWriter::wait_for_commit(std::vector<std::function<void()>> Waiting::*list,
                                    std::function<void()> effect) {
    if (!committing_ && pending_.empty()) return loop_.post(std::move(effect));
    // With nothing new queued, what is in flight is all there is to wait for.
    if (pending_.empty()) {
        (in_flight_waiting_.*list).push_back(std::move(effect));
        return;
    }
    (waiting_.*list).push_back(std::move(effect));
    want_flush();
}

// One commit a turn of the loop: what the turn appends shares it.
void JournalWriter::want_flush() {
    if (wanted_) return;
    wanted_ = true;
    if (!committing_) loop_.post([this] { commit(); });
}

void JournalWriter::commit() {
    if (committing_) return;
    if (!creations_.empty() && pending_.empty()) return create_next();
    if (pending_.empty()) {
        wanted_ = false;
        const Waiting due = std::exchange(waiting_, {});
        for (const auto& act : due.acts) act();
        for (const auto& effect : due.effects) effect();
        return;
    }
    wanted_ = false;
    committing_ = true;
    in_flight_ = std::exchange(pending_, {});
    due_s_ = never;
    in_flight_waiting_ = std::exchange(waiting_, {});
    sync_point("commit");
    if (in_flight_waiting_.acts.size() == 1 && commits_take_s_ < quick_s) return committed(write());
    write_off_loop();
}

void JournalWriter::write_off_loop() {
    auto outcome = std::make_shared<std::optional<Result<std::vector<std::string>>>>();
    loop_.off_loop([this, outcome] { outcome->emplace(write()); },
                   [this, outcome] { committed(std::move(**outcome)); });
}

Result<std::vector<std::string>> JournalWriter::write() {
    const double began_s = boot_now_s();
    auto outcome = store_.commit(in_flight_);
    const double took_s = boot_now_s() - began_s;
    commits_take_s_ = commits_take_s_ == never
                          ? took_s
                          : commits_take_s_ + newest_weighs * (took_s - commits_take_s_);
    return outcome;
}

void JournalWriter::committed(Result<std::vector<std::string>> outcome) {
    if (!outcome) {
        // Rule 3.7: the whole batch again, as a new transaction; until then no effect starts.
        if (on_trouble) on_trouble(outcome.error().message);
        loop_.start_timer(boot_now_s() + pause_s_, [this] { write_off_loop(); });
        pause_s_ = std::min(pause_s_ * 2, trouble_pause_s_max);
        return;
    }
    sync_point("committed");
    if (pause_s_ > 0.1 && on_trouble) on_trouble("");
    pause_s_ = 0.1;
    committing_ = false;
    for (const auto& [run, written] : in_flight_.updates)
        if (const auto owned = runs_.find(run); owned != runs_.end())
            owned->second.durable = written.seq;
    in_flight_ = {};
    for (const auto& run : *outcome) {
        disown(run);
        if (on_lost) on_lost(run);
    }
    const Waiting due = std::exchange(in_flight_waiting_, {});
    for (const auto& act : due.acts) act();
    if (on_durable) on_durable();
    for (const auto& effect : due.effects) effect();
    // A flush wanted of what this commit already held is done.
    const bool work = !pending_.empty() || !waiting_.empty() || !creations_.empty();
    if (!work) wanted_ = false;
    if (work && (wanted_ || !waiting_.empty() || !creations_.empty())) commit();
}

void JournalWriter::create(Batch::NewRun run, Value begin,
                           std::function<void(Status, Value)> done) {
    Creation made;
    made.run = run.row.id;
    made.owned = {.epoch = 1, .seq = 1, .head = "", .time = wall_now_s(), .durable = 1};
    begin.set("seq", 1).set("time", made.owned.time).set("epoch", 1);
    std::string body = to_canonical_json(begin);
    made.owned.head = record_hash("", body);
    run.row.epoch = 1;
    run.row.seq = 1;
    run.row.head = made.owned.head;
    made.batch.records.push_back(
        {.run = made.run, .body = std::move(body), .hash = made.owned.head});
    made.batch.runs.push_back(std::move(run));
    made.begin = std::move(begin);
    made.done = std::move(done);
    creations_.push_back(std::move(made));
    want_flush();
}

void JournalWriter::create_next() {
    wanted_ = false;
    committing_ = true;
    auto made = std::make_shared<Creation>(std::move(creations_.front()));
    creations_.erase(creations_.begin());
    sync_point("create");
    auto outcome = std::make_shared<std::optional<Result<std::vector<std::string>>>>();
    loop_.off_loop([this, made, outcome] { outcome->emplace(store_.commit(made->batch)); },
                   [this, made, outcome] {
                       sync_point("created");
                       committing_ = false;
                       const bool ok = (*outcome)->ok();
                       if (ok) runs_[made->run] = made->owned;
                       made->done(ok ? Status(Done{}) : Status((*outcome)->error()), made->begin);
                       const Waiting due = std::exchange(in_flight_waiting_, {});
                       for (const auto& act : due.acts) act();
                       for (const auto& effect : due.effects) effect();
                       commit();
                   });
}

}  // namespace perilune
