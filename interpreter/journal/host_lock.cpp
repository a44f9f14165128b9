// A host's own lock file: the kernel frees it when the host dies, however it dies.
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>

#include "interpreter/base/files.h"
#include "interpreter/journal/store_sqlite.h"

namespace perilune {

namespace {

std::string lock_path(const std::string& state_folder, const std::string& host) {
    return state_folder + "/hosts/" + host;
}

}  // namespace

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

SqliteStore::~SqliteStore() {
    if (host_lock_fd_ >= 0) ::close(host_lock_fd_);
}

Status SqliteStore::hold_host(const std::string& host) {
    const auto held = hold_host_lock(folder_, host);
    if (!held) return held.error();
    host_lock_fd_ = *held;
    return Done{};
}

bool SqliteStore::host_is_dead(const std::string& host) {
    return perilune::host_is_dead(folder_, host);
}

}  // namespace perilune
