// The state store on SQLite: one file for all runs of a state folder, so that they share flushes.
#include "interpreter/journal/store.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>

#include <fcntl.h>
#include <sys/file.h>

#include "interpreter/base/digest.h"
#include "interpreter/base/files.h"
#include "interpreter/base/loop.h"
#include "interpreter/journal/sqlite_file.h"

namespace perilune {

namespace {

constexpr const char* run_columns =
    "select r.no, r.id, r.runbook, r.environment, coalesce(p.id,''), r.bundle, r.state,"
    " coalesce(r.outcome,''), coalesce(r.reason,''), coalesce(r.owner,''), r.epoch, r.seq, r.head,"
    " r.created, r.last from run r left join run p on p.no = r.parent ";

class SqliteStore final : public Store {
public:
    explicit SqliteStore(std::unique_ptr<SqliteFile> file) : file_(std::move(file)) {}

    Result<std::vector<std::string>> commit(const Batch& batch) override {
        const std::lock_guard guard(mutex_);
        std::vector<std::string> lost;
        const auto written = file_->write([&]() -> Status {
            for (const auto& run : batch.runs)
                if (const auto added = add_run(run); !added) return added;
            for (const auto& [run, update] : batch.updates)
                if (!apply(run, update)) lost.push_back(run);
            for (const auto& record : batch.records)
                if (std::find(lost.begin(), lost.end(), record.run) == lost.end())
                    append(record.run, record.body, record.hash);
            for (const auto& reply : batch.replies)
                file_->statement("update inbox set taken = 1, reply = ? where id = ?")
                    .bind(reply.text).bind(reply.id).step();
            return Done{};
        });
        if (!written) {
            numbers_.clear();  // What was learned in the transaction is not so.
            return written.error();
        }
        return lost;
    }

    Result<std::optional<RunRow>> run(const std::string& id) override {
        const std::lock_guard guard(mutex_);
        const std::string sql = std::string(run_columns) + "where r.id = ?";
        auto& rows = file_->statement(keep(sql));
        rows.bind(id);
        std::optional<RunRow> found;
        if (rows.step()) found = read_run(rows);
        rows.reset();
        return found;
    }

    Result<std::vector<RunRow>> runs(std::size_t limit) override {
        return select_runs("order by r.no desc limit ?", std::to_string(limit));
    }

    Result<std::vector<RunRow>> children(const std::string& id) override {
        return select_runs("where p.id = ? order by r.no", id);
    }

    Result<std::vector<RecordRow>> records(const std::string& run) override {
        const std::lock_guard guard(mutex_);
        auto& start = file_->statement("select last from run where id = ?");
        std::int64_t pos = start.bind(run).step() ? start.integer(0) : 0;
        start.reset();
        std::vector<RecordRow> found;
        while (pos > 0) {
            auto& row = file_->statement("select prev, body, hash from record where pos = ?");
            if (!row.bind(pos).step()) {
                row.reset();
                return fail("journal_broken", "The journal of " + run + " lacks a record.");
            }
            pos = row.integer(0);
            found.push_back({.body = row.text(1), .hash = row.text(2)});
            row.reset();
        }
        std::reverse(found.begin(), found.end());
        return found;
    }

    Result<Files> bundle(const std::string& digest) override {
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

    Result<std::vector<LockRow>> locks() override {
        const std::lock_guard guard(mutex_);
        auto& rows = file_->statement(
            "select l.name, r.id, l.since from lock l join run r on r.no = l.run order by 1");
        std::vector<LockRow> found;
        while (rows.step())
            found.push_back({.name = rows.text(0), .run = rows.text(1), .since = rows.number(2)});
        rows.reset();
        return found;
    }

    Result<bool> claim(const RunRow& seen, const std::string& owner,
                       const RecordRow& record) override {
        const std::lock_guard guard(mutex_);
        bool won = false;
        const auto written = file_->write([&]() -> Status {
            auto& update = file_->statement(
                "update run set owner = ?, epoch = epoch + 1, seq = seq + 1, head = ?,"
                " state = 'running', reason = '' where id = ? and coalesce(owner,'') = ?"
                " and epoch = ? and head = ?");
            update.bind(owner).bind_blob(record.hash).bind(seen.id).bind(seen.owner)
                .bind(seen.epoch).bind_blob(seen.head).step();
            update.reset();
            won = file_->changes() == 1;
            if (won) append(seen.id, record.body, record.hash);
            return Done{};
        });
        if (!written) return written.error();
        return won;
    }

    Status add_host(const HostRow& host) override {
        const std::lock_guard guard(mutex_);
        return file_->write([&]() -> Status {
            file_->statement("insert or replace into host(id, name, pid, started, beat)"
                             " values(?, ?, ?, ?, 0)")
                .bind(host.id).bind(host.name).bind(host.pid).bind(wall_now_s()).step();
            return Done{};
        });
    }

    Status beat(const std::string& host, double count) override {
        const std::lock_guard guard(mutex_);
        return file_->write([&]() -> Status {
            file_->statement("update host set beat = ? where id = ?").bind(count).bind(host).step();
            return Done{};
        });
    }

    Status remove_host(const std::string& host) override {
        const std::lock_guard guard(mutex_);
        return file_->write([&]() -> Status {
            file_->statement("delete from host where id = ?").bind(host).step();
            return Done{};
        });
    }

    Result<std::optional<HostRow>> host(const std::string& id) override {
        const std::lock_guard guard(mutex_);
        auto& row = file_->statement("select id, name, pid, beat from host where id = ?");
        std::optional<HostRow> found;
        if (row.bind(id).step())
            found = HostRow{.id = row.text(0), .name = row.text(1), .pid = row.integer(2),
                            .beat = row.number(3)};
        row.reset();
        return found;
    }

    Status send(const InboxRow& sent) override {
        const std::lock_guard guard(mutex_);
        return file_->write([&]() -> Status {
            file_->statement("insert or ignore into inbox(id, run, kind, body, who, at)"
                             " select ?, no, ?, ?, ?, ? from run where id = ?")
                .bind(sent.id).bind(sent.kind).bind(sent.body).bind(sent.who).bind(sent.at)
                .bind(sent.run).step();
            return Done{};
        });
    }

    Result<std::vector<InboxRow>> inbox(const std::string& run) override {
        const std::lock_guard guard(mutex_);
        auto& rows = file_->statement(
            "select i.id, i.kind, i.body, i.who, i.at from inbox i join run r on r.no = i.run"
            " where r.id = ? and i.taken is null order by i.at, i.id");
        rows.bind(run);
        std::vector<InboxRow> found;
        while (rows.step())
            found.push_back({.id = rows.text(0), .run = run, .kind = rows.text(1),
                             .body = rows.text(2), .who = rows.text(3), .at = rows.number(4),
                             .taken = false, .reply = ""});
        rows.reset();
        return found;
    }

    Result<std::optional<InboxRow>> inbox_row(const std::string& id) override {
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

    Status keep_plan(const std::string& digest, const std::string& body) override {
        const std::lock_guard guard(mutex_);
        return file_->write([&]() -> Status {
            file_->statement("insert or replace into plan values(?, ?, ?)")
                .bind_blob(digest).bind(body).bind(wall_now_s()).step();
            return Done{};
        });
    }

    Result<std::optional<std::string>> plan(const std::string& hex) override {
        const std::lock_guard guard(mutex_);
        auto& row = file_->statement("select body from plan where lower(hex(digest)) like ? || '%'"
                                     " and length(?) >= 8 order by made desc");
        std::optional<std::string> found;
        if (row.bind(hex).bind(hex).step()) found = row.text(0);
        row.reset();
        return found;
    }

private:
    struct Numbers {
        std::int64_t no = 0;
        std::int64_t last = 0;
    };

    // Statements are kept by their text's address; texts built at run time are kept here.
    const char* keep(const std::string& sql) { return kept_.insert({sql, 0}).first->first.c_str(); }

    static RunRow read_run(const Statement& row) {
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

    Result<std::vector<RunRow>> select_runs(const std::string& rest, const std::string& bound) {
        const std::lock_guard guard(mutex_);
        auto& rows = file_->statement(keep(run_columns + rest));
        rows.bind(bound);
        std::vector<RunRow> found;
        while (rows.step()) found.push_back(read_run(rows));
        rows.reset();
        return found;
    }

    Numbers& numbers(const std::string& run) {
        Numbers& known = numbers_[run];
        if (known.no == 0) {
            auto& row = file_->statement("select no, coalesce(last, 0) from run where id = ?");
            if (row.bind(run).step()) known = {.no = row.integer(0), .last = row.integer(1)};
            row.reset();
        }
        return known;
    }

    void append(const std::string& run, const std::string& body, const std::string& hash) {
        Numbers& known = numbers(run);
        auto& row = file_->statement("insert into record(run, prev, body, hash) values(?, ?, ?, ?)");
        row.bind(known.no).bind(known.last).bind(body).bind_blob(hash).step();
        known.last = file_->last_rowid();
        file_->statement("update run set last = ? where no = ?").bind(known.last).bind(known.no)
            .step();
    }

    bool apply(const std::string& run, const Batch::Update& update) {
        auto& row = file_->statement(
            "update run set head = ?, seq = ?, state = coalesce(nullif(?, ''), state),"
            " outcome = coalesce(nullif(?, ''), outcome), reason = ?,"
            " owner = case when ? then null else owner end"
            " where id = ? and epoch = ? and head = ?");
        row.bind_blob(update.head).bind(update.seq).bind(update.state).bind(update.outcome)
            .bind(update.reason).bind(std::int64_t{update.release}).bind(run).bind(update.epoch)
            .bind_blob(update.known_head).step();
        row.reset();
        if (file_->changes() != 1) return false;
        if (update.free_locks)
            file_->statement("delete from lock where run = ?").bind(numbers(run).no).step();
        return true;
    }

    Status add_run(const Batch::NewRun& added) {
        const RunRow& row = added.row;
        for (const auto& [path, text] : added.bundle) {
            const std::string digest = sha256(text);
            file_->statement("insert or ignore into file values(?, ?)").bind_blob(digest)
                .bind_blob(text).step();
            file_->statement("insert or ignore into bundle values(?, ?, ?)")
                .bind_blob(from_hex(row.bundle)).bind(path).bind_blob(digest).step();
        }
        auto& run = file_->statement(
            "insert into run(id, runbook, environment, parent, bundle, state, owner, epoch, seq,"
            " head, created) values(?, ?, ?, (select no from run where id = ?), ?, ?, ?, ?, ?, ?,"
            " ?)");
        run.bind(row.id).bind(row.runbook).bind(row.environment).bind(row.parent)
            .bind_blob(from_hex(row.bundle)).bind(row.state).bind(row.owner).bind(row.epoch)
            .bind(row.seq).bind_blob(row.head).bind(row.created).step();
        run.reset();
        if (file_->failed())
            return fail("run_exists", "A run with the id " + row.id + " exists already.");
        const std::int64_t no = file_->last_rowid();
        for (const auto& name : added.locks) {
            auto& held = file_->statement(
                "select r.id from lock l join run r on r.no = l.run where l.name = ?");
            if (held.bind(name).step()) {
                Error error = fail("locked", "The lock " + name + " is held by the run " +
                                                 held.text(0) + ".", Retry::safe);
                error.detail = held.text(0);
                held.reset();
                return error;
            }
            file_->statement("insert into lock values(?, ?, ?)").bind(name).bind(no)
                .bind(row.created).step();
        }
        return Done{};
    }

    std::unique_ptr<SqliteFile> file_;
    std::mutex mutex_;
    std::map<std::string, Numbers> numbers_;
    std::map<std::string, int> kept_;
};

std::string lock_path(const std::string& state_folder, const std::string& host) {
    return state_folder + "/hosts/" + host;
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const std::string& location) {
    auto file = SqliteFile::open(location);
    if (!file) return file.error();
    return std::unique_ptr<Store>(std::make_unique<SqliteStore>(std::move(*file)));
}

bool host_is_dead(const std::string& state_folder, const std::string& host) {
    const Descriptor file(
        ::open(lock_path(state_folder, host).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    if (!file.open()) return errno == ENOENT;
    return ::flock(file.get(), LOCK_EX | LOCK_NB) == 0;
}

Result<int> hold_host_lock(const std::string& state_folder, const std::string& host) {
    if (const auto made = make_folders(state_folder + "/hosts", 0700); !made) return made.error();
    const std::string path = lock_path(state_folder, host);
    Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.open() || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0)
        return fail("state_refused", "Locking " + path + ": " + std::strerror(errno) + ".");
    return file.release();
}

}  // namespace perilune
