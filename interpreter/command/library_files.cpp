#include "interpreter/command/library_files.h"

#include <chrono>
#include <filesystem>
#include <thread>

namespace perilune {

namespace {

constexpr auto look_every = std::chrono::milliseconds(200);

}  // namespace

// Files that come and go while they are looked at are seen the next time.
LibraryFiles see_library(const std::string& folder) {
    namespace fs = std::filesystem;
    LibraryFiles files;
    std::error_code failed;
    fs::recursive_directory_iterator at(folder, failed);
    while (!failed && at != fs::recursive_directory_iterator()) {
        if (at->path().filename().string().starts_with(".")) {
            at.disable_recursion_pending();
        } else if (std::error_code gone; at->is_regular_file(gone)) {
            const auto size = at->file_size(gone);
            const auto time = at->last_write_time(gone);
            if (!gone) files[at->path().string()] = {size, time.time_since_epoch().count()};
        }
        at.increment(failed);
    }
    return files;
}

// Looked at again and again: a notification is lost where a folder is mounted from elsewhere, and
// an editor may write a file in several steps.
LibraryFiles wait_for_change(const std::string& folder, const LibraryFiles& seen) {
    LibraryFiles before = seen;
    for (;;) {
        std::this_thread::sleep_for(look_every);
        LibraryFiles now = see_library(folder);
        if (now != seen && now == before) return now;
        before = std::move(now);
    }
}

}  // namespace perilune
