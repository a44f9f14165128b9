// Objects as plain files of one folder, with their versions in a hidden sub-folder.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bindings/storage/folder_history.h"
#include "bindings/storage/folder_incoming.h"

namespace perilune {

// How a folder is set up; kept in its hidden folder once somebody changed it.
struct FolderSettings {
    bool versioned = true;
    double keep_old_for_s = 0;  // 0: for good.
    bool operator==(const FolderSettings&) const = default;
};

// A current or kept content, open for reading.
struct Content {
    Version version;
    Descriptor file;
};

struct Placing {
    std::string key;
    std::string content_type;
    std::string only_if = "any";  // "any", "absent" or a digest.
    std::string made_by;          // The call's key: its own earlier try is no one else's object.
};

struct Placed {
    Version version;
    bool changed = true;
};

// Every function may be called from several threads and processes at once: readers take no lock,
// and writers hold flock(2) on one file for the short moment in which they change names.
class FolderStore {
public:
    FolderStore(std::string target, std::string path, FolderSettings settings);

    const std::string& target() const { return target_; }

    // The object as it is now; nothing where there is none.
    Result<std::optional<Version>> current(const std::string& key) const;
    // The current one first, then the others that are kept, newest first.
    Result<std::vector<Version>> versions(const std::string& key) const;
    // A version's content; the current one's where `version` is empty. Nothing where absent.
    Result<std::optional<Content>> open(const std::string& key, const std::string& version) const;
    // Current objects by key.
    Result<std::vector<Version>> list(const std::string& prefix, const std::string& after,
                                      std::size_t limit) const;
    // Keys of current objects and of those that only have versions, sorted.
    Result<std::vector<std::string>> known_keys(const std::string& prefix) const;

    // The object as it is now, where it is as `only_if` asks; else precondition_failed.
    Result<std::optional<Version>> current_if(const Placing& placing) const;
    Result<std::unique_ptr<Incoming>> start() const;
    // Makes a written file the object: whole, flushed, and visible at once.
    Result<Placed> place(Incoming& incoming, const Placing& placing, double deadline_s) const;
    // Deletes an object; false where it was not there.
    Result<bool> remove(const std::string& key, const std::string& made_by,
                        double deadline_s) const;
    // Removes an old version for good; false where it was not there.
    Result<bool> remove_version(const std::string& key, const std::string& version,
                                double deadline_s) const;

    // Removes old versions of a key whose time is over.
    Status expire(const std::string& key, double deadline_s) const;

    Result<FolderSettings> settings() const;
    Status set_settings(const FolderSettings& settings, double deadline_s) const;
    bool exists() const;
    Status create() const;
    Result<double> sweep(double older_than_s, Sweep sweep) const;

private:
    // What is found of one key.
    struct Found {
        History history;
        std::optional<Version> current = {};
        Descriptor file = {};  // The current content.
    };

    Opened open_root() const;
    Result<Descriptor> make_root() const;
    Result<Descriptor> lock(int root, double deadline_s) const;
    Result<Found> find(int root, const std::string& key) const;
    std::vector<Version> kept_versions(const Found& found) const;
    Status keep_current(int root, Found& found, const FolderSettings& settings) const;
    Status tidy(int root, const std::string& key, const FolderSettings& settings) const;
    Result<FolderSettings> read_settings(int root) const;
    Error failure(const std::string& doing, const std::string& key, int error) const;

    std::string target_;
    std::string path_;
    FolderSettings settings_;
};

}  // namespace perilune
