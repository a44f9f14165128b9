#include "interpreter/journal/sqlite_file.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

namespace perilune {

namespace {

// The write-ahead log: a header, then frames of a header and a page each.
constexpr int wal_pages_max = 256;
constexpr off_t wal_bytes = 32 + (wal_pages_max + wal_pages_max / 4) * off_t{24 + 4096};
constexpr int schema_version = 1;

constexpr const char* schema = R"(
create table if not exists meta(key text primary key, value) without rowid;
create table if not exists file(digest blob primary key, text blob) without rowid;
create table if not exists bundle(digest blob, path text, file blob,
  primary key(digest, path)) without rowid;
create table if not exists host(id text primary key, name, pid, started, boot, program,
  beat integer) without rowid;
create table if not exists run(no integer primary key, id text unique, runbook, environment,
  parent integer, bundle blob, plan blob, state, outcome, reason, owner text, epoch integer,
  seq integer, head blob, last integer, created);
create table if not exists record(pos integer primary key, run integer, prev integer, body text,
  hash blob, seq integer as (json_extract(body,'$.seq')),
  kind text as (json_extract(body,'$.kind')));
create table if not exists inbox(id text primary key, run integer, kind, body, who, at,
  taken integer, reply) without rowid;
create table if not exists lock(name text primary key, run integer, since) without rowid;
create table if not exists plan(digest blob primary key, body, made) without rowid;
create table if not exists output(run integer, strand text, n integer, k integer, bytes blob,
  primary key(run, strand, n, k)) without rowid;
create table if not exists checkpoint(run integer, seq integer, head blob, at, signature blob,
  primary key(run, seq)) without rowid;
create index if not exists record_first on record(run) where prev = 0;
create index if not exists inbox_open on inbox(run) where taken is null;
create index if not exists run_parent on run(parent) where parent is not null;
)";

// Gives the log its length from the beginning: a commit that lengthens a file waits also for its
// new length to be written down, more than twice as long in all. Zeros are no frames; SQLite reads
// a log up to the first that is none, as it must in every log that began anew.
void lengthen_log(const std::string& path) {
    const Descriptor log(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    struct stat info {};
    if (!log.open() || ::fstat(log.get(), &info) != 0 || info.st_size >= wal_bytes) return;
    const std::string zeros(static_cast<std::size_t>(wal_bytes - info.st_size), '\0');
    // Where the disk is full, the log grows with the commits, or they fail by name.
    [[maybe_unused]] const auto written =
        ::pwrite(log.get(), zeros.data(), zeros.size(), info.st_size);
}

}  // namespace

FolderLock::FolderLock(int fd) : fd_(fd) {
    while (::flock(fd_, LOCK_EX) != 0 && errno == EINTR) {
    }
}

FolderLock::~FolderLock() { ::flock(fd_, LOCK_UN); }

Statement::Statement(sqlite3* database, const char* sql, int& failure) : failure_(failure) {
    const int code =
        sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
    if (code != SQLITE_OK && failure_ == 0) failure_ = code;
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::bind(const std::string& text) {
    sqlite3_bind_text(statement_, ++bound_, text.data(), static_cast<int>(text.size()),
                      SQLITE_TRANSIENT);
    return *this;
}

Statement& Statement::bind(std::int64_t number) {
    sqlite3_bind_int64(statement_, ++bound_, number);
    return *this;
}

Statement& Statement::bind(double number) {
    sqlite3_bind_double(statement_, ++bound_, number);
    return *this;
}

Statement& Statement::bind_blob(const std::string& bytes) {
    sqlite3_bind_blob(statement_, ++bound_, bytes.data(), static_cast<int>(bytes.size()),
                      SQLITE_TRANSIENT);
    return *this;
}

Statement& Statement::bind_null() {
    sqlite3_bind_null(statement_, ++bound_);
    return *this;
}

bool Statement::step() {
    const int code = sqlite3_step(statement_);
    if (code != SQLITE_ROW && code != SQLITE_DONE && failure_ == 0) failure_ = code;
    return code == SQLITE_ROW;
}

std::string Statement::text(int column) const {
    const void* bytes = sqlite3_column_blob(statement_, column);
    const int size = sqlite3_column_bytes(statement_, column);
    return bytes ? std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size))
                 : std::string();
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_, column);
}

double Statement::number(int column) const { return sqlite3_column_double(statement_, column); }

void Statement::reset() {
    if (!statement_) return;
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
    bound_ = 0;
}

Result<std::unique_ptr<SqliteFile>> SqliteFile::open(const std::string& folder,
                                                     long (*type_of)(const std::string&)) {
    if (const auto made = make_folders(folder, 0700); !made) return made.error();
    if (is_network_file_system(type_of(folder)))
        return fail("state_refused", "The state folder " + folder +
                                         " lies on a network file system, whose locks do not keep "
                                         "two hosts apart. Give another with --state FOLDER.");
    std::unique_ptr<SqliteFile> file(new SqliteFile(folder));
    const std::string lock = folder + "/state.lock";
    file->lock_ = Descriptor(::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!file->lock_.open())
        return fail("state_refused", "Opening " + lock + ": " + std::strerror(errno) +
                                         ". The state folder must be writable; give another with "
                                         "--state FOLDER.");
    if (const auto ready = file->prepare(); !ready) return ready.error();
    return file;
}

Status SqliteFile::prepare() {
    const FolderLock held(lock_.get());
    const std::string path = folder_ + "/state.db";
    const StateFound before{.log_there = ::access((path + "-wal").c_str(), F_OK) == 0};
    constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX;
    if (sqlite3_open_v2(path.c_str(), &database_, flags, nullptr) != SQLITE_OK)
        return error("Opening " + path);
    ::chmod(path.c_str(), 0600);
    sqlite3_db_config(database_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    sqlite3_busy_timeout(database_, 10000);
    const auto set_up = [&](const char* sql) {
        return sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) == SQLITE_OK;
    };
    if (!set_up("pragma journal_mode=wal") || !set_up("pragma synchronous=full") ||
        !set_up("pragma wal_autocheckpoint=0"))
        return error("Opening " + path);
    sqlite3_wal_hook(
        database_,
        [](void* pages, sqlite3*, const char*, int now) {
            *static_cast<int*>(pages) = now;
            return SQLITE_OK;
        },
        &wal_pages_);
    Statement version(database_, "pragma user_version", failure_);
    const std::int64_t found = version.step() ? version.integer(0) : 0;
    version.reset();
    if (found > schema_version)
        return fail("state_refused", path + " was written by a newer Perilune (format " +
                                         std::to_string(found) + "; this one knows up to " +
                                         std::to_string(schema_version) + ").");
    if (found < schema_version && (!set_up("begin immediate") || !set_up(schema) ||
                                   !set_up("pragma user_version=1") || !set_up("commit")))
        return error("Preparing " + path);
    lengthen_log(path + "-wal");
    return know_again(before);
}

SqliteFile::~SqliteFile() {
    statements_.clear();
    sqlite3_close_v2(database_);
}

Status SqliteFile::write(const std::function<Status()>& work, Flush flush) {
    if (refusal_) return *refusal_;
    const FolderLock held(lock_.get());
    failure_ = 0;
    if (!set_flush(flush)) return error("Beginning to write");
    return write_once(work);
}

// Where it cannot be set nothing is written: a commit that only seemed to be flushed would be a
// lie.
bool SqliteFile::set_flush(Flush flush) {
    if (flush == flush_) return true;
    // Not as a prepared statement: SQLite takes it when it is compiled.
    const char* sql = flush == Flush::now ? "pragma synchronous=full" : "pragma synchronous=normal";
    failure_ = sqlite3_exec(database_, sql, nullptr, nullptr, nullptr);
    if (failure_ == SQLITE_OK) flush_ = flush;
    return failure_ == SQLITE_OK;
}

Status SqliteFile::write_once(const std::function<Status()>& work) {
    if (!execute("begin immediate")) return error("Beginning to write");
    auto worked = work();
    // In this transaction: a further one would take all locks once more.
    const std::int64_t newest = worked ? newest_position() : 0;
    if (worked && failed()) worked = error("Writing");
    if (worked && !execute("commit")) worked = error("Committing");
    if (!worked) sqlite3_exec(database_, "rollback", nullptr, nullptr, nullptr);
    if (!worked) return worked;
    mark_.note(newest);
    checkpoint_when_large();
    return worked;
}

void SqliteFile::read(const std::function<void()>& work) {
    const bool begun = execute("begin");
    work();
    if (begun) execute("commit");
}

bool SqliteFile::execute(const char* sql) {
    Statement& prepared = statement(sql);
    prepared.step();
    prepared.reset();
    return !failed();
}

// Under the folder's lock only: two connections that write or checkpoint at once meet the
// WAL-reset bug of SQLite 3.40.1. The log is measured by its pages, for its file never shrinks; it
// begins anew with the next commit, unless somebody still reads from it: that is not waited for.
void SqliteFile::checkpoint_when_large() {
    if (wal_pages_ < wal_pages_max) checkpointed_pages_ = 0;
    if (wal_pages_ - checkpointed_pages_ < wal_pages_max) return;
    checkpoint();
    checkpointed_pages_ = wal_pages_;
}

void SqliteFile::checkpoint() {
    sqlite3_wal_checkpoint_v2(database_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

Statement& SqliteFile::statement(const char* sql) {
    auto& kept = statements_[sql];
    if (!kept) kept = std::make_unique<Statement>(database_, sql, failure_);
    kept->reset();
    return *kept;
}

Error SqliteFile::error(const std::string& doing) const {
    return fail("state_failed",
                doing + " in the state folder " + folder_ + ": " +
                    (failure_ != 0 ? sqlite3_errstr(failure_)
                     : database_   ? sqlite3_errmsg(database_)
                                   : "no memory") +
                    ".",
                Retry::safe);
}

std::int64_t SqliteFile::last_rowid() const { return sqlite3_last_insert_rowid(database_); }

int SqliteFile::changes() const { return sqlite3_changes(database_); }

}  // namespace perilune
