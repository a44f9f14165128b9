// Reading one place: head, get, list, digest, versions, verify, usage and settings.
#include <limits>

#include "bindings/storage/store_handlers.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr std::size_t piece_bytes = 1 << 20;
constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

Result<Value> read_head(const ObjectStore& store, Call& call) {
    const std::string key = call.arguments["key"].text();
    const std::string version = call.arguments["version"].text();
    if (version.empty()) {
        const auto found = store.current(key);
        if (!found) return found.error();
        return *found ? (*found)->to_value() : Value();
    }
    const auto versions = store.versions(key);
    if (!versions) return versions.error();
    for (const auto& kept : *versions)
        if (kept.id == version && !kept.deleted) return kept.to_value();
    return Value();
}

// Gives each piece of a content to `take`.
Status read_content(StoredContent& content, const Call& call, const std::string& target,
                    const std::function<Status(std::string_view)>& take) {
    for (;;) {
        if (auto stopped = stop_asked(call, "Reading \"" + content.version.key + "\" of " + target))
            return *stopped;
        const auto piece = content.bytes->read(piece_bytes);
        if (!piece) return piece.error();
        if (piece->empty()) return Done{};
        if (const auto taken = take(*piece); !taken) return taken;
    }
}

Result<Value> read_body(const ObjectStore& store, Call& call) {
    const std::string key = call.arguments["key"].text();
    auto content = store.read(key, call.arguments["version"].text());
    if (!content) return content.error();
    if (!*content) return Value();
    const double bytes_max = call.arguments["body_max"].number();
    std::string body;
    Digest digest;
    const auto read = read_content(**content, call, store.target(), [&](std::string_view piece) {
        body.append(piece);
        digest.add(piece);
        if (static_cast<double>(body.size()) <= bytes_max) return Status(Done{});
        return Status(fail("too_large", "Getting \"" + key + "\" from " + store.target() +
                                            ": it has more than " + show_size(bytes_max) +
                                            ". Raise body_max, or use copy for large objects."));
    });
    if (!read) return read.error();
    Value object = (*content)->version.to_value();
    // What was read decides, not what was noted: a person may be writing to the file right now.
    object.set("digest", to_hex(digest.finish()));
    object.set("size_bytes", static_cast<double>(body.size()));
    return object.set("body", std::move(body));
}

Result<std::string> digest_content(const ObjectStore& store, const Call& call,
                                   const std::string& key, const std::string& version,
                                   const std::string& algorithm) {
    auto content = store.read(key, version);
    if (!content) return content.error();
    if (!*content)
        return fail("not_found", "Digesting \"" + key + "\" of " + store.target() +
                                     ": there is no such object or version.");
    Digest digest(algorithm.c_str());
    const auto read = read_content(**content, call, store.target(), [&](std::string_view piece) {
        digest.add(piece);
        return Status(Done{});
    });
    if (!read) return read.error();
    return to_hex(digest.finish());
}

Result<Value> digest_object(const ObjectStore& store, Call& call) {
    const Value& arguments = call.arguments;
    auto digested = digest_content(store, call, arguments["key"].text(),
                                   arguments["version"].text(), arguments["algorithm"].text());
    if (!digested) return digested.error();
    return Value(std::move(*digested));
}

Result<Value> list_versions(const ObjectStore& store, Call& call) {
    std::vector<std::string> keys = {call.arguments["key"].text()};
    if (call.arguments.has("prefix")) {
        auto known = store.known_keys(call.arguments["prefix"].text());
        if (!known) return known.error();
        keys = std::move(*known);
    }
    const Value& before = call.arguments["before"];
    List listed;
    for (const auto& key : keys) {
        const auto versions = store.versions(key);
        if (!versions) return versions.error();
        for (const auto& version : *versions)
            if (before.is_nil() || version.modified_at_s < before.number())
                listed.push_back(version.to_value());
    }
    return Value(std::move(listed));
}

Result<Value> list_objects(const ObjectStore& store, Call& call) {
    const double limit = call.arguments["limit"].number();
    const auto listed = store.list(call.arguments["prefix"].text(), call.arguments["after"].text(),
                                   limit < 0 ? 0 : static_cast<std::size_t>(limit));
    if (!listed) return listed.error();
    List objects;
    for (const auto& version : *listed) objects.push_back(version.to_value());
    return Value(std::move(objects));
}

Result<Value> verify_manifest(const ObjectStore& store, Call& call) {
    return verify_objects(call, store.target(), [&](const std::string& key) {
        return digest_content(store, call, key, "", "sha256");
    });
}

Result<Value> add_up_usage(const ObjectStore& store, Call& call) {
    const auto listed = store.list(call.arguments["prefix"].text(), "", no_limit);
    if (!listed) return listed.error();
    double size_bytes = 0;
    for (const auto& version : *listed) size_bytes += version.size_bytes;
    Value usage;
    usage.set("objects", static_cast<double>(listed->size()));
    return usage.set("size_bytes", size_bytes);
}

Result<Value> read_settings(const ObjectStore& store, Call&) {
    const auto settings = store.settings();
    if (!settings) return settings.error();
    Value shown;
    shown.set("versioning", settings->versioned ? "on" : "off");
    if (settings->keep_old_for_s > 0) shown.set("keep_old_for_s", settings->keep_old_for_s);
    return shown.set("cors", List{}).set("lifecycle", List{});
}

}  // namespace

void add_store_reads(Operations& operations, const std::shared_ptr<StorePlace>& place) {
    using Read = Result<Value> (*)(const ObjectStore&, Call&);
    const auto add = [&](const char* name, Read read) {
        operations[name] = observe_blocking(
            place->services->loop, [place, read](Call& call) { return read(*place->store, call); });
    };
    add("head", read_head);
    add("get", read_body);
    add("list", list_objects);
    add("digest", digest_object);
    add("versions", list_versions);
    add("verify", verify_manifest);
    add("usage", add_up_usage);
    add("settings", read_settings);
}

}  // namespace perilune
