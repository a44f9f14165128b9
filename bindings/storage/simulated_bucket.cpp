#include "bindings/storage/simulated_bucket.h"

#include <algorithm>

#include "bindings/storage/object_key.h"
#include "bindings/storage/simulated_rules.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/loop.h"

namespace perilune {

namespace {

class HeldSource final : public ByteSource {
public:
    explicit HeldSource(std::shared_ptr<const std::string> bytes) : bytes_(std::move(bytes)) {}
    Result<std::string> read(std::size_t bytes_max) override {
        std::string piece = bytes_->substr(at_, bytes_max);
        at_ += piece.size();
        return piece;
    }

private:
    std::shared_ptr<const std::string> bytes_;
    std::size_t at_ = 0;
};

std::optional<Version> version_of(const std::optional<HeldObject>& held) {
    return held ? std::optional(held->version) : std::nullopt;
}

double latest_of(const HeldKey& held) {
    double latest_s = held.current ? held.current->version.modified_at_s : 0;
    if (!held.kept.empty()) latest_s = std::max(latest_s, held.kept.front().version.modified_at_s);
    return latest_s;
}

// Keeps what is about to be replaced or deleted, and what a late listing still shows.
void set_aside(const BucketState& state, HeldKey& held) {
    const double now_s = wall_now_s();
    std::erase_if(held.changes, [&](const HeldKey::Change& change) {
        return change.at_s <= now_s - state.lists_after_s;
    });
    held.changes.push_back({now_s, version_of(held.current)});
    if (held.current && state.settings.versioned)
        held.kept.insert(held.kept.begin(), std::move(*held.current));
    held.current.reset();
}

void forget_old(const BucketState& state, HeldKey& held) {
    if (state.settings.keep_old_for_s > 0) forget_versions(held, state.settings.keep_old_for_s);
}

Version new_version(BucketState& state, const HeldKey& held, const std::string& key) {
    Version version;
    version.key = key;
    version.order = ++state.order;
    version.modified_at_s = moment_after(latest_of(held));
    version.content_type = plain_content_type;
    return version;
}

void name_version(Version& version, const std::string& digest) {
    version.id = version_id(static_cast<std::int64_t>(version.modified_at_s * 1e6) * 1000, digest);
}

}  // namespace

// A version's time begins when the next one replaced it.
void forget_versions(HeldKey& held, double kept_for_s) {
    const double oldest_s = wall_now_s() - kept_for_s;
    double replaced_s = held.current ? held.current->version.modified_at_s : wall_now_s();
    for (std::size_t i = 0; i < held.kept.size(); ++i) {
        const bool over = replaced_s < oldest_s && (i > 0 || held.current);
        replaced_s = held.kept[i].version.modified_at_s;
        if (!over) continue;
        held.kept.erase(held.kept.begin() + static_cast<std::ptrdiff_t>(i), held.kept.end());
        return;
    }
}

std::optional<Error> BucketState::refusal() const {
    if (answers) return std::nullopt;
    return fail("connection_refused", target + " does not answer.", Retry::safe);
}

Result<Placed> place_in(BucketState& state, std::string bytes, const Placing& placing) {
    HeldKey& held = state.keys[placing.key];
    const auto allowed = check_condition(placing, version_of(held.current), state.target);
    if (!allowed) return allowed.error();
    const std::string digest = to_hex(sha256(bytes));
    if (held.current && held.current->version.digest == digest && *held.current->bytes == bytes &&
        held.current->version.content_type == placing.content_type)
        return Placed{held.current->version, false};
    Version version = new_version(state, held, placing.key);
    version.digest = digest;
    version.size_bytes = static_cast<double>(bytes.size());
    version.content_type = placing.content_type;
    version.made_by = placing.made_by;
    name_version(version, digest);
    set_aside(state, held);
    state.exists = true;
    held.current = HeldObject{version, std::make_shared<const std::string>(std::move(bytes))};
    note_for_replication(state, *held.current);
    forget_old(state, held);
    return Placed{version, true};
}

bool remove_from(BucketState& state, const std::string& key, const std::string& made_by) {
    const auto found = state.keys.find(key);
    if (found == state.keys.end() || !found->second.current) return false;
    HeldKey& held = found->second;
    Version mark = new_version(state, held, key);
    name_version(mark, "deleted");
    mark.deleted = true;
    mark.made_by = made_by;
    set_aside(state, held);
    if (state.settings.versioned)
        held.kept.insert(held.kept.begin(), HeldObject{mark, std::make_shared<std::string>()});
    forget_old(state, held);
    return true;
}

Status SimulatedBucket::check(const std::string& key) const {
    if (const auto refused = state_->refusal()) return *refused;
    apply_rules(*state_);
    return check_key(key, state_->target);
}

const HeldObject* SimulatedBucket::find(const std::string& key, const std::string& version) const {
    const auto found = state_->keys.find(key);
    if (found == state_->keys.end()) return nullptr;
    const HeldKey& held = found->second;
    if (held.current && (version.empty() || held.current->version.id == version))
        return &*held.current;
    for (const auto& kept : held.kept)
        if (!version.empty() && kept.version.id == version && !kept.version.deleted) return &kept;
    return nullptr;
}

Result<std::optional<Version>> SimulatedBucket::current(const std::string& key) const {
    if (const auto checked = check(key); !checked) return checked.error();
    const HeldObject* found = find(key, "");
    return found ? std::optional(found->version) : std::nullopt;
}

Result<std::vector<Version>> SimulatedBucket::versions(const std::string& key) const {
    if (const auto checked = check(key); !checked) return checked.error();
    std::vector<Version> versions;
    const auto found = state_->keys.find(key);
    if (found == state_->keys.end()) return versions;
    if (found->second.current) versions.push_back(found->second.current->version);
    for (const auto& kept : found->second.kept) versions.push_back(kept.version);
    return versions;
}

Result<std::optional<StoredContent>> SimulatedBucket::read(const std::string& key,
                                                           const std::string& version) const {
    if (const auto checked = check(key); !checked) return checked.error();
    std::optional<StoredContent> content;
    if (const HeldObject* found = find(key, version)) {
        content.emplace();
        content->version = found->version;
        content->bytes = std::make_unique<HeldSource>(found->bytes);
    }
    return content;
}

Result<std::vector<Version>> SimulatedBucket::list(const std::string& prefix,
                                                   const std::string& after,
                                                   std::size_t limit) const {
    if (const auto refused = state_->refusal()) return *refused;
    if (const auto checked = check_prefix(prefix, state_->target); !checked) return checked.error();
    apply_rules(*state_);
    const double shown_at_s = wall_now_s() - state_->lists_after_s;
    std::vector<Version> listed;
    for (const auto& [key, held] : state_->keys) {
        if (listed.size() >= limit) break;
        if (!key.starts_with(prefix) || (!after.empty() && key <= after)) continue;
        std::optional<Version> shown = version_of(held.current);
        for (auto change = held.changes.rbegin(); change != held.changes.rend(); ++change)
            if (change->at_s > shown_at_s) shown = change->before;
        if (shown) listed.push_back(*shown);
    }
    return listed;
}

Result<std::vector<std::string>> SimulatedBucket::known_keys(const std::string& prefix) const {
    if (const auto refused = state_->refusal()) return *refused;
    if (const auto checked = check_prefix(prefix, state_->target); !checked) return checked.error();
    apply_rules(*state_);
    std::vector<std::string> keys;
    for (const auto& [key, held] : state_->keys)
        if (key.starts_with(prefix) && (held.current || !held.kept.empty())) keys.push_back(key);
    return keys;
}

Result<Placed> SimulatedBucket::put(std::string_view bytes, const Placing& placing, double) const {
    if (const auto checked = check(placing.key); !checked) return checked.error();
    return place_in(*state_, std::string(bytes), placing);
}

Result<std::optional<Placed>> SimulatedBucket::copy(const std::string& key,
                                                    const std::string& version,
                                                    const Placing& placing, double) const {
    if (const auto checked = check(key); !checked) return checked.error();
    if (const auto checked = check(placing.key); !checked) return checked.error();
    const HeldObject* found = find(key, version);
    if (!found) return std::optional<Placed>();
    Placing copied = placing;
    copied.content_type = found->version.content_type;
    auto placed = place_in(*state_, *found->bytes, copied);
    if (!placed) return placed.error();
    return std::optional<Placed>(std::move(*placed));
}

Result<std::unique_ptr<ByteSink>> SimulatedBucket::begin(const Placing& placing) const {
    if (const auto checked = check(placing.key); !checked) return checked.error();
    return begin_upload(state_, placing);
}

Result<bool> SimulatedBucket::remove(const std::string& key, const std::string& made_by,
                                     double) const {
    if (const auto checked = check(key); !checked) return checked.error();
    return remove_from(*state_, key, made_by);
}

Result<bool> SimulatedBucket::remove_version(const std::string& key, const std::string& version,
                                             double) const {
    if (const auto checked = check(key); !checked) return checked.error();
    const auto found = state_->keys.find(key);
    if (found == state_->keys.end()) return false;
    HeldKey& held = found->second;
    if (held.current && held.current->version.id == version)
        return version_is_current(key, version, state_->target);
    const auto removed = std::erase_if(
        held.kept, [&](const HeldObject& kept) { return kept.version.id == version; });
    return removed > 0;
}

Status SimulatedBucket::expire(const std::string& key, double) const {
    if (const auto checked = check(key); !checked) return checked.error();
    const auto found = state_->keys.find(key);
    if (found != state_->keys.end()) forget_old(*state_, found->second);
    return Done{};
}

Result<StoreSettings> SimulatedBucket::settings() const {
    if (const auto refused = state_->refusal()) return *refused;
    return state_->settings;
}

Status SimulatedBucket::set_settings(const StoreSettings& settings, double) const {
    if (const auto refused = state_->refusal()) return *refused;
    state_->settings = settings;
    return Done{};
}

Status SimulatedBucket::create() const {
    if (const auto refused = state_->refusal()) return *refused;
    state_->exists = true;
    return Done{};
}

Result<double> SimulatedBucket::sweep(double older_than_s, Sweep sweep) const {
    if (const auto refused = state_->refusal()) return *refused;
    const auto is_old = [&](const auto& upload) {
        return wall_now_s() - upload.second.written_at_s >= older_than_s;
    };
    auto& uploads = state_->uploads;
    if (sweep == Sweep::remove) return static_cast<double>(std::erase_if(uploads, is_old));
    return static_cast<double>(std::count_if(uploads.begin(), uploads.end(), is_old));
}

}  // namespace perilune
