// A store of secrets, as the handlers of its drivers see it, and the one in a folder of this host.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bindings/secrets/provider.h"

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

class SecretStore : public SecretProvider {
public:
    explicit SecretStore(std::string target) : target_(std::move(target)) {}

    const std::string& target() const { return target_; }
    // One change at a time, while what it gives is held.
    virtual Result<std::shared_ptr<void>> lock(double deadline_s) const = 0;
    // Nothing where the secret was never there; deleted ones are given.
    virtual Result<std::optional<StoredSecret>> load(const std::string& name) const = 0;
    // All that are not deleted, by name.
    virtual Result<std::vector<StoredSecret>> load_all() const = 0;
    // Adds a version with a value, and saves the secret. Returns the version's name.
    virtual Result<std::string> add(StoredSecret& secret, const std::string& value,
                                    const std::string& stage, const std::string& key) const = 0;
    virtual Status save(const StoredSecret& secret) const = 0;
    // A new value of a kind that `generate` knows.
    virtual Result<std::string> make_value(const std::string& kind, std::size_t length) const = 0;

private:
    std::string target_;
};

// In a folder (0700): a folder a secret, in it a file a version (0600) and state.json, which says
// what stage each version has. Both are written durably, the value first: a version exists once the
// state names it. The lock holds over all programs of this host.
class FolderSecretStore final : public SecretStore {
public:
    FolderSecretStore(std::string folder, std::string target)
        : SecretStore(std::move(target)), folder_(std::move(folder)) {}

    Result<std::shared_ptr<void>> lock(double deadline_s) const override;
    Result<std::optional<StoredSecret>> load(const std::string& name) const override;
    Result<std::vector<StoredSecret>> load_all() const override;
    Result<std::string> add(StoredSecret& secret, const std::string& value,
                            const std::string& stage, const std::string& key) const override;
    Status save(const StoredSecret& secret) const override;
    Result<std::string> make_value(const std::string& kind, std::size_t length) const override;
    Result<std::string> fetch(const std::string& name, const std::string& version) override;

private:
    Result<std::string> folder_of(const std::string& name) const;
    Status check_folder() const;

    std::string folder_;
};

}  // namespace perilune
