// Objects as plain files of one folder, with their versions in a hidden sub-folder.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bindings/storage/folder_history.h"
#include "bindings/storage/folder_incoming.h"

namespace perilune {

// A current or kept content, open for reading.
struct Content {
    Version version;
    Descriptor file;
};

// Every function may be called from several threads and processes at once: readers take no lock,
// and writers hold flock(2) on one file for the short moment in which they change names.
class FolderStore final : public ObjectStore, public std::enable_shared_from_this<FolderStore> {
public:
    FolderStore(std::string target, std::string path, StoreSettings settings);

    const std::string& target() const override { return target_; }
    Result<std::optional<Version>> current(const std::string& key) const override;
    Result<std::vector<Version>> versions(const std::string& key) const override;
    Result<std::optional<StoredContent>> read(const std::string& key,
                                              const std::string& version) const override;
    Result<std::vector<Version>> list(const std::string& prefix, const std::string& after,
                                      std::size_t limit) const override;
    Result<std::vector<std::string>> known_keys(const std::string& prefix) const override;
    Result<Placed> put(std::string_view bytes, const Placing& placing,
                       double deadline_s) const override;
    // Copies the bytes and never links them, so that a person who edits the object in place does
    // not edit a kept version too.
    Result<std::optional<Placed>> copy(const std::string& key, const std::string& version,
                                       const Placing& placing, double deadline_s) const override;
    Result<std::unique_ptr<ByteSink>> begin(const Placing& placing) const override;
    Result<bool> remove(const std::string& key, const std::string& made_by,
                        double deadline_s) const override;
    Result<bool> remove_version(const std::string& key, const std::string& version,
                                double deadline_s) const override;
    Status expire(const std::string& key, double deadline_s) const override;
    Result<StoreSettings> settings() const override;
    Status set_settings(const StoreSettings& settings, double deadline_s) const override;
    bool exists() const override;
    Status create() const override;
    Result<double> sweep(double older_than_s, Sweep sweep) const override;

    // A version's content; the current one's where `version` is empty. Nothing where absent.
    Result<std::optional<Content>> open(const std::string& key, const std::string& version) const;
    Result<std::unique_ptr<Incoming>> start() const;
    // Makes a written file the object: whole, flushed, and visible at once.
    Result<Placed> place(Incoming& incoming, const Placing& placing, double deadline_s) const;

private:
    // What is found of one key.
    struct Found {
        History history;
        std::optional<Version> current = {};
        Descriptor file = {};  // The current content.
    };

    static double latest_of(const Found& found);
    Opened open_root() const;
    Result<Descriptor> make_root() const;
    Result<Descriptor> lock(int root, double deadline_s) const;
    Result<Found> find(int root, const std::string& key) const;
    std::vector<Version> kept_versions(const Found& found) const;
    Status keep_current(int root, Found& found, const StoreSettings& settings) const;
    Status tidy(int root, const std::string& key, const StoreSettings& settings) const;
    Result<StoreSettings> read_settings(int root) const;
    Error failure(const std::string& doing, const std::string& key, int error) const;

    std::string target_;
    std::string path_;
    StoreSettings settings_;
};

}  // namespace perilune
