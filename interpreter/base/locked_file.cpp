#include "interpreter/base/locked_file.h"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interpreter/base/loop.h"
#include "interpreter/base/replacement_file.h"

namespace perilune {

namespace {

constexpr auto pause_between_tries = std::chrono::milliseconds(10);

Error failure(const std::string& doing, const std::string& path) {
    return fail("file_failed", doing + " " + path + ": " + std::strerror(errno) + ".");
}

// Writes and flushes the new content under a temporary name, dressed like the old file.
Status fill(const Descriptor& file, const struct stat& old, std::string_view bytes,
            const std::string& path) {
    struct stat made {};
    if (::fstat(file.get(), &made) != 0) return failure("Writing", path);
    const bool other_owner = made.st_uid != old.st_uid || made.st_gid != old.st_gid;
    if (other_owner && ::fchown(file.get(), old.st_uid, old.st_gid) != 0)
        return failure("Keeping the owner of", path);
    if (::fchmod(file.get(), old.st_mode & 07777) != 0) return failure("Keeping the mode of", path);
    while (!bytes.empty()) {
        const auto written = ::write(file.get(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return failure("Writing", path);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(file.get()) != 0) return failure("Flushing", path);
    return Done{};
}

}  // namespace

Result<FileLock> FileLock::take(const std::string& lock_path, double deadline_s) {
    Descriptor file(::open(lock_path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0644));
    if (!file.open()) return failure("Opening the lock file", lock_path);
    for (;;) {
        if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return FileLock(std::move(file));
        if (errno != EWOULDBLOCK && errno != EINTR) return failure("Locking", lock_path);
        if (boot_now_s() >= deadline_s)
            return fail("locked",
                        "Another program held the lock " + lock_path +
                            " until the deadline; nothing was written. Try again when it is done.",
                        Retry::safe);
        std::this_thread::sleep_for(pause_between_tries);
    }
}

Status replace_file_durably(const std::string& path, std::string_view bytes) {
    const std::unique_ptr<char, void (*)(void*)> resolved(::realpath(path.c_str(), nullptr),
                                                          std::free);
    if (!resolved) return failure("Replacing", path);
    const std::string real = resolved.get();
    struct stat old {};
    if (::stat(real.c_str(), &old) != 0) return failure("Replacing", path);
    const auto [file, temporary] = make_replacement(real);
    if (!file.open()) return failure("Writing beside", path);
    Status filled = fill(file, old, bytes, path);
    if (filled && ::rename(temporary.c_str(), real.c_str()) != 0)
        filled = failure("Replacing", path);
    if (!filled) {
        ::unlink(temporary.c_str());
        return filled;
    }
    const Status synced = sync_folder(real.substr(0, real.find_last_of('/') + 1));
    if (synced) return synced;
    // The new content is there already, but a loss of power may still take it back.
    Error error = synced.error();
    error.retry = Retry::unknown;
    return error;
}

}  // namespace perilune
