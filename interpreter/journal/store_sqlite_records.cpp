// The records of a run in the SQLite store: each names the place of the run's one before it.
#include <algorithm>

#include "interpreter/journal/store_sqlite.h"

namespace perilune {

namespace {

// Of what is read at once: a statement by itself takes and drops the file's locks, which costs ten
// times as much as reading a record.
constexpr std::int64_t rows_ahead = 1000;
constexpr std::size_t bytes_ahead = 256 << 10;

Error lacks_record(const std::string& run) {
    return fail("journal_broken", "The journal of " + run + " lacks a record.");
}

}  // namespace

Result<std::vector<std::int64_t>> SqliteStore::places(const std::string& run) {
    const std::lock_guard guard(mutex_);
    std::vector<std::int64_t> found;
    bool whole = true;
    file_->read([&] {
        auto& row = file_->statement("select prev from record where pos = ?");
        for (std::int64_t place = last_place(run); place > 0 && whole;) {
            found.push_back(place);
            whole = row.bind(place).step();
            place = whole ? row.integer(0) : 0;
            row.reset();
        }
    });
    if (!whole) return lacks_record(run);
    std::reverse(found.begin(), found.end());
    return found;
}

// A run's records are mostly read one after the other, so its next ones that lie near are read with
// it: the more, the more of them were found the last time.
void SqliteStore::read_ahead(std::int64_t place) {
    const bool forwards = !ahead_.empty() && place > ahead_.rbegin()->first;
    const auto found = static_cast<std::int64_t>(ahead_.size());
    const std::int64_t looked_at = forwards ? std::min(4 * found, rows_ahead) : 1;
    ahead_.clear();
    auto& rows = file_->statement(
        "select pos, prev, body, hash from record where pos >= ? order by pos limit ?");
    rows.bind(place).bind(looked_at);
    std::size_t bytes = 0;
    while (bytes < bytes_ahead && rows.step()) {
        const std::int64_t at = rows.integer(0);
        const bool next = ahead_.empty() || rows.integer(1) == ahead_.rbegin()->first;
        if (at != place && ahead_.empty()) break;
        if (!next) continue;  // Another run's.
        RecordRow row = {.body = rows.text(2), .hash = rows.text(3)};
        bytes += row.body.size();
        ahead_.emplace_hint(ahead_.end(), at, std::move(row));
    }
    rows.reset();
}

Result<RecordRow> SqliteStore::record(std::int64_t place) {
    const std::lock_guard guard(mutex_);
    if (!ahead_.contains(place)) read_ahead(place);
    const auto found = ahead_.find(place);
    if (found == ahead_.end())
        return fail("journal_broken", "The state store lacks a record that it had.");
    return found->second;
}

Result<std::vector<RecordRow>> SqliteStore::records(const std::string& run) {
    const auto all = places(run);
    if (!all) return all.error();
    std::vector<RecordRow> rows;
    rows.reserve(all->size());
    for (const auto place : *all) {
        auto row = record(place);
        if (!row) return row.error();
        rows.push_back(std::move(*row));
    }
    return rows;
}

Result<std::vector<RecordRow>> SqliteStore::ends(const std::string& run, std::size_t newest) {
    const std::lock_guard guard(mutex_);
    std::vector<RecordRow> found;
    bool whole = true;
    file_->read([&] {
        std::int64_t place = last_place(run);
        auto& row = file_->statement("select body, hash, prev from record where pos = ?");
        while (place > 0 && found.size() < newest && whole) {
            whole = row.bind(place).step();
            if (whole) found.push_back({.body = row.text(0), .hash = row.text(1)});
            place = whole ? row.integer(2) : 0;
            row.reset();
        }
        if (place == 0) return;
        auto& first = file_->statement(
            "select body, hash from record"
            " where prev = 0 and run = (select no from run where id = ?)");
        if (first.bind(run).step()) found.push_back({.body = first.text(0), .hash = first.text(1)});
        first.reset();
    });
    if (!whole) return lacks_record(run);
    std::reverse(found.begin(), found.end());
    return found;
}

// The place of the run's newest record; 0 where there is no such run.
std::int64_t SqliteStore::last_place(const std::string& run) {
    auto& row = file_->statement("select last from run where id = ?");
    const std::int64_t place = row.bind(run).step() ? row.integer(0) : 0;
    row.reset();
    return place;
}

}  // namespace perilune
