#include "bindings/storage/object_store.h"

#include <algorithm>

#include "interpreter/base/loop.h"

namespace perilune {

namespace {

constexpr double order_step_s = 4e-6;  // A moment between two versions can be named.

Error precondition(const Placing& placing, const std::string& target, const std::string& found) {
    return fail("precondition_failed",
                "Writing \"" + placing.key + "\" to " + target + " with only_if = \"" +
                    placing.only_if + "\" was refused: " + found +
                    " Nothing was written. Look at what is there, then decide.");
}

}  // namespace

Value Version::to_value() const {
    Value object;
    object.set("key", key).set("size_bytes", size_bytes).set("modified_at", modified_at_s);
    object.set("content_type", content_type).set("version", id);
    if (deleted) return object.set("deleted", true);
    return object.set("digest", digest);
}

std::string version_id(std::int64_t written_ns, const std::string& digest) {
    std::string time(16, '0');
    auto rest = static_cast<std::uint64_t>(written_ns);
    for (std::size_t i = time.size(); i-- > 0; rest >>= 4) time[i] = "0123456789abcdef"[rest & 15];
    return time + "-" + digest.substr(0, 12);
}

Status check_condition(const Placing& placing, const std::optional<Version>& current,
                       const std::string& target) {
    if (placing.only_if == "any") return Done{};
    if (current && !placing.made_by.empty() && current->made_by == placing.made_by) return Done{};
    if (placing.only_if == "absent") {
        if (!current) return Done{};
        return precondition(placing, target,
                            "the object exists, with the digest " + current->digest + ".");
    }
    if (current && current->digest == placing.only_if) return Done{};
    return precondition(placing, target,
                        current ? "its digest is " + current->digest + "." : "it is not there.");
}

double moment_after(double latest_at_s) {
    return std::max(wall_now_s(), latest_at_s + order_step_s);
}

Error version_is_current(const std::string& key, const std::string& version,
                         const std::string& target) {
    return fail("version_is_current",
                "The version " + version + " of \"" + key + "\" in " + target +
                    " is the current one, so it was not removed. Delete the object without "
                    "`version`, then remove the version.");
}

Result<std::optional<Version>> ObjectStore::current_if(const Placing& placing) const {
    auto found = current(placing.key);
    if (!found) return found;
    if (const auto allowed = check_condition(placing, *found, target()); !allowed)
        return allowed.error();
    return found;
}

}  // namespace perilune
