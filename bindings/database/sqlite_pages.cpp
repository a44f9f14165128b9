#include "bindings/database/sqlite_pages.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <sqlite3.h>

#include "interpreter/base/files.h"
#include "interpreter/base/loop.h"

namespace perilune {

namespace {

constexpr int header_bytes = 100;
constexpr int pages_a_step = 256;
constexpr int restarts_max = 3;
constexpr int wait_ms = 5;
using Header = std::array<unsigned char, header_bytes>;

sqlite3_file* file_of(SqliteConnection& connection) {
    sqlite3_file* file = nullptr;
    sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_FILE_POINTER,
                         static_cast<void*>(&file));
    return file;
}

// True where the header was there; false for a file too short to have one.
Result<bool> read_header(SqliteConnection& connection, Header& header) {
    sqlite3_file* file = file_of(connection);
    const int code = file->pMethods->xRead(file, header.data(), header_bytes, 0);
    if (code == SQLITE_IOERR_SHORT_READ) return false;
    if (code != SQLITE_OK) return connection.error("Reading the header", code);
    return true;
}

Status write_header(SqliteConnection& connection, const Header& header) {
    sqlite3_file* file = file_of(connection);
    int code = file->pMethods->xWrite(file, header.data(), header_bytes, 0);
    if (code == SQLITE_OK) code = file->pMethods->xSync(file, SQLITE_SYNC_FULL);
    if (code != SQLITE_OK) return connection.error("Writing the header", code);
    return Done{};
}

// Waits a moment for others; false once it has waited for as long as the connection may.
bool wait_for_others(const SqliteConnection& connection, double since_s) {
    if (connection.options().interrupter->why() != Interrupter::Why::none) return false;
    if (boot_now_s() - since_s > connection.options().busy_timeout_s) return false;
    ::poll(nullptr, 0, wait_ms);
    return true;
}

bool is_busy(int code) { return (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED; }

double page_bytes(SqliteConnection& connection) {
    const auto size = connection.first("pragma page_size");
    return size ? size->number() : 0;
}

struct Backup {
    sqlite3_backup* copy;
    ~Backup() {
        if (copy) sqlite3_backup_finish(copy);
    }
    int finish() { return sqlite3_backup_finish(std::exchange(copy, nullptr)); }
};

// Takes steps until all is copied. Where another process writes to a source that uses a rollback
// journal, SQLite starts from the beginning again; after a few times the rest goes in one step,
// which makes that writer wait instead.
Status copy_rest(Backup& backup, SqliteConnection& from, SqliteConnection& to, double page_size,
                 const Progress& progress) {
    int restarts = 0;
    int left_before = 0;
    double busy_since_s = boot_now_s();
    for (;;) {
        const int code =
            sqlite3_backup_step(backup.copy, restarts < restarts_max ? pages_a_step : -1);
        if (code == SQLITE_DONE) break;
        if (from.options().interrupter->why() != Interrupter::Why::none)
            return from.error("Copying its pages", SQLITE_INTERRUPT);
        if (is_busy(code)) {
            if (wait_for_others(from, busy_since_s)) continue;
            return from.error("Copying its pages", code);
        }
        if (code != SQLITE_OK) return to.error("Copying its pages", code);
        busy_since_s = boot_now_s();
        const int left = sqlite3_backup_remaining(backup.copy);
        const int all = sqlite3_backup_pagecount(backup.copy);
        if (left_before > 0 && left > left_before) ++restarts;
        left_before = left;
        progress(page_size * (all - left), page_size * all);
    }
    const int code = backup.finish();
    if (code != SQLITE_OK) return to.error("Ending the copy", code);
    return Done{};
}

}  // namespace

Result<FileVersions> read_versions(SqliteConnection& connection) {
    Header header{};
    const auto there = read_header(connection, header);
    if (!there) return there.error();
    if (!*there) return FileVersions{};
    if (std::memcmp(header.data(), "SQLite format 3", 16) != 0)
        return fail("damaged", "Reading " + connection.options().target + " (" + connection.path() +
                                   "): the file is no SQLite database, or its "
                                   "header is damaged. Restore it from a backup.");
    return FileVersions{header[18], header[19]};
}

Status write_versions(SqliteConnection& connection, FileVersions versions) {
    Header header{};
    const auto there = read_header(connection, header);
    if (!there) return there.error();
    if (!*there)
        return fail("damaged", "Fencing " + connection.options().target +
                                   ": its file is empty, so it has no header to write to.");
    header[18] = static_cast<unsigned char>(versions.write);
    header[19] = static_cast<unsigned char>(versions.read);
    // A new change counter (24, and 92 that vouches for it) makes the others drop what they cached.
    std::uint32_t counter = 0;
    for (std::size_t i = 24; i < 28; ++i) counter = counter << 8 | header[i];
    ++counter;
    for (std::size_t i = 0; i < 4; ++i) {
        const auto byte = static_cast<unsigned char>(counter >> (24 - 8 * i));
        header[24 + i] = byte;
        header[92 + i] = byte;
    }
    return write_header(connection, header);
}

Result<std::unique_ptr<ExclusiveLock>> ExclusiveLock::take(SqliteConnection& connection) {
    sqlite3_file* file = file_of(connection);
    const double since_s = boot_now_s();
    for (;;) {
        int code = file->pMethods->xLock(file, SQLITE_LOCK_SHARED);
        if (code == SQLITE_OK) code = file->pMethods->xLock(file, SQLITE_LOCK_EXCLUSIVE);
        if (code == SQLITE_OK) return std::unique_ptr<ExclusiveLock>(new ExclusiveLock(connection));
        if (!is_busy(code) || !wait_for_others(connection, since_s)) {
            file->pMethods->xUnlock(file, SQLITE_LOCK_NONE);
            if (!is_busy(code)) return connection.error("Locking it", code);
            return fail("database_busy",
                        "Locking " + connection.options().target + " (" + connection.path() +
                            "): other processes are connected to it. Stop them, then try again. "
                            "Nothing was changed.",
                        Retry::safe);
        }
    }
}

ExclusiveLock::~ExclusiveLock() {
    sqlite3_file* file = file_of(connection_);
    file->pMethods->xUnlock(file, SQLITE_LOCK_NONE);
}

Status destroy_header(SqliteConnection& connection) {
    Header header{};
    header.fill(0xff);
    return write_header(connection, header);
}

Status copy_bytes(SqliteConnection& connection, const std::string& to_path) {
    sqlite3_file* file = file_of(connection);
    const auto failed = [&](const std::string& why) {
        return fail("file_failed", "Copying " + connection.path() + " to " + to_path + ": " + why);
    };
    sqlite3_int64 size = 0;
    int code = file->pMethods->xFileSize(file, &size);
    if (code != SQLITE_OK) return connection.error("Measuring it", code);
    const Descriptor copy(::open(to_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!copy.open()) return failed(std::strerror(errno));
    std::string piece(1 << 20, '\0');
    for (sqlite3_int64 at = 0; at < size; at += static_cast<sqlite3_int64>(piece.size())) {
        piece.resize(static_cast<std::size_t>(
            std::min<sqlite3_int64>(size - at, static_cast<sqlite3_int64>(piece.size()))));
        code = file->pMethods->xRead(file, piece.data(), static_cast<int>(piece.size()), at);
        if (code != SQLITE_OK) return connection.error("Copying its bytes", code);
        std::string_view rest = piece;
        while (!rest.empty()) {
            const auto written = ::write(copy.get(), rest.data(), rest.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) return failed(std::strerror(errno));
            rest.remove_prefix(static_cast<std::size_t>(written));
        }
    }
    if (::fsync(copy.get()) != 0) return failed(std::strerror(errno));
    return Done{};
}

Status copy_database(SqliteConnection& from, SqliteConnection& to, const Progress& progress) {
    Backup backup{sqlite3_backup_init(to.handle(), "main", from.handle(), "main")};
    if (!backup.copy) return to.error("Starting the copy", sqlite3_errcode(to.handle()));
    return copy_rest(backup, from, to, page_bytes(from), progress);
}

Status replace_database(SqliteConnection& from, SqliteConnection& to,
                        const std::function<Status()>& while_locked, const Progress& progress) {
    const double page_size = page_bytes(from);
    Backup backup{sqlite3_backup_init(to.handle(), "main", from.handle(), "main")};
    if (!backup.copy) return to.error("Starting the replacement", sqlite3_errcode(to.handle()));
    const double since_s = boot_now_s();
    for (;;) {
        // One page: with it comes the lock, and nothing is written to the file yet.
        const int code = sqlite3_backup_step(backup.copy, 1);
        if (code == SQLITE_OK) break;
        if (is_busy(code) && wait_for_others(to, since_s)) continue;
        return to.error("Locking it", code);
    }
    if (const auto done = while_locked(); !done) return done;
    return copy_rest(backup, from, to, page_size, progress);
}

}  // namespace perilune
