// A store of secrets in a folder of this host (0700): a folder a secret, in it a file a version
// (0600) and state.json, which says what stage each version has. Both are written durably, the
// value first: a version exists once the state names it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bindings/secrets/provider.h"
#include "interpreter/base/locked_file.h"

namespace perilune {

struct StoredVersion {
    std::string version;  // "1", "2", …
    std::string stage;    // current, pending, previous, retired
    double created_at = 0;
    std::string key;  // Of the call that made it.
};

struct StoredSecret {
    std::string name;
    bool deleted = false;
    double changed_at = 0;
    std::vector<StoredVersion> versions;  // Oldest first.

    StoredVersion* find(const std::string& version);
    const StoredVersion* current() const;
    const StoredVersion* with_key(const std::string& key) const;
    // Makes a version current; the one that was gets `old_stage`.
    void set_current(const std::string& version, const std::string& old_stage);
};

class SecretStore final : public SecretProvider {
public:
    SecretStore(std::string folder, std::string target)
        : folder_(std::move(folder)), target_(std::move(target)) {}

    const std::string& target() const { return target_; }
    // One change at a time, over all programs of this host.
    Result<FileLock> lock(double deadline_s) const;
    // Nothing where the secret was never there; deleted ones are given.
    Result<std::optional<StoredSecret>> load(const std::string& name) const;
    // All that are not deleted, by name.
    Result<std::vector<StoredSecret>> load_all() const;
    // Adds a version with a value, and saves the secret. Returns the version's name.
    Result<std::string> add(StoredSecret& secret, const std::string& value,
                            const std::string& stage, const std::string& key) const;
    Status save(const StoredSecret& secret) const;

    Result<std::string> fetch(const std::string& name, const std::string& version) override;

private:
    Result<std::string> folder_of(const std::string& name) const;
    Status check_folder() const;

    std::string folder_;
    std::string target_;
};

}  // namespace perilune
