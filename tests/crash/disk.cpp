// An SQLite file system around the system's own.
//
// PERILUNE_DISK="sync 3 io 1": the third sync fails with an I/O error, once. The words are what
// fails (write, sync), from which one on, how (io, full, short), and how many times; in place of a
// number of times, a file's path: until that file is there. That something has failed is said in
// the file that PERILUNE_CRASH_COUNT names, with ".disk" after it.
#include "tests/crash/disk.h"

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <sqlite3.h>

#include "interpreter/base/sync_point.h"

namespace perilune::test {

namespace {

constexpr std::size_t sector_bytes = 512;  // What a disk writes whole or not at all.

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

// What a test wants to fail.
class Failure {
public:
    Failure() {
        std::istringstream words(variable("PERILUNE_DISK"));
        words >> what_ >> first_ >> how_ >> times_;
    }

    // The error of this write or sync; SQLITE_OK where it is to work.
    int of(const std::string& what) {
        if (what != what_) return SQLITE_OK;
        const long number = ++count_;
        if (number < first_ || is_over(number)) return SQLITE_OK;
        std::ofstream(variable("PERILUNE_CRASH_COUNT") + ".disk") << number << "\n";
        if (how_ == "full") return SQLITE_FULL;
        return what == "sync" ? SQLITE_IOERR_FSYNC : SQLITE_IOERR_WRITE;
    }
    // Whether half of what fails is written all the same.
    bool is_short() const { return how_ == "short"; }

private:
    bool is_over(long number) const {
        if (times_.starts_with('/')) return ::access(times_.c_str(), F_OK) == 0;
        return number >= first_ + std::atol(times_.c_str());
    }

    std::string what_;
    long first_ = 0;
    std::string how_;
    std::string times_;
    std::atomic<long> count_ = 0;
};

// One write, or a new length, that no sync has covered yet.
struct Unsynced {
    sqlite3_int64 at = 0;
    std::string before;
    std::string after;
    sqlite3_int64 length_before = 0;
    sqlite3_int64 length_after = 0;
};

using UnsyncedOfFiles = std::map<std::string, std::vector<Unsynced>>;

struct Disk {
    Failure failure;
    const bool loses_power = !variable("PERILUNE_POWER").empty();
    // A moment at every write and sync would move those that other tests count.
    const bool has_moments = variable("PERILUNE_CRASH_POINT") == "disk";
    std::mutex mutex;
    UnsyncedOfFiles unsynced;
    sqlite3_vfs* real = nullptr;
    sqlite3_vfs ours = {};
};

Disk& disk() {
    static Disk one;
    return one;
}

struct File {
    sqlite3_file base;
    const std::string* path;
    sqlite3_file* real;
};

File& file_of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }

sqlite3_int64 length_of(sqlite3_file* real) {
    sqlite3_int64 length = 0;
    real->pMethods->xFileSize(real, &length);
    return length;
}

std::string bytes_at(sqlite3_file* real, sqlite3_int64 at, sqlite3_int64 count) {
    std::string bytes(static_cast<std::size_t>(count), '\0');
    real->pMethods->xRead(real, bytes.data(), static_cast<int>(count), at);
    return bytes;
}

void remember(const File& file, Unsynced change) {
    disk().unsynced[*file.path].push_back(std::move(change));
}

void reach_moment() {
    if (disk().has_moments) sync_point("disk");
}

int write_file(sqlite3_file* ours, const void* bytes, int count, sqlite3_int64 at) {
    const File& file = file_of(ours);
    reach_moment();
    const int failed = disk().failure.of("write");
    if (failed != SQLITE_OK && !disk().failure.is_short()) return failed;
    const int written = failed == SQLITE_OK ? count : count / 2;
    const std::lock_guard guard(disk().mutex);
    if (disk().loses_power) {
        const auto length = length_of(file.real);
        remember(file, {.at = at,
                        .before = bytes_at(file.real, at, written),
                        .after = std::string(static_cast<const char*>(bytes),
                                             static_cast<std::size_t>(written)),
                        .length_before = length,
                        .length_after = std::max(length, at + written)});
    }
    const int done = file.real->pMethods->xWrite(file.real, bytes, written, at);
    return failed == SQLITE_OK ? done : failed;
}

int truncate_file(sqlite3_file* ours, sqlite3_int64 length) {
    const File& file = file_of(ours);
    const std::lock_guard guard(disk().mutex);
    if (const auto before = length_of(file.real); disk().loses_power && before > length)
        remember(file, {.at = length,
                        .before = bytes_at(file.real, length, before - length),
                        .after = {},
                        .length_before = before,
                        .length_after = length});
    return file.real->pMethods->xTruncate(file.real, length);
}

int sync_file(sqlite3_file* ours, int flags) {
    const File& file = file_of(ours);
    reach_moment();
    if (const int failed = disk().failure.of("sync"); failed != SQLITE_OK) return failed;
    const int done = file.real->pMethods->xSync(file.real, flags);
    const std::lock_guard guard(disk().mutex);
    if (done == SQLITE_OK) disk().unsynced[*file.path].clear();
    return done;
}

// The other calls are the system's.
template <auto Member, class... Arguments>
int pass_on(sqlite3_file* ours, Arguments... arguments) {
    sqlite3_file* real = file_of(ours).real;
    return (real->pMethods->*Member)(real, arguments...);
}

void pass_barrier(sqlite3_file* ours) {
    sqlite3_file* real = file_of(ours).real;
    real->pMethods->xShmBarrier(real);
}

int close_file(sqlite3_file* ours) {
    const File& file = file_of(ours);
    delete file.path;
    return file.real->pMethods->xClose(file.real);
}

using Methods = sqlite3_io_methods;

const Methods methods = {
    .iVersion = 2,  // Without xFetch: what is mapped would be written past us.
    .xClose = close_file,
    .xRead = pass_on<&Methods::xRead, void*, int, sqlite3_int64>,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = pass_on<&Methods::xFileSize, sqlite3_int64*>,
    .xLock = pass_on<&Methods::xLock, int>,
    .xUnlock = pass_on<&Methods::xUnlock, int>,
    .xCheckReservedLock = pass_on<&Methods::xCheckReservedLock, int*>,
    .xFileControl = pass_on<&Methods::xFileControl, int, void*>,
    .xSectorSize = pass_on<&Methods::xSectorSize>,
    .xDeviceCharacteristics = pass_on<&Methods::xDeviceCharacteristics>,
    .xShmMap = pass_on<&Methods::xShmMap, int, int, int, void volatile**>,
    .xShmLock = pass_on<&Methods::xShmLock, int, int, int>,
    .xShmBarrier = pass_barrier,
    .xShmUnmap = pass_on<&Methods::xShmUnmap, int>,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int open_file(sqlite3_vfs*, const char* path, sqlite3_file* ours, int flags, int* got) {
    File& file = file_of(ours);
    file.real = reinterpret_cast<sqlite3_file*>(&file + 1);
    file.base.pMethods = nullptr;
    const int opened = disk().real->xOpen(disk().real, path, file.real, flags, got);
    if (opened != SQLITE_OK) return opened;
    file.path = new std::string(path ? path : "");
    file.base.pMethods = &methods;
    return SQLITE_OK;
}

// Before main: no database is open yet.
const bool registered = [] {
    sqlite3_initialize();
    disk().real = sqlite3_vfs_find(nullptr);
    disk().ours = *disk().real;
    disk().ours.zName = "crash";
    disk().ours.szOsFile = static_cast<int>(sizeof(File)) + disk().real->szOsFile;
    disk().ours.xOpen = open_file;
    return sqlite3_vfs_register(&disk().ours, 1) == SQLITE_OK;
}();

// Makes a file as it is to be, or gives up loudly: a test must not trust a half-done loss.
void put(int fd, sqlite3_int64 at, const std::string& bytes, sqlite3_int64 length) {
    const auto written = ::pwrite(fd, bytes.data(), bytes.size(), at);
    if (written != static_cast<ssize_t>(bytes.size()) || ::ftruncate(fd, length) != 0) ::abort();
}

// What may have arrived of it: nothing, all, or what lies before some sector.
std::string arrived(const Unsynced& change, std::mt19937& random) {
    const std::size_t sectors = change.after.size() / sector_bytes;
    switch (random() % 3) {
        case 0: return "";
        case 1: return change.after;
        default: return change.after.substr(0, random() % (sectors + 1) * sector_bytes);
    }
}

}  // namespace

void lose_power() {
    if (!disk().loses_power || !registered) return;
    std::mt19937 random(static_cast<unsigned>(std::atol(variable("PERILUNE_POWER").c_str())));
    // Held until the process is dead.
    disk().mutex.lock();
    for (const auto& [path, changes] : disk().unsynced) {
        const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
        if (fd < 0 || changes.empty()) continue;
        for (auto change = changes.rbegin(); change != changes.rend(); ++change)
            put(fd, change->at, change->before, change->length_before);
        for (const auto& change : changes) {
            const bool shorter = change.length_after < change.length_before;
            if (shorter && random() % 2 == 0) continue;
            const std::string bytes = arrived(change, random);
            if (shorter || !bytes.empty()) put(fd, change.at, bytes, change.length_after);
        }
        ::close(fd);
    }
}

}  // namespace perilune::test
