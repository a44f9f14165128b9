#include "interpreter/base/replacement_file.h"

#include <filesystem>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace perilune {

namespace {

constexpr std::string_view random_part = "XXXXXX";

// What is locked has a writer that lives. The lock is held while the file is removed: a writer that
// has just made it waits for the lock, and then sees that its file is gone.
void remove_where_abandoned(const std::string& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat info {};
    if (!file.open() || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return;
    if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) ::unlink(path.c_str());
}

void remove_abandoned(const std::string& folder, const std::string& beginning) {
    std::error_code code;
    std::filesystem::directory_iterator entries(folder, code);
    for (; !code && entries != std::filesystem::directory_iterator(); entries.increment(code)) {
        const std::string name = entries->path().filename().string();
        if (name.starts_with(beginning) && name.size() == beginning.size() + random_part.size())
            remove_where_abandoned(entries->path().string());
    }
}

}  // namespace

ReplacementFile make_replacement(const std::string& path) {
    const std::filesystem::path whole(path);
    const std::string folder = whole.has_parent_path() ? whole.parent_path().string() : ".";
    const std::string beginning = "." + whole.filename().string() + ".perilune-";
    remove_abandoned(folder, beginning);
    for (;;) {
        ReplacementFile made;
        made.path = (std::filesystem::path(folder) / beginning).string() + std::string(random_part);
        made.file = Descriptor(::mkostemp(made.path.data(), O_CLOEXEC));
        if (!made.file.open()) return made;
        // A file system without locks keeps what is left there: nothing is removed unlocked.
        struct stat info {};
        const bool locked = ::flock(made.file.get(), LOCK_EX) == 0;
        if (!locked || ::fstat(made.file.get(), &info) != 0 || info.st_nlink > 0) return made;
    }
}

}  // namespace perilune
