// Changing one object of one place: put, copy, delete and restore_version.
#include "bindings/storage/object_key.h"
#include "bindings/storage/store_handlers.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

using Kept = std::optional<Version>;

Outcome failed(const Error& error) { return Outcome::failed(error); }

std::string type_of(const Value& arguments) {
    const std::string& given = arguments["content_type"].text();
    return given.empty() ? plain_content_type : given;
}

// The result of a change of one object: what it is now, whether it changed since `before`, and the
// version that was replaced where that is still kept. Nothing of it depends on which try it was.
Result<Value> change_result(const ObjectStore& store, const std::string& key, const Value& before,
                            const Kept& now) {
    Value result = now ? now->to_value() : Value(Map{});
    result.set("changed", !(object_state(key, now) == before));
    if (!before.has("version")) return result;
    const auto versions = store.versions(key);
    if (!versions) return versions.error();
    for (const auto& version : *versions)
        if (version.id == before["version"].text() && !(now && now->id == version.id))
            result.set("previous_version", version.id);
    return result;
}

Outcome ended(const ObjectStore& store, const std::string& key, const Value& before,
              const Kept& now) {
    auto result = change_result(store, key, before, now);
    if (!result) return failed(result.error());
    return Outcome::done(std::move(*result), object_state(key, now));
}

std::string show_sizes(const Kept& from, double to_bytes) {
    if (!from) return show_size(to_bytes);
    return show_size(from->size_bytes) + " → " + show_size(to_bytes);
}

// Takes back a change of `key`: what was there comes back, or the object goes where there was none.
std::optional<Restore> restore_object(const std::string& key, const Value& before,
                                      const Value& result) {
    if (!result["changed"].boolean()) return std::nullopt;
    Value arguments;
    arguments.set("key", key);
    if (before["absent"].boolean()) return Restore{"delete", arguments};
    // Without the old content there is nothing to put back: the row says so.
    if (!result.has("previous_version")) return std::nullopt;
    arguments.set("version", result["previous_version"]);
    return Restore{"restore_version", arguments};
}

Placing read_placing(const Call& call) {
    Placing placing;
    placing.key = call.arguments["key"].text();
    placing.content_type = type_of(call.arguments);
    placing.only_if = call.arguments["only_if"].text();
    placing.made_by = call.key;
    return placing;
}

Result<Before> before_put(const ObjectStore& store, Call& call) {
    const Placing placing = read_placing(call);
    if (placing.only_if != "any" && placing.only_if != "absent" &&
        from_hex(placing.only_if).size() != 32)
        return fail("bad_argument",
                    "only_if of storage:put must be \"any\", \"absent\" or a SHA-256 digest in "
                    "hexadecimal.");
    const auto found = store.current_if(placing);
    if (!found) return found.error();
    const std::string& body = call.arguments["body"].text();
    Before before;
    before.state = object_state(placing.key, *found);
    before.sign = *found ? '~' : '+';
    before.plan = show_sizes(*found, static_cast<double>(body.size()));
    if (*found && (*found)->digest == to_hex(sha256(body)) &&
        (*found)->content_type == placing.content_type) {
        before.already_so = true;
        before.result = (*found)->to_value().set("changed", false);
    }
    return before;
}

Outcome act_put(const ObjectStore& store, Call& call, const Value& before) {
    const Placing placing = read_placing(call);
    const auto placed = store.put(call.arguments["body"].text(), placing, call.deadline_s);
    if (!placed) return failed(placed.error());
    return ended(store, placing.key, before, placed->version);
}

Result<Before> before_delete(const ObjectStore& store, Call& call) {
    const std::string key = call.arguments["key"].text();
    const std::string version = call.arguments["version"].text();
    Before before;
    before.sign = '-';
    before.result.set("changed", false);
    if (version.empty()) {
        const auto found = store.current(key);
        if (!found) return found.error();
        before.state = object_state(key, *found);
        before.already_so = !*found;
        if (*found) before.plan = show_size((*found)->size_bytes);
        return before;
    }
    const auto versions = store.versions(key);
    if (!versions) return versions.error();
    before.already_so = true;
    for (const auto& kept : *versions) before.already_so &= kept.id != version;
    before.state.set("key", key).set("version", version).set("kept", !before.already_so);
    before.plan = "for good";
    return before;
}

Outcome act_delete(const ObjectStore& store, Call& call, const Value& before) {
    const std::string key = call.arguments["key"].text();
    const std::string version = call.arguments["version"].text();
    if (version.empty()) {
        const auto removed = store.remove(key, call.key, call.deadline_s);
        if (!removed) return failed(removed.error());
        return ended(store, key, before, std::nullopt);
    }
    const auto removed = store.remove_version(key, version, call.deadline_s);
    if (!removed) return failed(removed.error());
    Value result, after;
    result.set("changed", before["kept"].boolean());
    after.set("key", key).set("version", version).set("kept", false);
    return Outcome::done(std::move(result), std::move(after));
}

// The version that a restore_version means.
Result<Version> wanted_version(const ObjectStore& store, const Call& call) {
    const std::string key = call.arguments["key"].text();
    const std::string id = call.arguments["version"].text();
    const double at_s = call.arguments["at"].number();
    const auto versions = store.versions(key);
    if (!versions) return versions.error();
    for (const auto& version : *versions) {
        if (id.empty() ? version.modified_at_s > at_s : version.id != id) continue;
        if (!version.deleted) return version;
        if (id.empty()) break;
    }
    const std::string when = id.empty() ? "at " + show_time(at_s) : "as the version " + id;
    return fail("not_found", "Restoring \"" + key + "\" of " + store.target() + " " + when +
                                 ": it was not there, or that version is no longer kept. See what "
                                 "is kept with versions.");
}

Result<Before> before_restore(const ObjectStore& store, Call& call) {
    const std::string key = call.arguments["key"].text();
    const auto found = store.current(key);
    if (!found) return found.error();
    const auto wanted = wanted_version(store, call);
    if (!wanted) return wanted.error();
    Before before;
    before.state = object_state(key, *found);
    before.sign = *found ? '~' : '+';
    before.plan = show_sizes(*found, wanted->size_bytes) + ", version " + wanted->id;
    if (*found && (*found)->digest == wanted->digest &&
        (*found)->content_type == wanted->content_type) {
        before.already_so = true;
        before.result = (*found)->to_value().set("changed", false);
    }
    return before;
}

Outcome act_restore(const ObjectStore& store, Call& call, const Value& before) {
    const std::string key = call.arguments["key"].text();
    const auto wanted = wanted_version(store, call);
    if (!wanted) return failed(wanted.error());
    Placing placing;
    placing.key = wanted->key;
    placing.made_by = call.key;
    const auto placed = store.copy(key, wanted->id, placing, call.deadline_s);
    if (!placed) return failed(placed.error());
    if (!*placed)
        return failed(fail("not_found", "The content of \"" + key + "\", version " + wanted->id +
                                            ", in " + store.target() + " is no longer kept."));
    return ended(store, key, before, (*placed)->version);
}

Result<Before> before_copy(const StorePlace& place, Call& call, ObjectPort& to) {
    const std::string key = call.arguments["key"].text();
    const std::string to_key = call.arguments["to_key"].text();
    const auto source = place.store->current(key);
    if (!source) return source.error();
    if (!*source)
        return fail("not_found", "Copying \"" + key + "\" of " + place.store->target() +
                                     ": there is no such object.");
    Before before;
    if (call.arguments.has("to")) {
        auto there = to.head_object(to_key);
        if (!there) return there.error();
        before.sign = there->is_nil() ? '+' : '~';
        before.already_so = there->has("digest") && (*there)["digest"].text() == (*source)->digest;
        before.state.set("key", to_key).set("digest", (*there)["digest"]);
        before.result = there->set("changed", false);
        return before;
    }
    const auto found = place.store->current(to_key);
    if (!found) return found.error();
    before.state = object_state(to_key, *found);
    before.sign = *found ? '~' : '+';
    before.plan = show_sizes(*found, (*source)->size_bytes);
    if (*found && (*found)->digest == (*source)->digest &&
        (*found)->content_type == (*source)->content_type) {
        before.already_so = true;
        before.result = (*found)->to_value().set("changed", false);
    }
    return before;
}

Outcome copy_elsewhere(const StorePlace& place, Call& call, ObjectPort& to) {
    const std::string to_key = call.arguments["to_key"].text();
    const auto described = place.objects->head_object(call.arguments["key"].text());
    if (!described) return failed(described.error());
    const Value object =
        described->is_nil() ? Value().set("key", call.arguments["key"]) : *described;
    auto stored = stream_object(*place.objects, object, to, to_key, call);
    if (!stored) return failed(stored.error());
    stored->set("changed", true);
    Value after;
    after.set("key", to_key).set("digest", (*stored)["digest"]);
    return Outcome::done(std::move(*stored), std::move(after));
}

Outcome act_copy(const StorePlace& place, Call& call, const Value& before, ObjectPort& to) {
    if (call.arguments.has("to")) return copy_elsewhere(place, call, to);
    const ObjectStore& store = *place.store;
    const std::string key = call.arguments["key"].text();
    Placing placing;
    placing.key = call.arguments["to_key"].text();
    placing.made_by = call.key;
    const auto placed = store.copy(key, "", placing, call.deadline_s);
    if (!placed) return failed(placed.error());
    if (!*placed)
        return failed(fail("not_found", "Copying \"" + key + "\" of " + store.target() +
                                            ": it was deleted meanwhile."));
    return ended(store, placing.key, before, (*placed)->version);
}

}  // namespace

void add_store_changes(Operations& operations, const std::shared_ptr<StorePlace>& place) {
    const auto restore = [](const Call& call, const Value& before, const Value& result) {
        if (call.operation == "delete" && call.arguments.has("version"))
            return std::optional<Restore>();
        return restore_object(call.arguments["key"].text(), before, result);
    };
    operations["put"] = change_of_store(place, before_put, act_put, restore);
    operations["delete"] = change_of_store(place, before_delete, act_delete, restore);
    operations["restore_version"] = change_of_store(place, before_restore, act_restore, restore);
    operations["copy"] = change_with_port(
        place, "to", [place](Call& call, ObjectPort& to) { return before_copy(*place, call, to); },
        [place](Call& call, const Value& found, ObjectPort& to) {
            return act_copy(*place, call, found, to);
        },
        [](const Call& call, const Value& before, const Value& result) {
            if (call.arguments.has("to")) return std::optional<Restore>();
            return restore_object(call.arguments["to_key"].text(), before, result);
        });
}

}  // namespace perilune
