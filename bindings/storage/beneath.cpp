#include "bindings/storage/beneath.h"

#include <atomic>
#include <cerrno>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "interpreter/base/digest.h"

namespace perilune {

namespace {

constexpr int kernel_attempts = 8;
constexpr std::size_t small_file_bytes_max = 16 << 20;

Opened opened(int fd) {
    Opened made;
    made.error = fd < 0 ? errno : 0;
    made.file = Descriptor(fd);
    return made;
}

Opened refused(int error) {
    Opened made;
    made.error = error;
    return made;
}

// Takes the first segment off `path`.
std::string take_segment(std::string_view& path) {
    const auto slash = path.find('/');
    const std::string segment(path.substr(0, slash));
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    return segment;
}

Opened open_by_segments(int folder, std::string_view path, int flags, int mode) {
    Opened at = opened(::openat(folder, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    while (at.ok() && !path.empty()) {
        const std::string segment = take_segment(path);
        if (segment.empty() || segment == "." || segment == "..") return refused(EXDEV);
        const int how = path.empty() ? flags : O_PATH | O_DIRECTORY;
        at = opened(::openat(at.file.get(), segment.c_str(), how | O_NOFOLLOW | O_CLOEXEC, mode));
        // An O_PATH descriptor of a link opens the link itself; O_DIRECTORY says ENOTDIR for it.
    }
    return at;
}

}  // namespace

Opened open_beneath(int folder, const std::string& path, int flags, int mode, Resolver resolver) {
    if (path.empty()) return opened(::openat(folder, ".", flags | O_CLOEXEC, mode));
    static std::atomic<bool> kernel_lacks_it = false;
    if (resolver == Resolver::segments || kernel_lacks_it)
        return open_by_segments(folder, path, flags, mode);
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
    how.mode = static_cast<std::uint64_t>(mode);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
    for (int attempt = 0; attempt < kernel_attempts; ++attempt) {
        const long fd = ::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how);
        if (fd >= 0) return opened(static_cast<int>(fd));
        // EPERM comes from sandboxes whose filter does not know the call.
        if (errno == ENOSYS || errno == EPERM) {
            kernel_lacks_it = errno == ENOSYS;
            return open_by_segments(folder, path, flags, mode);
        }
        if (errno != EAGAIN && errno != EINTR) return refused(errno);
    }
    return refused(EAGAIN);
}

Opened make_folder_beneath(int folder, const std::string& path) {
    Opened at = open_beneath(folder, "", O_RDONLY | O_DIRECTORY);
    std::string_view rest = path;
    while (at.ok() && !rest.empty()) {
        const std::string segment = take_segment(rest);
        const bool made = ::mkdirat(at.file.get(), segment.c_str(), 0755) == 0;
        if (!made && errno != EEXIST) return refused(errno);
        if (made && ::fsync(at.file.get()) != 0) return refused(errno);
        at = open_beneath(at.file.get(), segment, O_RDONLY | O_DIRECTORY);
    }
    return at;
}

int write_all(int file, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = ::write(file, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

int write_file_beneath(int folder, const std::string& name, std::string_view bytes) {
    const std::string temporary = "." + to_hex(random_bytes(8)) + ".part";
    Opened file = open_beneath(folder, temporary, O_WRONLY | O_CREAT | O_EXCL, 0644);
    if (!file.ok()) return file.error;
    int error = write_all(file.file.get(), bytes);
    if (error == 0 && ::fsync(file.file.get()) != 0) error = errno;
    if (error == 0 && ::renameat(folder, temporary.c_str(), folder, name.c_str()) != 0)
        error = errno;
    if (error != 0) {
        ::unlinkat(folder, temporary.c_str(), 0);
        return error;
    }
    return ::fsync(folder) == 0 ? 0 : errno;
}

int read_file_beneath(int folder, const std::string& name, std::string& bytes) {
    const Opened file = open_beneath(folder, name, O_RDONLY | O_NONBLOCK);
    if (!file.ok()) return file.error;
    struct stat info {};
    if (::fstat(file.file.get(), &info) != 0) return errno;
    if (!S_ISREG(info.st_mode)) return EINVAL;
    bytes.clear();
    std::string piece(1 << 16, '\0');
    for (;;) {
        const auto got = ::read(file.file.get(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return errno;
        if (got == 0) return 0;
        bytes.append(piece, 0, static_cast<std::size_t>(got));
        if (bytes.size() > small_file_bytes_max) return EFBIG;
    }
}

}  // namespace perilune
