#include "interpreter/base/kept_runs.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <unistd.h>

#include "interpreter/base/json.h"

namespace perilune {

namespace {

constexpr std::size_t sum_digits = 16;

// FNV-1a: tells a line from what a loss of power has left of one; it guards against nothing else.
std::uint64_t checksum(std::string_view bytes) {
    std::uint64_t sum = 0xcbf29ce484222325;
    for (const char c : bytes) sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return sum;
}

std::string checksum_text(std::string_view bytes) {
    std::array<char, sum_digits + 1> text{};
    std::snprintf(text.data(), text.size(), "%016llx",
                  static_cast<unsigned long long>(checksum(bytes)));
    return text.data();
}

// Nothing where the line is not whole.
std::optional<KeptStatus> read_line(std::string_view line) {
    if (line.size() <= sum_digits) return std::nullopt;
    const auto body = line.substr(sum_digits + 1);
    if (line.substr(0, sum_digits) != checksum_text(body)) return std::nullopt;
    const auto value = from_canonical_json(body);
    if (!value) return std::nullopt;
    return KeptStatus::from_value(*value);
}

// The byte of the lock file that stands for a program: offsets go up to 2^63.
struct flock byte_of(const std::string& label) {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = static_cast<off_t>(checksum(label) >> 2);
    lock.l_len = 1;
    return lock;
}

std::string lock_path(const std::string& folder) { return folder + ".lock"; }

Error failure(const std::string& doing, const std::string& path) {
    return fail("file_failed", doing + " " + path + ": " + std::strerror(errno) + ".");
}

}  // namespace

Result<Descriptor> open_run_log(const std::string& folder, const std::string& name) {
    const std::string path = folder + "/" + name;
    Descriptor log(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
    if (!log.open()) return failure("Opening", path);
    return log;
}

Status add_run_line(const Descriptor& log, const KeptStatus& status) {
    const std::string body = to_canonical_json(status.to_value());
    // Begun anew even where the line before it could only be written in part.
    const std::string line = "\n" + checksum_text(body) + " " + body + "\n";
    const auto written = ::write(log.get(), line.data(), line.size());
    if (written == static_cast<ssize_t>(line.size())) return Done{};
    if (written >= 0) errno = ENOSPC;
    return failure("Writing", "the log of programs");
}

std::optional<KeptStatus> find_run(const std::string& folder, const std::string& label) {
    std::optional<KeptStatus> found;
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator(folder, code)) {
        std::ifstream log(entry.path());
        for (std::string line; std::getline(log, line);) {
            if (line.find(label) == std::string::npos) continue;
            auto status = read_line(line);
            if (!status || status->label != label || (found && found->over())) continue;
            if (!found || status->over() || status->started_at >= found->started_at)
                found = std::move(status);
        }
    }
    return found;
}

Result<Descriptor> lock_run(const std::string& folder, const std::string& label) {
    const std::string path = lock_path(folder);
    Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!file.open()) return failure("Opening the lock", path);
    const struct flock lock = byte_of(label);
    if (::fcntl(file.get(), F_OFD_SETLK, &lock) != 0)
        return fail("still_running", "Its lock in " + path + " is held: it still runs.");
    return file;
}

bool run_is_held(const std::string& folder, const std::string& label) {
    const Descriptor file(::open(lock_path(folder).c_str(), O_RDWR | O_CLOEXEC));
    struct flock lock = byte_of(label);
    return file.open() && ::fcntl(file.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

}  // namespace perilune
