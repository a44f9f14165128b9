#include "interpreter/journal/store_sqlite.h"

#include <algorithm>

#include "interpreter/base/digest.h"
#include "interpreter/journal/store_refusals.h"

namespace perilune {

Status SqliteStore::writable() const {
    if (file_->refusal()) return *file_->refusal();
    return Done{};
}

Result<std::string> SqliteStore::adopt(const Adoption& adoption) {
    const std::lock_guard guard(mutex_);
    return file_->adopt(adoption);
}

Result<std::vector<std::string>> SqliteStore::commit(const Batch& batch) {
    const std::lock_guard guard(mutex_);
    std::vector<std::string> lost;
    const auto written = file_->write([&]() -> Status {
        for (const auto& run : batch.runs)
            if (const auto added = add_run(run); !added) return added;
        for (const auto& bundle : batch.bundles) add_bundle(bundle.digest, bundle.files);
        for (const auto& [run, update] : batch.updates)
            if (!apply(run, update)) lost.push_back(run);
        // What this host remembers of a lost run's newest record is not so any more.
        for (const auto& run : lost) numbers_.erase(run);
        for (const auto& record : batch.records)
            if (std::find(lost.begin(), lost.end(), record.run) == lost.end())
                append(record.run, record.body, record.hash);
        for (const auto& [run, update] : batch.updates) note_last(run);
        for (const auto& run : batch.runs) note_last(run.row.id);
        for (const auto& reply : batch.replies)
            file_->statement("update inbox set taken = 1, reply = ? where id = ?")
                .bind(reply.text)
                .bind(reply.id)
                .step();
        return Done{};
    });
    if (!written) {
        numbers_.clear();  // What was learned in the transaction is not so.
        return written.error();
    }
    return lost;
}

Result<bool> SqliteStore::claim(const RunRow& seen, const std::string& owner,
                                const RecordRow& record) {
    const std::lock_guard guard(mutex_);
    bool won = false;
    const auto written = file_->write([&]() -> Status {
        auto& update = file_->statement(
            "update run set owner = ?, epoch = epoch + 1, seq = seq + 1, head = ?,"
            " state = 'running', reason = '' where id = ? and coalesce(owner,'') = ?"
            " and epoch = ? and head = ?");
        update.bind(owner)
            .bind_blob(record.hash)
            .bind(seen.id)
            .bind(seen.owner)
            .bind(seen.epoch)
            .bind_blob(seen.head)
            .step();
        update.reset();
        won = file_->changes() == 1;
        numbers_.erase(seen.id);  // Another host may have written since this one did.
        if (!won) return Done{};
        append(seen.id, record.body, record.hash);
        note_last(seen.id);
        return Done{};
    });
    if (written) return won;
    numbers_.clear();
    return written.error();
}

SqliteStore::Numbers& SqliteStore::numbers(const std::string& run) {
    Numbers& known = numbers_[run];
    if (known.no == 0) {
        auto& row = file_->statement("select no, coalesce(last, 0) from run where id = ?");
        if (row.bind(run).step()) known = {.no = row.integer(0), .last = row.integer(1)};
        row.reset();
    }
    return known;
}

void SqliteStore::append(const std::string& run, const std::string& body, const std::string& hash) {
    Numbers& known = numbers(run);
    auto& row = file_->statement("insert into record(run, prev, body, hash) values(?, ?, ?, ?)");
    row.bind(known.no).bind(known.last).bind(body).bind_blob(hash).step();
    known.last = file_->last_rowid();
}

void SqliteStore::note_last(const std::string& run) {
    const auto known = numbers_.find(run);
    if (known == numbers_.end()) return;
    file_->statement("update run set last = ? where no = ?")
        .bind(known->second.last)
        .bind(known->second.no)
        .step();
}

bool SqliteStore::apply(const std::string& run, const Batch::Update& update) {
    auto& row = file_->statement(
        "update run set head = ?, seq = ?, state = coalesce(nullif(?, ''), state),"
        " outcome = coalesce(nullif(?, ''), outcome), reason = ?,"
        " owner = case when ? then null else owner end"
        " where id = ? and epoch = ? and head = ?");
    row.bind_blob(update.head)
        .bind(update.seq)
        .bind(update.state)
        .bind(update.outcome)
        .bind(update.reason)
        .bind(std::int64_t{update.release})
        .bind(run)
        .bind(update.epoch)
        .bind_blob(update.known_head)
        .step();
    row.reset();
    if (file_->changes() != 1) return false;
    if (update.free_locks)
        file_->statement("delete from lock where run = ?").bind(numbers(run).no).step();
    return true;
}

// Since when a run exists and who executes it; empty where there is none.
std::string SqliteStore::since_when(const std::string& run) {
    auto& row = file_->statement(
        "select r.created, r.state, coalesce(h.name, ''), coalesce(h.pid, 0) from run r"
        " left join host h on h.id = r.owner where r.id = ?");
    std::string text;
    if (row.bind(run).step()) {
        RunRow begun;
        begun.created = row.number(0);
        begun.state = row.text(1);
        HostRow host;
        host.name = row.text(2);
        host.pid = row.integer(3);
        text = since_text(begun, host.name.empty() ? nullptr : &host);
    }
    row.reset();
    return text;
}

void SqliteStore::add_bundle(const std::string& digest, const Files& files) {
    for (const auto& [path, text] : files) {
        const std::string of_text = sha256(text);
        file_->statement("insert or ignore into file values(?, ?)")
            .bind_blob(of_text)
            .bind_blob(text)
            .step();
        file_->statement("insert or ignore into bundle values(?, ?, ?)")
            .bind_blob(from_hex(digest))
            .bind(path)
            .bind_blob(of_text)
            .step();
    }
}

Status SqliteStore::add_run(const Batch::NewRun& added) {
    const RunRow& row = added.row;
    if (const auto fits = check_run_id(row.id); !fits) return fits;
    if (const std::string since = since_when(row.id); !since.empty())
        return run_exists(row.id, since);
    add_bundle(row.bundle, added.bundle);
    auto& run = file_->statement(
        "insert into run(id, runbook, environment, parent, bundle, state, owner, epoch, seq,"
        " head, created) values(?, ?, ?, (select no from run where id = ?), ?, ?, ?, ?, ?, ?,"
        " ?)");
    run.bind(row.id)
        .bind(row.runbook)
        .bind(row.environment)
        .bind(row.parent)
        .bind_blob(from_hex(row.bundle))
        .bind(row.state)
        .bind(row.owner)
        .bind(row.epoch)
        .bind(row.seq)
        .bind_blob(row.head)
        .bind(row.created)
        .step();
    run.reset();
    const std::int64_t no = file_->last_rowid();
    for (const auto& name : added.locks) {
        auto& held =
            file_->statement("select r.id from lock l join run r on r.no = l.run where l.name = ?");
        const std::string holder = held.bind(name).step() ? held.text(0) : "";
        held.reset();
        if (!holder.empty()) return lock_held(name, holder, since_when(holder));
        file_->statement("insert into lock values(?, ?, ?)")
            .bind(name)
            .bind(no)
            .bind(row.created)
            .step();
    }
    return Done{};
}

Result<std::unique_ptr<Store>> Store::open(const std::string& location) {
    auto file = SqliteFile::open(location);
    if (!file) return file.error();
    return std::unique_ptr<Store>(std::make_unique<SqliteStore>(std::move(*file), location));
}

}  // namespace perilune
