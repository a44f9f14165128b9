#include "bindings/storage/folder_history.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "bindings/storage/object_key.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"

namespace perilune {

namespace {

const std::string versions_folder = std::string(hidden_folder) + "/versions";
constexpr std::string_view record_ending = ".json";
constexpr std::string_view data_ending = ".data";

std::string history_path(const std::string& key) {
    const std::string hash = to_hex(sha256(key));
    return versions_folder + "/" + hash.substr(0, 2) + "/" + hash;
}

std::vector<std::string> names_in(int folder) {
    std::vector<std::string> names;
    Opened again = open_beneath(folder, "", O_RDONLY | O_DIRECTORY);
    if (!again.ok()) return names;
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(again.file.get()), ::closedir);
    if (!stream) return names;
    again.file.release();
    while (const dirent* entry = ::readdir(stream.get()))
        if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    return names;
}

// Whole numbers beyond 2^53 travel as text.
std::int64_t number_of(const Value& value) {
    return value.is_text() ? std::strtoll(value.text().c_str(), nullptr, 10) : value.integer();
}

std::string record_text(const Version& version) {
    Value record;
    record.set("key", version.key).set("version", version.id);
    record.set("order", std::to_string(version.order)).set("digest", version.digest);
    record.set("size_bytes", version.size_bytes).set("modified_at", version.modified_at_s);
    record.set("content_type", version.content_type).set("deleted", version.deleted);
    record.set("made_by", version.made_by).set("inode", std::to_string(version.inode));
    record.set("written_ns", std::to_string(version.written_ns));
    return to_canonical_json(record);
}

Result<Version> read_record(const std::string& text) {
    const auto parsed = from_canonical_json(text);
    if (!parsed) return parsed.error();
    const Value& record = *parsed;
    Version version;
    version.key = record["key"].text();
    version.id = record["version"].text();
    version.order = static_cast<std::uint64_t>(number_of(record["order"]));
    version.digest = record["digest"].text();
    version.size_bytes = record["size_bytes"].number();
    version.modified_at_s = record["modified_at"].number();
    version.content_type = record["content_type"].text();
    version.deleted = record["deleted"].boolean();
    version.made_by = record["made_by"].text();
    version.inode = static_cast<std::uint64_t>(number_of(record["inode"]));
    version.written_ns = number_of(record["written_ns"]);
    return version;
}

bool absent(int error) { return error == ENOENT || error == ENOTDIR; }

}  // namespace

History::History(int root, std::string key)
    : root_(root), key_(std::move(key)), path_(history_path(key_)) {}

Status History::read() {
    recorded_.clear();
    Opened folder = open_beneath(root_, path_, O_RDONLY | O_DIRECTORY);
    if (absent(folder.error)) return Done{};
    if (!folder.ok()) return failure("Reading the versions", folder.error);
    folder_ = std::move(folder.file);
    const auto names = names_in(folder_.get());
    for (const auto& name : names) {
        if (!name.ends_with(record_ending)) continue;
        std::string text;
        const int error = read_file_beneath(folder_.get(), name, text);
        if (error == ENOENT) continue;  // Removed since the folder was listed.
        if (error != 0) return failure("Reading the versions", error);
        auto version = read_record(text);
        if (!version || version->key != key_)
            return fail("damaged", "The record " + path_ + "/" + name + " of \"" + key_ +
                                       "\" is damaged. Move that file away, then try again; the "
                                       "version it described is then unknown.");
        const std::string data = version->id + std::string(data_ending);
        version->has_data = std::find(names.begin(), names.end(), data) != names.end();
        recorded_.push_back(std::move(*version));
    }
    std::sort(recorded_.begin(), recorded_.end(),
              [](const Version& left, const Version& right) { return left.order > right.order; });
    return Done{};
}

std::uint64_t History::next_order() const {
    return recorded_.empty() ? 1 : recorded_.front().order + 1;
}

Status History::open_for_writing() {
    if (folder_.open()) return Done{};
    Opened folder = make_folder_beneath(root_, path_);
    if (!folder.ok()) return failure("Making the folder of versions", folder.error);
    folder_ = std::move(folder.file);
    return Done{};
}

Status History::write(const Version& version) {
    if (const auto open = open_for_writing(); !open) return open;
    const std::string name = version.id + std::string(record_ending);
    const int error = write_file_beneath(folder_.get(), name, record_text(version));
    if (error != 0) return failure("Writing a version", error);
    return Done{};
}

Status History::keep_data(int folder, const std::string& file, const std::string& id) {
    if (const auto open = open_for_writing(); !open) return open;
    const std::string name = id + std::string(data_ending);
    if (::linkat(folder, file.c_str(), folder_.get(), name.c_str(), 0) != 0 && errno != EEXIST)
        return failure("Keeping the replaced content", errno);
    if (::fsync(folder_.get()) != 0) return failure("Flushing the versions", errno);
    return Done{};
}

Opened History::open_data(const std::string& id) const {
    return open_beneath(folder_.get(), id + std::string(data_ending), O_RDONLY | O_NONBLOCK);
}

Status History::remove(const std::string& id) {
    if (const auto open = open_for_writing(); !open) return open;
    for (const auto ending : {data_ending, record_ending}) {
        const std::string name = id + std::string(ending);
        if (::unlinkat(folder_.get(), name.c_str(), 0) != 0 && errno != ENOENT)
            return failure("Removing a version", errno);
    }
    if (::fsync(folder_.get()) != 0) return failure("Flushing the versions", errno);
    return Done{};
}

Error History::failure(const std::string& doing, int error) const {
    return fail("file_failed",
                doing + " of \"" + key_ + "\" in " + path_ + ": " + std::strerror(error) + ".");
}

std::int64_t modified_ns(const struct stat& info) {
    return std::int64_t{info.st_mtim.tv_sec} * 1000000000 + info.st_mtim.tv_nsec;
}

double modified_s(const struct stat& info) {
    return static_cast<double>(info.st_mtim.tv_sec) +
           static_cast<double>(info.st_mtim.tv_nsec) * 1e-9;
}

bool describes(const Version& version, const struct stat& info) {
    return !version.deleted && version.inode == info.st_ino &&
           version.written_ns == modified_ns(info) &&
           version.size_bytes == static_cast<double>(info.st_size);
}

void note_file(Version& version, const struct stat& info) {
    version.inode = info.st_ino;
    version.written_ns = modified_ns(info);
    version.size_bytes = static_cast<double>(info.st_size);
}

Result<std::vector<std::string>> keys_with_history(int root) {
    std::vector<std::string> keys;
    Opened all = open_beneath(root, versions_folder, O_RDONLY | O_DIRECTORY);
    if (absent(all.error)) return keys;
    if (!all.ok())
        return fail("file_failed",
                    "Reading " + versions_folder + ": " + std::strerror(all.error) + ".");
    for (const auto& group : names_in(all.file.get())) {
        Opened inner = open_beneath(all.file.get(), group, O_RDONLY | O_DIRECTORY);
        if (!inner.ok()) continue;
        for (const auto& hash : names_in(inner.file.get())) {
            Opened history = open_beneath(inner.file.get(), hash, O_RDONLY | O_DIRECTORY);
            if (!history.ok()) continue;
            for (const auto& name : names_in(history.file.get())) {
                std::string text;
                if (!name.ends_with(record_ending)) continue;
                if (read_file_beneath(history.file.get(), name, text) != 0) continue;
                const auto record = read_record(text);
                if (!record || record->key.empty()) continue;
                keys.push_back(record->key);
                break;
            }
        }
    }
    return keys;
}

}  // namespace perilune
