#include "bindings/storage/store_objects.h"

#include <limits>

#include "bindings/storage/object_key.h"
#include "interpreter/base/loop.h"

namespace perilune {

namespace {

// How long a deletion waits for another process that changes names in the same place.
constexpr double lock_within_s = 60;

}  // namespace

StoreObjects::StoreObjects(std::shared_ptr<const ObjectStore> store) : store_(std::move(store)) {}

Result<std::unique_ptr<ByteSink>> StoreObjects::write_object(const std::string& key) {
    if (const auto checked = check_key(key, store_->target()); !checked) return checked.error();
    Placing placing;
    placing.key = key;
    placing.content_type = plain_content_type;
    return store_->begin(placing);
}

Result<std::unique_ptr<ByteSource>> StoreObjects::read_object(const std::string& key) {
    auto content = store_->read(key, "");
    if (!content) return content.error();
    if (!*content)
        return fail("not_found", "Reading \"" + key + "\" of " + store_->target() +
                                     ": there is no such object.");
    return std::move((*content)->bytes);
}

Result<Value> StoreObjects::list_objects(const std::string& prefix) {
    const auto listed = store_->list(prefix, "", std::numeric_limits<std::size_t>::max());
    if (!listed) return listed.error();
    List objects;
    for (const auto& version : *listed) objects.push_back(version.to_value());
    return Value(std::move(objects));
}

Result<Value> StoreObjects::head_object(const std::string& key) {
    const auto found = store_->current(key);
    if (!found) return found.error();
    return *found ? (*found)->to_value() : Value();
}

Status StoreObjects::delete_object(const std::string& key) {
    const auto removed = store_->remove(key, "", boot_now_s() + lock_within_s);
    if (!removed) return removed.error();
    return Done{};
}

}  // namespace perilune
