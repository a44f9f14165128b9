#include "bindings/database/backup_catalog.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "interpreter/base/loop.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr std::size_t manifest_bytes_max = 4 << 20;
constexpr const char* previous_id = "previous:";
constexpr const char* previous_mark = ".previous-";
constexpr const char* until_mark = "-until-";
constexpr std::size_t call_letters = 12;
constexpr auto scratch_life = std::chrono::hours(48);  // Longer than any call may take.

std::string compact_time(double at_s) {
    std::string text = show_time(at_s);
    std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
    return text;
}

// "20260301T020000Z" as Unix seconds; 0 where it is no time.
double read_compact_time(const std::string& text) {
    if (text.size() != 16) return 0;
    const auto at =
        parse_time(text.substr(0, 4) + "-" + text.substr(4, 2) + "-" + text.substr(6, 5) + ":" +
                   text.substr(11, 2) + ":" + text.substr(13));
    return at ? *at : 0;
}

// How far a dump came, by its manifest and its object.
std::string state_of(const BackupManifest& manifest, const Value& object) {
    const bool same_digest = !object.has("digest") || object["digest"].text() == manifest.digest;
    const bool same =
        !object.is_nil() && same_digest && object["size_bytes"].number() == manifest.size_bytes;
    if (manifest.state == "complete") return same ? "complete" : "failed";
    return wall_now_s() < manifest.deadline_at_s ? "running" : "failed";
}

BackupEntry dump_entry(const std::string& storage, const std::string& key, BackupManifest manifest,
                       const Value& object) {
    BackupEntry entry;
    entry.id = storage + ":" + key;
    entry.storage = storage;
    entry.key = key;
    entry.state = state_of(manifest, object);
    entry.at_s = manifest.at_s;
    entry.size_bytes = manifest.size_bytes;
    entry.manifest = std::move(manifest);
    return entry;
}

void sort_newest_first(std::vector<BackupEntry>& entries) {
    std::sort(entries.begin(), entries.end(),
              [](const BackupEntry& left, const BackupEntry& right) {
                  return left.at_s != right.at_s ? left.at_s > right.at_s : left.id > right.id;
              });
}

Error no_such_backup(const Work& work, const std::string& what) {
    return fail("not_found", "For " + work.target.target + " there is no complete backup " + what +
                                 ". See what there is with list_backups.");
}

Result<BackupEntry> resolve_at(const Work& work, const std::string& storage, double at_s) {
    const auto dumps = list_dumps(work, storage, work.target.backups_of);
    if (!dumps) return dumps.error();
    for (const auto& entry : *dumps)
        if (entry.state == "complete" && entry.at_s <= at_s) return entry;
    return no_such_backup(work, "in " + storage + " from " + show_time(at_s) + " or before");
}

}  // namespace

Value BackupEntry::to_value() const {
    Value backup;
    backup.set("id", id).set("kind", storage.empty() ? "snapshot" : "dump");
    backup.set("at", at_s).set("state", state);
    if (!key.empty()) backup.set("key", key);
    if (size_bytes > 0) backup.set("size_bytes", size_bytes);
    if (!manifest.digest.empty()) backup.set("digest", manifest.digest);
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

Result<std::vector<BackupEntry>> list_dumps(const Work& work, const std::string& storage,
                                            const std::string& source) {
    const auto port = work.port(storage);
    if (!port) return port.error();
    const auto objects = (*port)->list_objects("");
    if (!objects) return objects.error();
    std::map<std::string, const Value*> by_key;
    for (const auto& object : objects->list()) by_key[object["key"].text()] = &object;
    std::vector<BackupEntry> dumps;
    for (const auto& [name, described] : by_key) {
        const std::string key = key_of_manifest(name);
        if (key.empty()) continue;
        const auto text = read_object(**port, name);
        if (!text) return text.error();
        auto manifest = read_manifest(*text);
        // Other programs may keep files of such a name; they are none of ours.
        if (!manifest || manifest->source != source) continue;
        const auto object = by_key.find(key);
        dumps.push_back(dump_entry(storage, key, std::move(*manifest),
                                   object == by_key.end() ? Value() : *object->second));
    }
    sort_newest_first(dumps);
    return dumps;
}

Result<std::optional<BackupEntry>> find_dump(const Work& work, const std::string& storage,
                                             const std::string& key) {
    std::optional<BackupEntry> none;
    const auto port = work.port(storage);
    if (!port) return port.error();
    const auto described = (*port)->head_object(manifest_key(key));
    if (!described) return described.error();
    if (described->is_nil()) return none;
    const auto text = read_object(**port, manifest_key(key));
    if (!text) return text.error();
    auto manifest = read_manifest(*text);
    if (!manifest)
        return fail("not_a_backup", "Reading the manifest of " + storage + ":" + key + ": " +
                                        manifest.error().message);
    const auto object = (*port)->head_object(key);
    if (!object) return object.error();
    return std::optional<BackupEntry>(dump_entry(storage, key, std::move(*manifest), *object));
}

BackupEntry previous_entry(const SqliteTarget& target, double now_s, double keep_s,
                           const std::string& call_key) {
    BackupEntry entry;
    entry.file = target.path + previous_mark + compact_time(now_s) + until_mark +
                 compact_time(now_s + keep_s) + "-" + call_key.substr(0, call_letters);
    entry.id = previous_id + std::filesystem::path(entry.file).filename().string();
    entry.state = "complete";
    entry.at_s = now_s;
    entry.keep_until_at_s = now_s + keep_s;
    return entry;
}

std::vector<BackupEntry> list_previous(const SqliteTarget& target) {
    const std::filesystem::path path(target.path);
    const std::string start = path.filename().string() + previous_mark;
    const std::string until = until_mark;
    std::vector<BackupEntry> entries;
    std::error_code code;
    for (const auto& found : std::filesystem::directory_iterator(path.parent_path(), code)) {
        const std::string name = found.path().filename().string();
        const auto middle = name.find(until);
        if (!name.starts_with(start) || middle == std::string::npos) continue;
        if (name.ends_with("-wal") || name.ends_with("-journal") || name.ends_with("-shm") ||
            name.ends_with(".part"))
            continue;
        BackupEntry entry;
        entry.id = previous_id + name;
        entry.file = found.path().string();
        entry.state = "complete";
        entry.at_s = read_compact_time(name.substr(start.size(), middle - start.size()));
        entry.keep_until_at_s = read_compact_time(name.substr(middle + until.size(), 16));
        entry.size_bytes = static_cast<double>(found.file_size(code));
        if (entry.at_s > 0 && entry.keep_until_at_s > 0) entries.push_back(std::move(entry));
    }
    sort_newest_first(entries);
    return entries;
}

void remove_copy(const std::string& path) {
    std::error_code ignored;
    for (const char* ending : {"-wal", "-shm", "-journal", ""})
        std::filesystem::remove(path + ending, ignored);
}

void remove_expired_previous(const SqliteTarget& target) {
    for (const auto& entry : list_previous(target))
        if (entry.keep_until_at_s < wall_now_s()) remove_copy(entry.file);
}

void remove_stale_scratch(const SqliteTarget& target) {
    namespace fs = std::filesystem;
    const fs::path path(target.path);
    std::error_code code;
    for (const auto& found : fs::directory_iterator(path.parent_path(), code)) {
        const std::string name = found.path().filename().string();
        if (!name.starts_with(path.filename().string() + ".") || !name.ends_with(".part")) continue;
        const auto written = found.last_write_time(code);
        if (!code && fs::file_time_type::clock::now() - written > scratch_life)
            remove_copy(found.path().string());
    }
}

Result<BackupEntry> resolve_backup(const Work& work) {
    const std::string from = work.argument("from").text();
    const std::string storage = from.starts_with("storage/") ? from : work.target.backups;
    if (work.call.arguments.has("at"))
        return resolve_at(work, storage, work.argument("at").number());
    const std::string id = work.argument("backup").text();
    for (const auto& entry : list_previous(work.target))
        if (entry.id == id) return entry;
    if (id.starts_with(previous_id)) return no_such_backup(work, "\"" + id + "\" beside its file");
    if (id.starts_with("storage/") && !id.starts_with(storage + ":"))
        return fail("not_allowed", "The backup " + id + " of " + work.target.target +
                                       " lies in a storage target that neither the setting "
                                       "`backups` nor `from` names. Give it as `from`.");
    const std::string key = id.starts_with(storage + ":") ? id.substr(storage.size() + 1) : id;
    auto found = find_dump(work, storage, key);
    if (!found) return found.error();
    if (!*found) return no_such_backup(work, "\"" + key + "\" in " + storage);
    return std::move(**found);
}

}  // namespace perilune
