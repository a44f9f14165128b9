// A place that keeps objects and their versions, as the operations of `storage` see it: a folder
// of this machine, or the memory of a simulated world.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "interpreter/base/result.h"
#include "interpreter/base/stream.h"

namespace perilune {

struct Version {
    std::string key;
    std::string id;           // The version's name.
    std::uint64_t order = 0;  // Later versions of one key have higher ones.
    std::string digest;       // SHA-256 in hexadecimal; empty for a deletion.
    double size_bytes = 0;
    double modified_at_s = 0;  // When it became current.
    std::string content_type;
    bool deleted = false;  // The mark of a deletion.
    std::string made_by;   // The key of the call that made it; may be empty.
    // What a folder notes of its files.
    std::uint64_t inode = 0;      // Of the file that is (or was) current with this content.
    std::int64_t written_ns = 0;  // That file's modification time.
    bool has_data = false;        // Whether its content is kept beside.
    bool recorded = true;  // False: of a file nobody told us about, so nothing is written yet.

    // The Object that the vocabulary describes.
    Value to_value() const;
};

constexpr const char* plain_content_type = "application/octet-stream";

// The name of a version with this content that was written at this time.
std::string version_id(std::int64_t written_ns, const std::string& digest);

// How a place is set up.
struct StoreSettings {
    bool versioned = true;
    double keep_old_for_s = 0;  // 0: for good.
    bool operator==(const StoreSettings&) const = default;
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

// A current or kept content, to be read once.
struct StoredContent {
    Version version;
    std::unique_ptr<ByteSource> bytes;
};

// Unfinished writes are only counted, or removed.
enum class Sweep { count, remove };

// Every function may block.
class ObjectStore {
public:
    virtual ~ObjectStore() = default;
    virtual const std::string& target() const = 0;

    // The object as it is now; nothing where there is none.
    virtual Result<std::optional<Version>> current(const std::string& key) const = 0;
    // The current one first, then the others that are kept, newest first.
    virtual Result<std::vector<Version>> versions(const std::string& key) const = 0;
    // A version's content; the current one's where `version` is empty. Nothing where absent.
    virtual Result<std::optional<StoredContent>> read(const std::string& key,
                                                      const std::string& version) const = 0;
    // Current objects by key.
    virtual Result<std::vector<Version>> list(const std::string& prefix, const std::string& after,
                                              std::size_t limit) const = 0;
    // Keys of current objects and of those that only have versions, sorted.
    virtual Result<std::vector<std::string>> known_keys(const std::string& prefix) const = 0;
    // The object as it is now, where it is as `only_if` asks; else precondition_failed.
    Result<std::optional<Version>> current_if(const Placing& placing) const;

    // Makes the bytes the object: whole, and visible at once.
    virtual Result<Placed> put(std::string_view bytes, const Placing& placing,
                               double deadline_s) const = 0;
    // Makes a version's content the object; the current one's where `version` is empty.
    virtual Result<std::optional<Placed>> copy(const std::string& key, const std::string& version,
                                               const Placing& placing, double deadline_s) const = 0;
    // Takes an object piece by piece; it is there when it is committed.
    virtual Result<std::unique_ptr<ByteSink>> begin(const Placing& placing) const = 0;
    // Deletes an object; false where it was not there.
    virtual Result<bool> remove(const std::string& key, const std::string& made_by,
                                double deadline_s) const = 0;
    // Removes an old version for good; false where it was not there.
    virtual Result<bool> remove_version(const std::string& key, const std::string& version,
                                        double deadline_s) const = 0;
    // Removes old versions of a key whose time is over.
    virtual Status expire(const std::string& key, double deadline_s) const = 0;

    virtual Result<StoreSettings> settings() const = 0;
    virtual Status set_settings(const StoreSettings& settings, double deadline_s) const = 0;
    virtual bool exists() const = 0;
    virtual Status create() const = 0;
    virtual Result<double> sweep(double older_than_s, Sweep sweep) const = 0;
};

// Refuses where the object is not as `only_if` asks. What this very call wrote before a crash is
// no one else's.
Status check_condition(const Placing& placing, const std::optional<Version>& current,
                       const std::string& target);
// A moment for a new version: now, but after every earlier version of the key.
double moment_after(double latest_at_s);
Error version_is_current(const std::string& key, const std::string& version,
                         const std::string& target);

}  // namespace perilune
