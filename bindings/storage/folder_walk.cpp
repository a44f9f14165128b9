#include "bindings/storage/folder_walk.h"

#include <algorithm>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bindings/storage/beneath.h"
#include "bindings/storage/object_key.h"

namespace perilune {

namespace {

constexpr int depth_max = 256;

// Whether keys below the folder `path` (ending in "/", or empty) can begin with `prefix`.
bool may_match(const std::string& path, const std::string& prefix) {
    const auto common = std::min(path.size(), prefix.size());
    return path.compare(0, common, prefix, 0, common) == 0;
}

void walk(int folder, const std::string& path, const std::string& prefix, int depth,
          std::vector<std::string>& keys) {
    Opened again = open_beneath(folder, "", O_RDONLY | O_DIRECTORY);
    if (!again.ok() || depth > depth_max) return;
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(again.file.get()), ::closedir);
    if (!stream) return;
    again.file.release();
    while (const dirent* entry = ::readdir(stream.get())) {
        const std::string name = entry->d_name;
        const std::string key = path + name;
        if (!check_key(key, "").ok()) continue;
        struct stat info {};
        if (::fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
        if (S_ISREG(info.st_mode) && key.starts_with(prefix)) keys.push_back(key);
        if (!S_ISDIR(info.st_mode) || !may_match(key + "/", prefix)) continue;
        const Opened inner = open_beneath(folder, name, O_RDONLY | O_DIRECTORY);
        if (inner.ok()) walk(inner.file.get(), key + "/", prefix, depth + 1, keys);
    }
}

}  // namespace

std::vector<std::string> keys_below(int root, const std::string& prefix) {
    std::vector<std::string> keys;
    walk(root, "", prefix, 0, keys);
    std::sort(keys.begin(), keys.end());
    return keys;
}

void remove_empty_folders(int root, std::string path) {
    while (!path.empty()) {
        const auto parts = split_key(path);
        const Opened parent = open_beneath(root, parts.folder, O_RDONLY | O_DIRECTORY);
        if (!parent.ok()) return;
        if (::unlinkat(parent.file.get(), parts.name.c_str(), AT_REMOVEDIR) != 0) return;
        (void)::fsync(parent.file.get());  // A folder that comes back empty does no harm.
        path = parts.folder;
    }
}

}  // namespace perilune
