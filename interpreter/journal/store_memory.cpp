#include "interpreter/journal/store_memory.h"

#include <algorithm>

#include "interpreter/base/digest.h"
#include "interpreter/journal/store_refusals.h"

namespace perilune {

namespace {

// Counts down; true at the last one.
bool comes_to_nothing(int& left) {
    if (left <= 0) return false;
    --left;
    return left == 0;
}

class MemoryStore final : public Store {
public:
    explicit MemoryStore(std::shared_ptr<MemoryState> state) : state_(std::move(state)) {}
    ~MemoryStore() override { state_->living.erase(host_); }

    Result<std::vector<std::string>> commit(const Batch& batch) override {
        if (comes_to_nothing(state_->commits_until_death)) dead_ = true;
        if (dead_) {
            if (state_->on_death) state_->on_death();
            return fail("state_failed", "The host has died.", Retry::safe);
        }
        if (comes_to_nothing(state_->commits_until_overtaken)) state_->on_overtaken();
        if (state_->failing_commits > 0) {
            --state_->failing_commits;
            return fail("state_failed", "The disk is full.", Retry::safe);
        }
        for (const auto& run : batch.runs)
            if (const auto fits = may_add(run); !fits) return fits.error();
        ++state_->commits;
        for (const auto& run : batch.runs) add(run);
        for (const auto& bundle : batch.bundles) state_->bundles[bundle.digest] = bundle.files;
        std::vector<std::string> lost;
        for (const auto& [run, update] : batch.updates)
            if (!apply(run, update)) lost.push_back(run);
        for (const auto& record : batch.records) {
            MemoryState::Run* run = find(record.run);
            if (!run || std::find(lost.begin(), lost.end(), record.run) != lost.end()) continue;
            run->records.push_back({.body = record.body, .hash = record.hash});
        }
        for (const auto& reply : batch.replies)
            for (auto& row : state_->inbox)
                if (row.id == reply.id) {
                    row.taken = true;
                    row.reply = reply.text;
                }
        return lost;
    }

    Result<std::optional<RunRow>> run(const std::string& id) override {
        const MemoryState::Run* found = find(id);
        return found ? std::optional(found->row) : std::nullopt;
    }

    Result<std::vector<RunRow>> runs(std::size_t limit) override {
        std::vector<RunRow> found;
        for (auto run = state_->runs.rbegin(); run != state_->runs.rend(); ++run)
            if (found.size() < limit) found.push_back(run->row);
        return found;
    }

    Result<std::vector<RunRow>> children(const std::string& id) override {
        std::vector<RunRow> found;
        for (const auto& run : state_->runs)
            if (run.row.parent == id) found.push_back(run.row);
        return found;
    }

    Result<std::vector<RecordRow>> records(const std::string& run) override {
        const MemoryState::Run* found = find(run);
        return found ? found->records : std::vector<RecordRow>();
    }

    // A place is the run's number and the record's position in it.
    Result<std::vector<std::int64_t>> places(const std::string& run) override {
        std::vector<std::int64_t> found;
        if (const MemoryState::Run* of = find(run))
            for (std::size_t i = 0; i < of->records.size(); ++i)
                found.push_back(of->row.no * records_max + static_cast<std::int64_t>(i));
        return found;
    }

    Result<RecordRow> record(std::int64_t place) override {
        const auto run = static_cast<std::size_t>(place / records_max - 1);
        const auto index = static_cast<std::size_t>(place % records_max);
        if (run < state_->runs.size() && index < state_->runs[run].records.size())
            return state_->runs[run].records[index];
        return fail("journal_broken", "The state store lacks a record that it had.");
    }

    Result<std::vector<RecordRow>> ends(const std::string& run, std::size_t newest) override {
        std::vector<RecordRow> found;
        const MemoryState::Run* of = find(run);
        if (!of || of->records.empty()) return found;
        const std::size_t all = of->records.size();
        const std::size_t first = all > newest ? all - newest : 0;
        if (first > 0) found.push_back(of->records.front());
        found.insert(found.end(), of->records.begin() + static_cast<std::ptrdiff_t>(first),
                     of->records.end());
        return found;
    }

    Result<Files> bundle(const std::string& digest) override { return state_->bundles[digest]; }

    Result<std::vector<LockRow>> locks() override {
        std::vector<LockRow> found;
        for (const auto& [name, lock] : state_->locks) found.push_back(lock);
        return found;
    }

    Result<bool> claim(const RunRow& seen, const std::string& owner,
                       const RecordRow& record) override {
        MemoryState::Run* run = find(seen.id);
        if (!run || run->row.owner != seen.owner || run->row.epoch != seen.epoch ||
            run->row.head != seen.head)
            return false;
        run->row.owner = owner;
        run->row.epoch += 1;
        run->row.seq += 1;
        run->row.head = record.hash;
        run->row.state = "running";
        run->row.reason.clear();
        run->records.push_back(record);
        return true;
    }

    Status add_host(const HostRow& host) override {
        state_->hosts[host.id] = host;
        return Done{};
    }
    Status beat(const std::string& host, double count) override {
        if (const auto found = state_->hosts.find(host); found != state_->hosts.end())
            found->second.beat = count;
        return Done{};
    }
    Status remove_host(const std::string& host) override {
        state_->hosts.erase(host);
        return Done{};
    }
    Result<std::optional<HostRow>> host(const std::string& id) override {
        const auto found = state_->hosts.find(id);
        return found == state_->hosts.end() ? std::nullopt : std::optional(found->second);
    }
    Status hold_host(const std::string& host) override {
        if (!state_->living.insert(host).second)
            return fail("state_refused", "The host " + host + " lives already.");
        host_ = host;
        return Done{};
    }
    bool host_is_dead(const std::string& host) override { return !state_->living.contains(host); }

    Status send(const InboxRow& row) override {
        const bool there = std::any_of(state_->inbox.begin(), state_->inbox.end(),
                                       [&](const auto& other) { return other.id == row.id; });
        if (!there && find(row.run)) state_->inbox.push_back(row);
        return Done{};
    }
    Result<std::vector<InboxRow>> inbox(const std::string& run) override {
        std::vector<InboxRow> found;
        for (const auto& row : state_->inbox)
            if (row.run == run && !row.taken) found.push_back(row);
        std::stable_sort(found.begin(), found.end(), [](const auto& one, const auto& other) {
            return std::pair(one.at, one.id) < std::pair(other.at, other.id);
        });
        return found;
    }
    Result<std::optional<InboxRow>> inbox_row(const std::string& id) override {
        for (const auto& row : state_->inbox)
            if (row.id == id) return std::optional(row);
        return std::optional<InboxRow>();
    }

    Status keep_plan(const std::string& digest, const std::string& body) override {
        state_->plans[to_hex(digest)] = body;
        return Done{};
    }
    Result<std::optional<std::string>> plan(const std::string& hex) override {
        const auto found = state_->plans.lower_bound(hex);
        if (hex.size() < 8 || found == state_->plans.end() || !found->first.starts_with(hex))
            return std::optional<std::string>();
        return std::optional(found->second);
    }

private:
    static constexpr std::int64_t records_max = 10'000'000;

    MemoryState::Run* find(const std::string& id) const {
        for (auto& run : state_->runs)
            if (run.row.id == id) return &run;
        return nullptr;
    }

    const HostRow* host_of(const MemoryState::Run& run) const {
        const auto found = state_->hosts.find(run.row.owner);
        return found == state_->hosts.end() ? nullptr : &found->second;
    }

    Status may_add(const Batch::NewRun& added) const {
        const std::string& id = added.row.id;
        if (const auto fits = check_run_id(id); !fits) return fits;
        if (const auto* there = find(id))
            return run_exists(id, since_text(there->row, host_of(*there)));
        for (const auto& name : added.locks)
            if (const auto held = state_->locks.find(name); held != state_->locks.end()) {
                const auto* holder = find(held->second.run);
                return lock_held(name, held->second.run, since_text(holder->row, host_of(*holder)));
            }
        return Done{};
    }

    void add(const Batch::NewRun& added) {
        MemoryState::Run made;
        made.row = added.row;
        made.row.no = static_cast<std::int64_t>(state_->runs.size()) + 1;
        for (const auto& name : added.locks)
            state_->locks[name] = {.name = name, .run = added.row.id, .since = added.row.created};
        state_->bundles.try_emplace(added.row.bundle, added.bundle);
        state_->runs.push_back(std::move(made));
    }

    bool apply(const std::string& id, const Batch::Update& update) {
        MemoryState::Run* run = find(id);
        if (!run || run->row.epoch != update.epoch || run->row.head != update.known_head)
            return false;
        run->row.head = update.head;
        run->row.seq = update.seq;
        if (!update.state.empty()) run->row.state = update.state;
        if (!update.outcome.empty()) run->row.outcome = update.outcome;
        run->row.reason = update.reason;
        if (update.release) run->row.owner.clear();
        if (update.free_locks)
            std::erase_if(state_->locks, [&](const auto& lock) { return lock.second.run == id; });
        return true;
    }

    std::shared_ptr<MemoryState> state_;
    std::string host_;
    bool dead_ = false;
};

}  // namespace

std::unique_ptr<Store> open_memory_store(std::shared_ptr<MemoryState> state) {
    return std::make_unique<MemoryStore>(std::move(state));
}

}  // namespace perilune
