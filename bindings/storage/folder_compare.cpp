// Comparing a folder with another storage target.
#include "bindings/storage/folder_handlers.h"
#include "interpreter/base/digest.h"

namespace perilune {

namespace {

constexpr std::size_t piece_bytes = 1 << 20;

// The digest that a port states, or that of what it gives to read.
Result<std::string> digest_of(ObjectPort& port, const Value& object) {
    if (object.has("digest")) return object["digest"].text();
    auto source = port.read_object(object["key"].text());
    if (!source) return source.error();
    Digest digest;
    for (;;) {
        const auto piece = (*source)->read(piece_bytes);
        if (!piece) return piece.error();
        if (piece->empty()) return to_hex(digest.finish());
        digest.add(*piece);
    }
}

Result<Value> compare(const Folder& folder, Call& call, ObjectPort& other) {
    const std::string prefix = call.arguments["prefix"].text();
    const auto theirs = other.list_objects(prefix);
    if (!theirs) return theirs.error();
    const auto ours = folder.objects->list_objects(prefix);
    if (!ours) return ours.error();
    std::map<std::string, const Value*> unmatched;
    for (const auto& object : ours->list()) unmatched[object["key"].text()] = &object;

    List missing, different, extra;
    double same = 0;
    for (const auto& object : theirs->list()) {
        if (auto stopped = stop_asked(call, "Comparing " + folder.store->target())) return *stopped;
        const std::string key = object["key"].text();
        const auto mine = unmatched.find(key);
        if (mine == unmatched.end()) {
            missing.emplace_back(key);
            continue;
        }
        bool equal = (*mine->second)["size_bytes"] == object["size_bytes"];
        if (equal && call.arguments["by"].text() == "digest") {
            const auto digest = digest_of(other, object);
            if (!digest) return digest.error();
            // Our own bytes are read: a digest noted at writing says nothing about rot since.
            Value unread;
            unread.set("key", key);
            const auto read = digest_of(*folder.objects, unread);
            if (!read) return read.error();
            equal = *digest == *read;
        }
        unmatched.erase(mine);
        if (equal) {
            same += 1;
        } else {
            different.emplace_back(key);
        }
    }
    for (const auto& [key, object] : unmatched) extra.emplace_back(key);
    Value result;
    result.set("missing", std::move(missing)).set("different", std::move(different));
    return result.set("extra", std::move(extra)).set("same", same);
}

}  // namespace

void add_folder_comparisons(Operations& operations, const std::shared_ptr<Folder>& folder) {
    operations["compare"] = observe_with_port(
        folder, "with",
        [folder](Call& call, ObjectPort& other) { return compare(*folder, call, other); });
}

}  // namespace perilune
