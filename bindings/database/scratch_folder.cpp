#include "bindings/database/scratch_folder.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interpreter/base/digest.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

namespace fs = std::filesystem;

constexpr const char* lock_ending = ".lock";

Error file_error(const std::string& doing, const std::string& path) {
    return fail("file_failed", doing + " " + path + ": " + std::strerror(errno) + ".");
}

// Locked by us, and still the file of that name: whoever sweeps may have removed it in between.
bool is_ours(const Descriptor& lock, const std::string& path) {
    struct stat held {};
    struct stat named {};
    return ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0 && ::fstat(lock.get(), &held) == 0 &&
           ::stat(path.c_str(), &named) == 0 && held.st_ino == named.st_ino;
}

void remove_with_lock(const std::string& folder) {
    std::error_code code;
    fs::remove_all(folder, code);
    fs::remove(folder + lock_ending, code);
}

// What is free for us where `path` is, or would be.
double free_bytes(fs::path path) {
    std::error_code code;
    while (!fs::exists(path, code) && path.has_relative_path()) path = path.parent_path();
    const auto space = fs::space(path, code);
    return code ? 0 : static_cast<double>(space.available);
}

}  // namespace

Result<std::unique_ptr<ScratchFolder>> ScratchFolder::make(const std::string& parent) {
    if (const auto made = make_folders(parent, 0700); !made) return made.error();
    remove_stale_folders(parent);
    for (;;) {
        const std::string path = parent + "/" + to_hex(random_bytes(8));
        const std::string name = path + lock_ending;
        Descriptor lock(::open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        if (!lock.open()) return file_error("Making", name);
        if (!is_ours(lock, name)) continue;
        if (::mkdir(path.c_str(), 0700) != 0) return file_error("Making", path);
        return std::unique_ptr<ScratchFolder>(new ScratchFolder(path, std::move(lock)));
    }
}

ScratchFolder::ScratchFolder(std::string path, Descriptor lock)
    : path_(std::move(path)), lock_(std::move(lock)) {}

ScratchFolder::~ScratchFolder() { remove_with_lock(path_); }

void remove_stale_folders(const std::string& parent) {
    std::error_code code;
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(parent, code))
        if (entry.path().extension() == lock_ending) names.push_back(entry.path().string());
    for (const auto& name : names) {
        const Descriptor lock(::open(name.c_str(), O_RDWR | O_CLOEXEC));
        if (!lock.open() || !is_ours(lock, name)) continue;
        remove_with_lock(name.substr(0, name.size() - std::strlen(lock_ending)));
    }
}

Status require_room(const std::string& parent, double bytes, const std::string& doing) {
    if (free_bytes(parent) >= bytes) return Done{};
    return fail("disk_full", doing + " needs " + show_room(parent, bytes) +
                                 ". Make room there, or let Perilune keep its state elsewhere.");
}

std::string show_room(const std::string& parent, double bytes) {
    return show_size(bytes) + " in " + parent + ", where " + show_size(free_bytes(parent)) +
           " are free";
}

}  // namespace perilune
