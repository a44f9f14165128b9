#include "interpreter/base/files.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interpreter/base/replacement_file.h"

namespace perilune {

namespace {

Error failure(const std::string& doing, const std::string& path) {
    return fail("file_failed", doing + " " + path + ": " + std::strerror(errno) + ".");
}

Status write_all(int fd, std::string_view bytes, const std::string& path) {
    while (!bytes.empty()) {
        const auto written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return failure("Writing", path);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return Done{};
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    if (this != &other) {
        close();
        fd_ = other.release();
    }
    return *this;
}

Descriptor::~Descriptor() { close(); }

int Descriptor::release() { return std::exchange(fd_, -1); }

void Descriptor::close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
    // O_NONBLOCK, so that opening a FIFO does not wait for a writer.
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file.open()) return failure("Reading", path);
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) return failure("Reading", path);
    if (!S_ISREG(info.st_mode))
        return fail("file_failed", "Reading " + path + ": it is not a regular file.");
    if (static_cast<std::uint64_t>(info.st_size) > bytes_max)
        return fail("file_failed", "Reading " + path + ": it is larger than " +
                                       std::to_string(bytes_max) + " bytes.");
    std::string bytes;
    std::string piece(1 << 16, '\0');
    for (;;) {
        const auto got = ::read(file.get(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failure("Reading", path);
        if (got == 0) return bytes;
        bytes.append(piece, 0, static_cast<std::size_t>(got));
        if (bytes.size() > bytes_max)
            return fail("file_failed", "Reading " + path + ": it grew while it was read.");
    }
}

Status write_file_durably(const std::string& path, std::string_view bytes, int mode) {
    auto [file, temporary] = make_replacement(path);
    if (!file.open()) return failure("Writing", path);
    const auto give_up = [&](Error error) {
        ::unlink(temporary.c_str());
        return error;
    };
    ::fchmod(file.get(), static_cast<mode_t>(mode));
    if (const auto written = write_all(file.get(), bytes, path); !written)
        return give_up(written.error());
    if (::fsync(file.get()) != 0) return give_up(failure("Flushing", path));
    if (::rename(temporary.c_str(), path.c_str()) != 0) return give_up(failure("Replacing", path));
    const auto folder = std::filesystem::path(path).parent_path();
    return sync_folder(folder.empty() ? "." : folder.string());
}

Status sync_folder(const std::string& path) {
    const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder.open() || ::fsync(folder.get()) != 0) return failure("Flushing the folder", path);
    return Done{};
}

Status make_folders(const std::string& path, int mode) {
    std::error_code code;
    if (std::filesystem::is_directory(path, code)) return Done{};
    const auto above = std::filesystem::path(path).parent_path();
    if (!above.empty() && above != path)
        if (const auto made = make_folders(above.string()); !made) return made;
    if (::mkdir(path.c_str(), static_cast<mode_t>(mode)) != 0 && errno != EEXIST)
        return failure("Making the folder", path);
    return Done{};
}

std::string path_below(const std::string& folder, const std::string& path) {
    return (std::filesystem::path(folder) / path).lexically_normal().string();
}

}  // namespace perilune
