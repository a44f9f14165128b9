#include "bindings/database/simulated_server.h"

#include <algorithm>

#include "bindings/database/sqlite_tables.h"
#include "interpreter/base/loop.h"

namespace perilune {

namespace {

constexpr std::size_t commits_max = 500;
constexpr std::size_t page_bytes = 4096;

// The bytes of pages in which two images differ: what a log of pages would grow by.
double changed_bytes(const std::string& from, const std::string& to) {
    double bytes = 0;
    for (std::size_t at = 0; at < std::max(from.size(), to.size()); at += page_bytes) {
        const auto left = std::string_view(from).substr(std::min(at, from.size()), page_bytes);
        const auto right = std::string_view(to).substr(std::min(at, to.size()), page_bytes);
        if (left != right) bytes += page_bytes;
    }
    return bytes;
}

}  // namespace

SimulatedServer::SimulatedServer(std::string target) : target_(std::move(target)) {
    DatabaseCommit empty;
    empty.at_s = wall_now_s();
    history_.push_back(std::move(empty));
}

SimulatedServer::~SimulatedServer() {
    if (primary_) std::erase(primary_->replicas_, this);
}

std::optional<Error> SimulatedServer::refusal_to_clients() const {
    if (fenced_ != "none" && fenced_ != "read_only")
        return fail("connection_refused",
                    target_ + " takes no connections: it is fenced by \"" + fenced_ + "\".",
                    Retry::safe);
    if (answers_) return std::nullopt;
    return fail("connection_refused", target_ + " does not answer.", Retry::safe);
}

std::optional<Error> SimulatedServer::refusal() const {
    if (isolated_) return fail("connection_refused", target_ + " is not reached.", Retry::safe);
    return refusal_to_clients();
}

bool SimulatedServer::writable() const {
    return answers_ && !primary_ && !absent_ && fenced_ == "none";
}

Result<std::unique_ptr<SqliteConnection>> SimulatedServer::open(Access access,
                                                                const OpenOptions& options) {
    if (auto refused = refusal()) return std::move(*refused);
    return connect(access, options);
}

Result<std::unique_ptr<SqliteConnection>> SimulatedServer::connect(Access access,
                                                                   const OpenOptions& options) {
    if (auto refused = refusal_to_clients()) return std::move(*refused);
    if (absent_)
        return fail("not_found",
                    "Opening " + target_ + ": there is no database. Restore it from a backup.");
    std::string image = *now().image;
    if (damage_ && image.size() >= damage_->at + damage_->wrong.size())
        image.replace(damage_->at, damage_->wrong.size(), damage_->wrong);
    // A server that may not write opens like a file that may not be written.
    const bool read_only = access == Access::read || !writable();
    auto opened = SqliteConnection::open_image(image, read_only ? Access::read : access, options);
    if (opened && !read_only)
        (*opened)->set_on_close([this, image](SqliteConnection& connection) {
            const std::string left = connection.image();
            if (left != image) publish(left);
        });
    return opened;
}

void SimulatedServer::describe(Value& database) const {
    database.set("role", primary_ ? "replica" : "primary").set("writable", writable());
}

std::vector<BackupEntry> SimulatedServer::copies() const {
    std::vector<BackupEntry> entries;
    for (const auto& copy : copies_) {
        const double until_s = copy.entry.keep_until_at_s;
        if (until_s <= 0 || until_s >= wall_now_s()) entries.push_back(copy.entry);
    }
    sort_backups(entries);
    return entries;
}

void SimulatedServer::remove_copy(const std::string& id) {
    std::erase_if(copies_, [&](const KeptCopy& copy) { return copy.entry.id == id; });
}

void SimulatedServer::keep_copy(KeptCopy copy) {
    remove_copy(copy.entry.id);
    copies_.push_back(std::move(copy));
}

std::shared_ptr<const std::string> SimulatedServer::copy(const std::string& id) const {
    for (const auto& kept : copies_)
        if (kept.entry.id == id) return kept.image;
    return nullptr;
}

// What was written over damaged pages is right again; the rest of the damage stays on the disk
// and goes into no history.
void SimulatedServer::publish(const std::string& image) {
    std::string right = image;
    if (damage_) {
        const bool there = image.compare(damage_->at, damage_->wrong.size(), damage_->wrong) == 0;
        if (there) right.replace(damage_->at, damage_->right.size(), damage_->right);
        if (!there) damage_.reset();
    }
    note_commit(std::move(right));
    ++commits_;
}

void SimulatedServer::note_commit(std::string image) {
    DatabaseCommit commit;
    commit.at_s = wall_now_s();
    commit.written_bytes =
        history_.back().written_bytes + changed_bytes(*history_.back().image, image);
    commit.image = std::make_shared<const std::string>(std::move(image));
    history_.push_back(std::move(commit));
    forget_old();
}

void SimulatedServer::keep_history_for(double seconds) {
    history_s_ = seconds;
    forget_old();
}

// The newest state from before the kept span is what the span begins with.
void SimulatedServer::forget_old() {
    const double oldest_s = wall_now_s() - history_s_;
    while (history_.size() > 1 && (history_.size() > commits_max || history_[1].at_s <= oldest_s))
        history_.pop_front();
}

double SimulatedServer::known_from_s() const {
    return std::max(history_.front().at_s, wall_now_s() - history_s_);
}

std::optional<DatabaseCommit> SimulatedServer::known_at(double at_s) const {
    if (primary_ || history_s_ <= 0 || at_s < known_from_s()) return std::nullopt;
    return at(at_s);
}

DatabaseCommit SimulatedServer::at(double at_s) const {
    if (primary_) {
        if (!connected()) return replayed_;
        DatabaseCommit seen = primary_->at(at_s - behind_s_);
        return seen.written_bytes >= replayed_.written_bytes ? seen : replayed_;
    }
    DatabaseCommit last = history_.front();
    for (const auto& commit : history_)
        if (commit.at_s <= at_s) last = commit;
    return last;
}

void SimulatedServer::replace(std::string image) {
    damage_.reset();
    absent_ = false;
    note_commit(std::move(image));
    ++commits_;
}

void SimulatedServer::drop() {
    damage_.reset();
    note_commit({});
    absent_ = true;
}

// The first page of a table; of the schema itself where there is no table.
void SimulatedServer::damage(const std::string& table) {
    const DatabaseCommit newest = now();
    const std::string& image = *newest.image;
    std::size_t at = 100;
    const auto opened = SqliteConnection::open_image(image, Access::read, OpenOptions{});
    if (opened) {
        const auto tables = tables_of(**opened);
        const bool any = tables && !tables->empty();
        const std::string name = table.empty() && any ? tables->front() : table;
        const auto page = (*opened)->first(
            "select rootpage from sqlite_schema where type = 'table' and name = ?", List{name});
        const auto each = (*opened)->first("pragma page_size");
        if (page && page->number() > 1 && each)
            at = static_cast<std::size_t>((page->number() - 1) * each->number());
    }
    constexpr std::size_t damaged_bytes = 8;
    if (image.size() < at + damaged_bytes) return;
    damage_ = DiskDamage{at, image.substr(at, damaged_bytes), std::string(damaged_bytes, '\xff')};
}

}  // namespace perilune
