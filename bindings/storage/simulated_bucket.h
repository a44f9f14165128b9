// One bucket in memory: objects with all their versions, uploads that may be cut, and listings
// that may be late.
#pragma once

#include <map>

#include "bindings/storage/object_store.h"

namespace perilune {

// A content that is held. What is stated of it need not be true of its bytes: they may be damaged.
struct HeldObject {
    Version version;
    std::shared_ptr<const std::string> bytes;
};

struct HeldKey {
    std::optional<HeldObject> current;
    std::vector<HeldObject> kept;  // Newest first, marks of deletions among them.
    // What a listing showed until each change, for as long as a late one still shows it.
    struct Change {
        double at_s;
        std::optional<Version> before;
    };
    std::vector<Change> changes;
};

struct HeldUpload {
    std::string key;
    std::string bytes;
    double written_at_s = 0;
    bool cut = false;  // The connection was lost: it never becomes an object.
};

struct BucketState;

// A rule that new objects with a prefix are copied to another bucket.
struct HeldReplication {
    std::string to;  // The target's name.
    std::weak_ptr<BucketState> bucket;
    std::string prefix;
};

// An object that is still to be copied there.
struct HeldCopy {
    std::string key;
    std::string content_type;
    std::shared_ptr<const std::string> bytes;
    std::weak_ptr<BucketState> to;
    double written_at_s = 0;
    double due_at_s = 0;
    bool failed = false;  // For good.
    bool done = false;
};

// What outlives every host.
struct BucketState {
    std::string target;
    StoreSettings settings;
    bool exists = true;
    bool answers = true;
    double lists_after_s = 0;     // A listing shows how it was so long ago.
    double cut_after_bytes = -1;  // Where the next upload is cut; negative: nowhere.
    std::uint64_t order = 0;
    std::uint64_t last_upload = 0;
    std::map<std::string, HeldKey> keys = {};
    std::map<std::uint64_t, HeldUpload> uploads = {};
    List cors = {};  // Rules as `settings` shows them.
    List lifecycle = {};
    std::vector<HeldReplication> replication = {};
    std::string encryption = {};  // The algorithm of new objects; empty where there is none.
    std::vector<std::weak_ptr<BucketState>> replicated_from = {};
    std::vector<HeldCopy> copies = {};  // Oldest first.
    double replicates_after_s = 15;
    List presigned = {};  // { key, method, ends_at } of each URL that was made.

    std::optional<Error> refusal() const;
};

class SimulatedBucket final : public ObjectStore {
public:
    explicit SimulatedBucket(std::shared_ptr<BucketState> state) : state_(std::move(state)) {}

    const std::string& target() const override { return state_->target; }
    Result<std::optional<Version>> current(const std::string& key) const override;
    Result<std::vector<Version>> versions(const std::string& key) const override;
    Result<std::optional<StoredContent>> read(const std::string& key,
                                              const std::string& version) const override;
    Result<std::vector<Version>> list(const std::string& prefix, const std::string& after,
                                      std::size_t limit) const override;
    Result<std::vector<std::string>> known_keys(const std::string& prefix) const override;
    Result<Placed> put(std::string_view bytes, const Placing& placing,
                       double deadline_s) const override;
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
    bool exists() const override { return state_->exists; }
    Status create() const override;
    Result<double> sweep(double older_than_s, Sweep sweep) const override;

private:
    Status check(const std::string& key) const;
    const HeldObject* find(const std::string& key, const std::string& version) const;

    std::shared_ptr<BucketState> state_;
};

// Makes bytes the object, as put does; the state's target must answer.
Result<Placed> place_in(BucketState& state, std::string bytes, const Placing& placing);
bool remove_from(BucketState& state, const std::string& key, const std::string& made_by);
// Forgets versions that were replaced longer ago; the newest of what was deleted stays.
void forget_versions(HeldKey& held, double kept_for_s);
// The rules of replication as `settings` shows them.
Value show_replication(const BucketState& state);

// An upload that becomes an object when it is committed. One that is let go of without an end
// stays among the uploads.
std::unique_ptr<ByteSink> begin_upload(std::shared_ptr<BucketState> state, const Placing& placing);

}  // namespace perilune
