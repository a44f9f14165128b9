#include "bindings/storage/folder_store.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>

#include "bindings/storage/folder_walk.h"
#include "bindings/storage/object_key.h"
#include "interpreter/base/json.h"

namespace perilune {

namespace {

bool absent(int error) { return error == ENOENT || error == ENOTDIR; }

// The newest version that is no deletion.
const Version* newest_live(const std::vector<Version>& recorded) {
    for (const auto& version : recorded)
        if (!version.deleted) return &version;
    return nullptr;
}

// The version that a file no record describes is: the last one again, if it was only touched or
// copied back, else one that nobody has told us about.
Result<Version> identify(const History& history, const std::string& key, int file,
                         const struct stat& info) {
    Digest digest;
    std::string piece(1 << 18, '\0');
    off_t at = 0;
    for (;;) {
        const auto got = ::pread(file, piece.data(), piece.size(), at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            return fail("file_failed", "Reading \"" + key + "\": " + std::strerror(errno) + ".");
        if (got == 0) break;
        digest.add(std::string_view(piece).substr(0, static_cast<std::size_t>(got)));
        at += got;
    }
    Version version;
    version.digest = to_hex(digest.finish());
    const Version* last = newest_live(history.recorded());
    if (last && !last->has_data && last->digest == version.digest) {
        version = *last;
    } else {
        version.key = key;
        version.id = version_id(modified_ns(info), version.digest);
        version.order = history.next_order();
        version.modified_at_s = modified_s(info);
        version.content_type = plain_content_type;
    }
    note_file(version, info);
    version.recorded = false;
    return version;
}

}  // namespace

FolderStore::FolderStore(std::string target, std::string path, StoreSettings settings)
    : target_(std::move(target)), path_(std::move(path)), settings_(settings) {}

Error FolderStore::failure(const std::string& doing, const std::string& key, int error) const {
    const std::string what =
        doing + (key.empty() ? "" : " \"" + key + "\"") + " of " + target_ + " (" + path_ + ")";
    if (error == ELOOP || error == EXDEV)
        return fail("outside_folder", what +
                                          " was refused: its path leads through a symbolic "
                                          "link or another file system. Replace the link by "
                                          "a folder.");
    if (error == EISDIR || error == ENOTDIR || error == ENOTEMPTY || error == EEXIST)
        return fail("key_conflict", what +
                                        " is not possible: a folder or another kind of file "
                                        "is in the way. Use another key, or move it away.");
    return fail("file_failed", what + " failed: " + std::strerror(error) + ".");
}

Opened FolderStore::open_root() const {
    Opened root;
    root.file = Descriptor(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    root.error = root.file.open() ? 0 : errno;
    return root;
}

bool FolderStore::exists() const { return open_root().ok(); }

Result<FolderStore::Found> FolderStore::find(int root, const std::string& key) const {
    Found found{.history = History(root, key)};
    if (const auto checked = check_key(key, target_); !checked) return checked.error();
    // The file first: the record of what it then is was written before it got its name.
    Opened file = open_beneath(root, key, O_RDONLY | O_NONBLOCK);
    if (!file.ok() && !absent(file.error)) return failure("Reading", key, file.error);
    if (const auto read = found.history.read(); !read) return read.error();
    struct stat info {};
    if (!file.ok() || ::fstat(file.file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return found;
    for (const auto& version : found.history.recorded())
        if (describes(version, info) && !found.current) found.current = version;
    if (!found.current) {
        auto version = identify(found.history, key, file.file.get(), info);
        if (!version) return version.error();
        found.current = std::move(*version);
    }
    found.file = std::move(file.file);
    return found;
}

std::vector<Version> FolderStore::kept_versions(const Found& found) const {
    std::vector<Version> kept;
    if (found.current) kept.push_back(*found.current);
    for (const auto& version : found.history.recorded()) {
        if (found.current && version.id == found.current->id) continue;
        // A mark newer than a file that is still there is of a deletion that never came to its end.
        const bool ended = !found.current || version.order < found.current->order;
        if (version.deleted ? ended : version.has_data) kept.push_back(version);
    }
    return kept;
}

Result<std::optional<Version>> FolderStore::current(const std::string& key) const {
    if (const auto checked = check_key(key, target_); !checked) return checked.error();
    const Opened root = open_root();
    if (absent(root.error)) return std::optional<Version>();
    if (!root.ok()) return failure("Reading", key, root.error);
    auto found = find(root.file.get(), key);
    if (!found) return found.error();
    return found->current;
}

Result<std::vector<Version>> FolderStore::versions(const std::string& key) const {
    if (const auto checked = check_key(key, target_); !checked) return checked.error();
    const Opened root = open_root();
    if (absent(root.error)) return std::vector<Version>();
    if (!root.ok()) return failure("Reading", key, root.error);
    const auto found = find(root.file.get(), key);
    if (!found) return found.error();
    return kept_versions(*found);
}

Result<std::optional<Content>> FolderStore::open(const std::string& key,
                                                 const std::string& version) const {
    if (const auto checked = check_key(key, target_); !checked) return checked.error();
    const Opened root = open_root();
    if (absent(root.error)) return std::optional<Content>();
    if (!root.ok()) return failure("Reading", key, root.error);
    auto found = find(root.file.get(), key);
    if (!found) return found.error();
    std::optional<Content> content;
    if (found->current && (version.empty() || version == found->current->id)) {
        content = Content{*found->current, std::move(found->file)};
        return content;
    }
    for (const auto& kept : found->history.recorded()) {
        if (version.empty() || kept.id != version || !kept.has_data) continue;
        Opened data = found->history.open_data(kept.id);
        if (!data.ok()) return failure("Reading a version of", key, data.error);
        content = Content{kept, std::move(data.file)};
        break;
    }
    return content;
}

Result<std::vector<Version>> FolderStore::list(const std::string& prefix, const std::string& after,
                                               std::size_t limit) const {
    if (const auto checked = check_prefix(prefix, target_); !checked) return checked.error();
    std::vector<Version> listed;
    const Opened root = open_root();
    if (absent(root.error)) return listed;
    if (!root.ok()) return failure("Listing", prefix, root.error);
    for (const auto& key : keys_below(root.file.get(), prefix)) {
        if (listed.size() >= limit) break;
        if (!after.empty() && key <= after) continue;
        const auto found = find(root.file.get(), key);
        if (!found) return found.error();
        if (found->current) listed.push_back(*found->current);
    }
    return listed;
}

Result<std::vector<std::string>> FolderStore::known_keys(const std::string& prefix) const {
    if (const auto checked = check_prefix(prefix, target_); !checked) return checked.error();
    const Opened root = open_root();
    if (absent(root.error)) return std::vector<std::string>();
    if (!root.ok()) return failure("Listing", prefix, root.error);
    auto keys = keys_below(root.file.get(), prefix);
    const auto recorded = keys_with_history(root.file.get());
    if (!recorded) return recorded.error();
    for (const auto& key : *recorded)
        if (key.starts_with(prefix)) keys.push_back(key);
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    return keys;
}

Result<StoreSettings> FolderStore::read_settings(int root) const {
    Opened hidden = open_beneath(root, std::string(hidden_folder), O_RDONLY | O_DIRECTORY);
    std::string text;
    const int error =
        hidden.ok() ? read_file_beneath(hidden.file.get(), "settings.json", text) : hidden.error;
    if (absent(error)) return settings_;
    if (error != 0) return failure("Reading the settings", "", error);
    const auto kept = from_canonical_json(text);
    if (!kept)
        return fail("damaged", "The settings in " + path_ +
                                   "/.perilune/settings.json are damaged. "
                                   "Remove that file to go back to those of the environment.");
    StoreSettings settings;
    settings.versioned = (*kept)["versioning"].text() == "on";
    settings.keep_old_for_s = (*kept)["keep_old_for_s"].number();
    return settings;
}

Result<StoreSettings> FolderStore::settings() const {
    const Opened root = open_root();
    if (absent(root.error)) return settings_;
    if (!root.ok()) return failure("Reading the settings", "", root.error);
    return read_settings(root.file.get());
}

Result<double> FolderStore::sweep(double older_than_s, Sweep sweep) const {
    const Opened root = open_root();
    if (absent(root.error)) return 0.0;
    if (!root.ok()) return failure("Listing unfinished writes", "", root.error);
    return sweep_incoming(root.file.get(), older_than_s, sweep);
}

}  // namespace perilune
