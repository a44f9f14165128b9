// What the SQLite store is asked: runs, bundles, locks, hosts, commands, plans.
#include "interpreter/base/digest.h"
#include "interpreter/base/loop.h"
#include "interpreter/journal/store_sqlite.h"

namespace perilune {

namespace {

constexpr const char* run_columns =
    "select r.no, r.id, r.runbook, r.environment, coalesce(p.id,''), r.bundle, r.state,"
    " coalesce(r.outcome,''), coalesce(r.reason,''), coalesce(r.owner,''), r.epoch, r.seq, r.head,"
    " r.created, r.last from run r left join run p on p.no = r.parent ";

}  // namespace

Result<std::optional<RunRow>> SqliteStore::run(const std::string& id) {
    const std::lock_guard guard(mutex_);
    const std::string sql = std::string(run_columns) + "where r.id = ?";
    auto& rows = file_->statement(keep(sql));
    rows.bind(id);
    std::optional<RunRow> found;
    if (rows.step()) found = read_run(rows);
    rows.reset();
    return found;
}

Result<std::vector<RunRow>> SqliteStore::runs(std::size_t limit) {
    return select_runs("order by r.no desc limit ?", std::to_string(limit));
}

Result<std::vector<RunRow>> SqliteStore::children(const std::string& id) {
    return select_runs("where p.id = ? order by r.no", id);
}

Result<Files> SqliteStore::bundle(const std::string& digest) {
    const std::lock_guard guard(mutex_);
    auto& rows = file_->statement(
        "select b.path, f.text from bundle b join file f on f.digest = b.file"
        " where b.digest = ?");
    rows.bind_blob(from_hex(digest));
    Files files;
    while (rows.step()) files[rows.text(0)] = rows.text(1);
    rows.reset();
    return files;
}

Result<std::vector<LockRow>> SqliteStore::locks() {
    const std::lock_guard guard(mutex_);
    auto& rows = file_->statement(
        "select l.name, r.id, l.since from lock l join run r on r.no = l.run order by 1");
    std::vector<LockRow> found;
    while (rows.step())
        found.push_back({.name = rows.text(0), .run = rows.text(1), .since = rows.number(2)});
    rows.reset();
    return found;
}

Status SqliteStore::add_host(const HostRow& host) {
    const std::lock_guard guard(mutex_);
    return file_->write(
        [&]() -> Status {
            file_
                ->statement(
                    "insert or replace into host(id, name, pid, started, beat)"
                    " values(?, ?, ?, ?, 0)")
                .bind(host.id)
                .bind(host.name)
                .bind(host.pid)
                .bind(wall_now_s())
                .step();
            return Done{};
        },
        SqliteFile::Flush::with_the_next);
}

Status SqliteStore::beat(const std::string& host, double count) {
    const std::lock_guard guard(mutex_);
    return file_->write(
        [&]() -> Status {
            file_->statement("update host set beat = ? where id = ?").bind(count).bind(host).step();
            return Done{};
        },
        SqliteFile::Flush::with_the_next);
}

Status SqliteStore::remove_host(const std::string& host) {
    const std::lock_guard guard(mutex_);
    return file_->write(
        [&]() -> Status {
            file_->statement("delete from host where id = ?").bind(host).step();
            return Done{};
        },
        SqliteFile::Flush::with_the_next);
}

Result<std::optional<HostRow>> SqliteStore::host(const std::string& id) {
    const std::lock_guard guard(mutex_);
    auto& row = file_->statement("select id, name, pid, beat from host where id = ?");
    std::optional<HostRow> found;
    if (row.bind(id).step())
        found = HostRow{
            .id = row.text(0), .name = row.text(1), .pid = row.integer(2), .beat = row.number(3)};
    row.reset();
    return found;
}

Status SqliteStore::send(const InboxRow& sent) {
    const std::lock_guard guard(mutex_);
    return file_->write([&]() -> Status {
        file_
            ->statement(
                "insert or ignore into inbox(id, run, kind, body, who, at)"
                " select ?, no, ?, ?, ?, ? from run where id = ?")
            .bind(sent.id)
            .bind(sent.kind)
            .bind(sent.body)
            .bind(sent.who)
            .bind(sent.at)
            .bind(sent.run)
            .step();
        return Done{};
    });
}

Result<std::vector<InboxRow>> SqliteStore::inbox(const std::string& run) {
    const std::lock_guard guard(mutex_);
    auto& rows = file_->statement(
        "select i.id, i.kind, i.body, i.who, i.at from inbox i join run r on r.no = i.run"
        " where r.id = ? and i.taken is null order by i.at, i.id");
    rows.bind(run);
    std::vector<InboxRow> found;
    while (rows.step())
        found.push_back({.id = rows.text(0),
                         .run = run,
                         .kind = rows.text(1),
                         .body = rows.text(2),
                         .who = rows.text(3),
                         .at = rows.number(4),
                         .taken = false,
                         .reply = ""});
    rows.reset();
    return found;
}

Result<std::optional<InboxRow>> SqliteStore::inbox_row(const std::string& id) {
    const std::lock_guard guard(mutex_);
    auto& row = file_->statement("select taken, coalesce(reply,'') from inbox where id = ?");
    std::optional<InboxRow> found;
    if (row.bind(id).step()) {
        InboxRow read;
        read.id = id;
        read.taken = row.integer(0) == 1;
        read.reply = row.text(1);
        found = read;
    }
    row.reset();
    return found;
}

Status SqliteStore::keep_plan(const std::string& digest, const std::string& body) {
    const std::lock_guard guard(mutex_);
    return file_->write([&]() -> Status {
        file_->statement("insert or replace into plan values(?, ?, ?)")
            .bind_blob(digest)
            .bind(body)
            .bind(wall_now_s())
            .step();
        return Done{};
    });
}

Result<std::optional<std::string>> SqliteStore::plan(const std::string& hex) {
    const std::lock_guard guard(mutex_);
    auto& row = file_->statement(
        "select body from plan where lower(hex(digest)) like ? || '%'"
        " and length(?) >= 8 order by made desc");
    std::optional<std::string> found;
    if (row.bind(hex).bind(hex).step()) found = row.text(0);
    row.reset();
    return found;
}

RunRow SqliteStore::read_run(const Statement& row) {
    RunRow read;
    read.no = row.integer(0);
    read.id = row.text(1);
    read.runbook = row.text(2);
    read.environment = row.text(3);
    read.parent = row.text(4);
    read.bundle = to_hex(row.text(5));
    read.state = row.text(6);
    read.outcome = row.text(7);
    read.reason = row.text(8);
    read.owner = row.text(9);
    read.epoch = row.integer(10);
    read.seq = row.integer(11);
    read.head = row.text(12);
    read.created = row.number(13);
    return read;
}

Result<std::vector<RunRow>> SqliteStore::select_runs(const std::string& rest,
                                                     const std::string& bound) {
    const std::lock_guard guard(mutex_);
    auto& rows = file_->statement(keep(run_columns + rest));
    rows.bind(bound);
    std::vector<RunRow> found;
    while (rows.step()) found.push_back(read_run(rows));
    rows.reset();
    return found;
}

}  // namespace perilune
