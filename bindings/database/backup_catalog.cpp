#include "bindings/database/backup_catalog.h"

#include <algorithm>

#include "bindings/database/backup_files.h"
#include "bindings/database/database_arguments.h"
#include "interpreter/base/loop.h"
#include "interpreter/base/retention.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr std::size_t manifest_bytes_max = 64 << 20;  // A file of a dump takes 250 bytes.

// Storage's own description of each object, by key.
using Objects = std::map<std::string, Value>;

Objects objects_by_key(const Value& listed) {
    Objects objects;
    for (const auto& object : listed.list()) objects[object["key"].text()] = object;
    return objects;
}

bool is_there(const Objects& objects, const std::string& key, double size_bytes,
              const std::string& digest) {
    const auto found = objects.find(key);
    if (found == objects.end() || found->second.is_nil()) return false;
    const Value& object = found->second;
    const bool same_digest = !object.has("digest") || object["digest"].text() == digest;
    return same_digest && object["size_bytes"].number() == size_bytes;
}

bool is_whole(const std::string& key, const BackupManifest& manifest, const Objects& objects) {
    if (!manifest.is_folder()) return is_there(objects, key, manifest.size_bytes, manifest.digest);
    const std::string start = key + manifest.folder;
    return std::all_of(manifest.files.begin(), manifest.files.end(), [&](const BackupFile& file) {
        return is_there(objects, start + file.name, file.size_bytes, file.digest);
    });
}

// How far a dump came, by its manifest and its objects.
std::string state_of(const std::string& key, const BackupManifest& manifest,
                     const Objects& objects) {
    if (manifest.state == "complete")
        return is_whole(key, manifest, objects) ? "complete" : "failed";
    return wall_now_s() < manifest.deadline_at_s ? "running" : "failed";
}

BackupEntry dump_entry(const std::string& storage, const std::string& key, BackupManifest manifest,
                       const Objects& objects) {
    BackupEntry entry;
    entry.id = storage + ":" + key;
    entry.storage = storage;
    entry.key = key;
    entry.state = state_of(key, manifest, objects);
    entry.at_s = manifest.at_s;
    entry.size_bytes = manifest.size_bytes;
    entry.manifest = std::move(manifest);
    return entry;
}

Result<BackupEntry> resolve_at(const Shelf& shelf, const std::string& storage, double at_s) {
    const auto dumps = list_dumps(shelf, storage, shelf.backups_of);
    if (!dumps) return dumps.error();
    for (const auto& entry : *dumps)
        if (entry.state == "complete" && entry.at_s <= at_s) return entry;
    return no_such_backup(shelf, "in " + storage + " from " + show_time(at_s) + " or before");
}

}  // namespace

void Shelf::find_ports(const Services& services, const Call& call, const Value& before) {
    keys.target = target;
    keys.open_secret = call.open_secret;
    for (const std::string& name : {backups, call.arguments["to"].text(),
                                    call.arguments["from"].text(), before["storage"].text()}) {
        if (name.empty() || !services.driver_of) continue;
        const Driver* driver = services.driver_of(name);
        if (driver && driver->objects) ports[name] = driver->objects;
    }
}

Result<Port> Shelf::port(const std::string& storage) const {
    const auto found = ports.find(storage);
    if (found != ports.end()) return found->second;
    return fail("no_such_target",
                target + " was to use " + (storage.empty() ? "a storage target" : storage) +
                    ", but " +
                    (storage.empty() ? "its setting `backups` names none, and the call neither."
                                     : "the call and the settings name no storage target of "
                                       "that name."));
}

Value BackupEntry::to_value() const {
    Value backup;
    backup.set("id", id).set("kind", storage.empty() ? "snapshot" : "dump");
    backup.set("at", at_s).set("state", state);
    if (!key.empty()) backup.set("key", key);
    if (size_bytes > 0) backup.set("size_bytes", size_bytes);
    if (!manifest.digest.empty()) backup.set("digest", manifest.digest);
    if (manifest.encryption.used()) backup.set("encrypted", true);
    if (keep_until_at_s > 0) backup.set("keep_until_at", keep_until_at_s);
    return backup;
}

Result<std::string> read_object(ObjectPort& port, const std::string& key) {
    auto source = port.read_object(key);
    if (!source) return source.error();
    std::string text;
    for (;;) {
        const auto piece = (*source)->read(1 << 16);
        if (!piece) return piece.error();
        if (piece->empty()) return text;
        text += *piece;
        if (text.size() > manifest_bytes_max)
            return fail("too_large", "The object " + key + " is too large for a manifest.");
    }
}

void sort_backups(std::vector<BackupEntry>& entries) {
    std::sort(entries.begin(), entries.end(),
              [](const BackupEntry& left, const BackupEntry& right) {
                  return left.at_s != right.at_s ? left.at_s > right.at_s : left.id > right.id;
              });
}

Error no_such_backup(const Shelf& shelf, const std::string& what) {
    return fail("not_found", "For " + shelf.target + " there is no complete backup " + what +
                                 ". See what there is with list_backups.");
}

Result<std::vector<BackupEntry>> list_dumps(const Shelf& shelf, const std::string& storage,
                                            const std::string& source) {
    const auto port = shelf.port(storage);
    if (!port) return port.error();
    const auto objects = (*port)->list_objects("");
    if (!objects) return objects.error();
    const Objects by_key = objects_by_key(*objects);
    std::vector<BackupEntry> dumps;
    for (const auto& [name, described] : by_key) {
        const std::string key = key_of_manifest(name);
        if (key.empty()) continue;
        const auto text = read_object(**port, name);
        if (!text) return text.error();
        auto manifest = read_manifest(*text, shelf.engine);
        // Other programs may keep files of such a name; they are none of ours.
        if (!manifest || manifest->source != source) continue;
        dumps.push_back(dump_entry(storage, key, std::move(*manifest), by_key));
    }
    sort_backups(dumps);
    return dumps;
}

Result<std::optional<BackupEntry>> find_dump(const Shelf& shelf, const std::string& storage,
                                             const std::string& key) {
    std::optional<BackupEntry> none;
    const auto port = shelf.port(storage);
    if (!port) return port.error();
    const auto described = (*port)->head_object(manifest_key(key));
    if (!described) return described.error();
    if (described->is_nil()) return none;
    const auto text = read_object(**port, manifest_key(key));
    if (!text) return text.error();
    auto manifest = read_manifest(*text, shelf.engine);
    if (!manifest)
        return fail("not_a_backup", "Reading the manifest of " + storage + ":" + key + ": " +
                                        manifest.error().message);
    Objects objects;
    if (manifest->is_folder()) {
        const auto files = (*port)->list_objects(key + manifest->folder);
        if (!files) return files.error();
        objects = objects_by_key(*files);
    } else {
        const auto object = (*port)->head_object(key);
        if (!object) return object.error();
        objects[key] = *object;
    }
    return std::optional<BackupEntry>(dump_entry(storage, key, std::move(*manifest), objects));
}

Result<std::optional<BackupEntry>> find_own_dump(const Shelf& shelf, const std::string& id) {
    std::optional<BackupEntry> none;
    const std::string& storage = shelf.backups;
    if (storage.empty() || !id.starts_with(storage + ":")) return none;
    auto found = find_dump(shelf, storage, id.substr(storage.size() + 1));
    if (!found || !*found) return found;
    if ((**found).manifest.source != shelf.target)
        return fail("not_allowed", "The backup " + id + " is of " + (**found).manifest.source +
                                       " and not of " + shelf.target +
                                       ". Delete it as a backup of that database.");
    return found;
}

Result<BackupEntry> resolve_dump(const Shelf& shelf, const Value& arguments) {
    const std::string from = arguments["from"].text();
    const std::string storage = from.starts_with("storage/") ? from : shelf.backups;
    if (arguments.has("at")) return resolve_at(shelf, storage, arguments["at"].number());
    const std::string id = arguments["backup"].text();
    if (id.starts_with("storage/") && !id.starts_with(storage + ":"))
        return fail("not_allowed", "The backup " + id + " of " + shelf.target +
                                       " lies in a storage target that neither the setting "
                                       "`backups` nor `from` names. Give it as `from`.");
    const std::string key = id.starts_with(storage + ":") ? id.substr(storage.size() + 1) : id;
    auto found = find_dump(shelf, storage, key);
    if (!found) return found.error();
    if (!*found) return no_such_backup(shelf, "\"" + key + "\" in " + storage);
    return std::move(**found);
}

Status remove_dump(const Shelf& shelf, const BackupEntry& entry) {
    const auto port = shelf.port(entry.storage);
    if (!port) return port.error();
    if (const auto removed = remove_files(**port, entry.key); !removed) return removed;
    if (const auto removed = (*port)->delete_object(entry.key); !removed) return removed;
    return (*port)->delete_object(manifest_key(entry.key));
}

Value show_backups(std::vector<BackupEntry> entries, const Value& arguments) {
    sort_backups(entries);
    const std::string kind = arguments["kind"].text();
    const Value& before = arguments["before"];
    const double limit = arguments["limit"].number();
    List listed;
    for (const auto& entry : entries) {
        if (static_cast<double>(listed.size()) >= limit) break;
        Value backup = entry.to_value();
        if (!kind.empty() && backup["kind"].text() != kind) continue;
        if (!before.is_nil() && entry.at_s >= before.number()) continue;
        listed.push_back(std::move(backup));
    }
    return Value(std::move(listed));
}

Result<Before> plan_prune(const Shelf& shelf, const Value& arguments) {
    const auto retention = read_retention(arguments["keep"]);
    if (!retention) return retention.error();
    const auto dumps = list_dumps(shelf, shelf.backups, shelf.target);
    if (!dumps) return dumps.error();
    std::vector<Dated> things;
    for (const auto& entry : *dumps)
        if (entry.state == "complete") things.push_back({entry.id, entry.at_s});
    const auto choice =
        choose_retention(std::move(things), *retention, arguments["keep_at_least"].number(),
                         arguments["delete_at_most"].number());
    if (!choice) return choice.error();
    Before before;
    before.state.set("removed", list_of(choice->removed)).set("kept", list_of(choice->kept));
    before.already_so = choice->removed.empty();
    before.sign = '-';
    before.plan = std::to_string(choice->removed.size()) + " go, " +
                  std::to_string(choice->kept.size()) + " stay";
    before.result = before.state;
    before.result.set("changed", false);
    return before;
}

}  // namespace perilune
