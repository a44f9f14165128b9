// What changes a folder's objects: each step leaves the folder whole if the host dies after it.
//
// put:    content flushed aside → what it replaces kept (a second link) → record of the new version
//         flushed → rename over the object → folder flushed.
// delete: content kept → mark flushed → name removed → folder flushed.
// A record whose rename never came describes no file, and a mark older than the file beside it is
// of a deletion that never ended: both are passed over, and tidied up by the next change of the
// key.
#include "bindings/storage/folder_store.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bindings/storage/folder_walk.h"
#include "bindings/storage/object_key.h"
#include "interpreter/base/json.h"
#include "interpreter/base/loop.h"

namespace perilune {

namespace {

constexpr int lock_poll_ms = 2;

}  // namespace

Result<Descriptor> FolderStore::make_root() const {
    if (const auto made = make_folders(path_); !made) return made.error();
    Opened root = open_root();
    if (!root.ok()) return failure("Opening the folder", "", root.error);
    return std::move(root.file);
}

Status FolderStore::create() const {
    const auto made = make_root();
    if (!made) return made.error();
    const Opened hidden = make_folder_beneath(made->get(), std::string(hidden_folder));
    if (!hidden.ok()) return failure("Making the hidden folder", "", hidden.error);
    return Done{};
}

// Many short locks: a process that dies lets go of it, so nothing is ever left locked.
Result<Descriptor> FolderStore::lock(int root, double deadline_s) const {
    const Opened hidden = make_folder_beneath(root, std::string(hidden_folder));
    if (!hidden.ok()) return failure("Locking", "", hidden.error);
    Opened file = open_beneath(hidden.file.get(), "lock", O_RDWR | O_CREAT, 0644);
    if (!file.ok()) return failure("Locking", "", file.error);
    while (::flock(file.file.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) return failure("Locking", "", errno);
        if (boot_now_s() > deadline_s)
            return fail("timed_out",
                        "Another process held the lock of " + target_ + " (" + path_ +
                            "/.perilune/lock) until the time was over. Nothing was changed.",
                        Retry::safe);
        ::poll(nullptr, 0, lock_poll_ms);
    }
    return std::move(file.file);
}

// Keeps what is about to be replaced or deleted.
Status FolderStore::keep_current(int root, Found& found, const StoreSettings& settings) const {
    if (!found.current || !settings.versioned) return Done{};
    const KeyPath path = split_key(found.current->key);
    const Opened folder = open_beneath(root, path.folder, O_RDONLY | O_DIRECTORY);
    if (!folder.ok()) return failure("Keeping", found.current->key, folder.error);
    if (!found.current->recorded) {
        if (const auto written = found.history.write(*found.current); !written) return written;
        found.current->recorded = true;
    }
    return found.history.keep_data(folder.file.get(), path.name, found.current->id);
}

double FolderStore::latest_of(const Found& found) {
    double latest_s = found.current ? found.current->modified_at_s : 0;
    if (!found.history.recorded().empty())
        latest_s = std::max(latest_s, found.history.recorded().front().modified_at_s);
    return latest_s;
}

Result<Placed> FolderStore::place(Incoming& incoming, const Placing& placing,
                                  double deadline_s) const {
    if (const auto checked = check_key(placing.key, target_); !checked) return checked.error();
    const auto root = make_root();
    if (!root) return root.error();
    const auto held = lock(root->get(), deadline_s);
    if (!held) return held.error();
    const auto settings = read_settings(root->get());
    if (!settings) return settings.error();
    auto found = find(root->get(), placing.key);
    if (!found) return found.error();
    if (const auto allowed = check_condition(placing, found->current, target_); !allowed)
        return allowed.error();
    if (found->current && found->current->digest == incoming.digest() &&
        found->current->content_type == placing.content_type)
        return Placed{*found->current, false};

    const KeyPath path = split_key(placing.key);
    const Opened folder = make_folder_beneath(root->get(), path.folder);
    if (!folder.ok()) return failure("Writing", placing.key, folder.error);
    struct stat info {};
    if (::fstatat(folder.file.get(), path.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        !S_ISREG(info.st_mode))
        return failure("Writing", placing.key, S_ISLNK(info.st_mode) ? ELOOP : EISDIR);
    if (const auto kept = keep_current(root->get(), *found, *settings); !kept) return kept.error();

    if (::fstat(incoming.file(), &info) != 0) return failure("Writing", placing.key, errno);
    Version version;
    version.key = placing.key;
    version.digest = incoming.digest();
    version.order = found->history.next_order() + 1;
    version.modified_at_s = moment_after(latest_of(*found));
    version.id =
        version_id(static_cast<std::int64_t>(version.modified_at_s * 1e6) * 1000, version.digest);
    version.content_type = placing.content_type;
    version.made_by = placing.made_by;
    note_file(version, info);
    if (const auto written = found->history.write(version); !written) return written.error();
    if (const int error = incoming.move_to(folder.file.get(), path.name))
        return failure("Writing", placing.key, error);
    if (::fsync(folder.file.get()) != 0) return failure("Flushing", placing.key, errno);
    if (const auto tidied = tidy(root->get(), placing.key, *settings); !tidied)
        return tidied.error();
    return Placed{version, true};
}

Result<bool> FolderStore::remove(const std::string& key, const std::string& made_by,
                                 double deadline_s) const {
    if (const auto checked = check_key(key, target_); !checked) return checked.error();
    if (!exists()) return false;
    const auto root = make_root();
    if (!root) return root.error();
    const auto held = lock(root->get(), deadline_s);
    if (!held) return held.error();
    const auto settings = read_settings(root->get());
    if (!settings) return settings.error();
    auto found = find(root->get(), key);
    if (!found) return found.error();
    if (!found->current) return false;
    if (const auto kept = keep_current(root->get(), *found, *settings); !kept) return kept.error();
    if (settings->versioned) {
        Version mark;
        mark.key = key;
        mark.order = std::max(found->history.next_order(), found->current->order + 1);
        mark.modified_at_s = moment_after(latest_of(*found));
        mark.id = version_id(static_cast<std::int64_t>(mark.modified_at_s * 1e6) * 1000, "deleted");
        mark.content_type = plain_content_type;
        mark.deleted = true;
        mark.made_by = made_by;
        if (const auto written = found->history.write(mark); !written) return written.error();
    }
    const KeyPath path = split_key(key);
    const Opened folder = open_beneath(root->get(), path.folder, O_RDONLY | O_DIRECTORY);
    if (!folder.ok()) return failure("Deleting", key, folder.error);
    if (::unlinkat(folder.file.get(), path.name.c_str(), 0) != 0)
        return failure("Deleting", key, errno);
    if (::fsync(folder.file.get()) != 0) return failure("Flushing", key, errno);
    remove_empty_folders(root->get(), path.folder);
    if (const auto tidied = tidy(root->get(), key, *settings); !tidied) return tidied.error();
    return true;
}

Result<bool> FolderStore::remove_version(const std::string& key, const std::string& version,
                                         double deadline_s) const {
    if (const auto checked = check_key(key, target_); !checked) return checked.error();
    if (!exists()) return false;
    const auto root = make_root();
    if (!root) return root.error();
    const auto held = lock(root->get(), deadline_s);
    if (!held) return held.error();
    auto found = find(root->get(), key);
    if (!found) return found.error();
    if (found->current && found->current->id == version)
        return version_is_current(key, version, target_);
    for (const auto& recorded : found->history.recorded()) {
        if (recorded.id != version) continue;
        if (const auto removed = found->history.remove(version); !removed) return removed.error();
        return true;
    }
    return false;
}

// Removes what crashes have left of this key, and versions whose time is over. An old version's
// time begins when the next one replaced it.
Status FolderStore::tidy(int root, const std::string& key, const StoreSettings& settings) const {
    auto found = find(root, key);
    if (!found) return found.error();
    const auto kept = kept_versions(*found);
    const double oldest_s =
        settings.keep_old_for_s > 0 ? wall_now_s() - settings.keep_old_for_s : -1e18;
    for (const auto& recorded : found->history.recorded()) {
        if (found->current && recorded.id == found->current->id) continue;
        const auto place = std::find_if(kept.begin(), kept.end(), [&](const Version& version) {
            return version.id == recorded.id;
        });
        const bool over = place != kept.end() && place != kept.begin() &&
                          std::prev(place)->modified_at_s < oldest_s;
        if (place != kept.end() && !over) continue;
        if (const auto removed = found->history.remove(recorded.id); !removed) return removed;
    }
    return Done{};
}

Status FolderStore::expire(const std::string& key, double deadline_s) const {
    if (!exists()) return Done{};
    const auto root = make_root();
    if (!root) return root.error();
    const auto held = lock(root->get(), deadline_s);
    if (!held) return held.error();
    const auto settings = read_settings(root->get());
    if (!settings) return settings.error();
    return tidy(root->get(), key, *settings);
}

Status FolderStore::set_settings(const StoreSettings& settings, double deadline_s) const {
    const auto root = make_root();
    if (!root) return root.error();
    const auto held = lock(root->get(), deadline_s);
    if (!held) return held.error();
    const Opened hidden = make_folder_beneath(root->get(), std::string(hidden_folder));
    if (!hidden.ok()) return failure("Writing the settings", "", hidden.error);
    Value kept;
    kept.set("versioning", settings.versioned ? "on" : "off");
    if (settings.keep_old_for_s > 0) kept.set("keep_old_for_s", settings.keep_old_for_s);
    const int error =
        write_file_beneath(hidden.file.get(), "settings.json", to_canonical_json(kept));
    if (error != 0) return failure("Writing the settings", "", error);
    return Done{};
}

Result<std::unique_ptr<Incoming>> FolderStore::start() const {
    const auto root = make_root();
    if (!root) return root.error();
    return Incoming::start(root->get());
}

}  // namespace perilune
