#include "bindings/secrets/secret_store.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <sys/stat.h>

#include "bindings/secrets/secret_values.h"
#include "interpreter/base/json.h"
#include "interpreter/base/locked_file.h"
#include "interpreter/base/loop.h"

namespace perilune {

namespace {

constexpr std::size_t folder_name_bytes_max = 240;

// A folder's name for any secret's name: what is no letter, digit, `_` or `-` as %XX.
std::string encoded(const std::string& name) {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    std::string made;
    for (const char letter : name) {
        const auto byte = static_cast<unsigned char>(letter);
        if (byte < 0x80 && (std::isalnum(byte) || letter == '_' || letter == '-')) {
            made += letter;
        } else {
            made += {'%', digits[byte >> 4], digits[byte & 15]};
        }
    }
    return made;
}

Value to_value(const StoredSecret& secret) {
    List versions;
    for (const auto& version : secret.versions) {
        Value one;
        one.set("version", version.version).set("stage", version.stage);
        one.set("created_at", version.created_at);
        if (!version.key.empty()) one.set("key", version.key);
        versions.push_back(std::move(one));
    }
    Value made;
    made.set("name", secret.name).set("deleted", secret.deleted);
    made.set("changed_at", secret.changed_at);
    return made.set("versions", std::move(versions));
}

Result<StoredSecret> from_text(const std::string& text, const std::string& path) {
    const auto value = from_json(text);
    if (!value || !(*value)["name"].is_text())
        return fail("bad_store", "The file " + path +
                                     " of a secret's versions cannot be read. Put "
                                     "it back from a backup; the values beside it are untouched.");
    StoredSecret secret{.name = (*value)["name"].text(),
                        .deleted = (*value)["deleted"].boolean(),
                        .changed_at = (*value)["changed_at"].number()};
    for (const auto& one : (*value)["versions"].list())
        secret.versions.push_back({.version = one["version"].text(),
                                   .stage = one["stage"].text(),
                                   .created_at = one["created_at"].number(),
                                   .key = one["key"].text()});
    return secret;
}

}  // namespace

StoredVersion* StoredSecret::find(const std::string& version) {
    for (auto& one : versions)
        if (one.version == version) return &one;
    return nullptr;
}

const StoredVersion* StoredSecret::current() const {
    for (const auto& one : versions)
        if (one.stage == "current") return &one;
    return nullptr;
}

const StoredVersion* StoredSecret::with_key(const std::string& key) const {
    for (const auto& one : versions)
        if (!key.empty() && one.key == key) return &one;
    return nullptr;
}

void StoredSecret::set_current(const std::string& version, const std::string& old_stage) {
    for (auto& one : versions) {
        if (one.version == version) {
            one.stage = "current";
        } else if (one.stage == "current") {
            one.stage = old_stage;
        }
    }
}

Status FolderSecretStore::check_folder() const {
    struct stat info {};
    const bool found = ::stat(folder_.c_str(), &info) == 0;
    if (!found && errno == ENOENT) return Done{};  // Nothing was ever put there.
    if (!found)
        return fail("file_failed", "Reading " + folder_ + ": " + std::strerror(errno) + ".");
    if ((info.st_mode & 0077) == 0) return Done{};
    return fail("unsafe_secret", "The store of " + target() +
                                     " is not used: others than its owner "
                                     "may enter the folder " +
                                     folder_ + ". Execute: chmod 700 " + folder_);
}

Result<std::string> FolderSecretStore::folder_of(const std::string& name) const {
    if (const auto checked = check_folder(); !checked) return checked.error();
    const std::string folder = encoded(name);
    if (folder.size() <= folder_name_bytes_max) return folder_ + "/" + folder;
    return fail("bad_argument", "The name " + name + " is too long for a folder of files.");
}

Result<std::shared_ptr<void>> FolderSecretStore::lock(double deadline_s) const {
    if (const auto made = make_folders(folder_, 0700); !made) return made.error();
    if (const auto checked = check_folder(); !checked) return checked.error();
    auto taken = FileLock::take(folder_ + "/.lock", deadline_s);
    if (!taken) return taken.error();
    return std::shared_ptr<void>(std::make_shared<FileLock>(std::move(*taken)));
}

Result<std::optional<StoredSecret>> FolderSecretStore::load(const std::string& name) const {
    const auto folder = folder_of(name);
    if (!folder) return folder.error();
    const std::string path = *folder + "/state.json";
    if (!std::filesystem::exists(path)) return std::optional<StoredSecret>();
    const auto text = read_file(path);
    if (!text) return text.error();
    auto secret = from_text(*text, path);
    if (!secret) return secret.error();
    return std::optional<StoredSecret>(std::move(*secret));
}

Result<std::vector<StoredSecret>> FolderSecretStore::load_all() const {
    if (const auto checked = check_folder(); !checked) return checked.error();
    std::vector<StoredSecret> all;
    std::error_code code;
    if (!std::filesystem::exists(folder_, code)) return all;
    for (const auto& entry : std::filesystem::directory_iterator(folder_, code)) {
        const std::string path = entry.path().string() + "/state.json";
        if (!entry.is_directory(code) || !std::filesystem::exists(path)) continue;
        const auto text = read_file(path);
        if (!text) return text.error();
        auto secret = from_text(*text, path);
        if (!secret) return secret.error();
        if (!secret->deleted) all.push_back(std::move(*secret));
    }
    if (code) return fail("file_failed", "Listing " + folder_ + ": " + code.message() + ".");
    std::sort(all.begin(), all.end(), [](const StoredSecret& left, const StoredSecret& right) {
        return left.name < right.name;
    });
    return all;
}

Result<std::string> FolderSecretStore::add(StoredSecret& secret, const std::string& value,
                                           const std::string& stage, const std::string& key) const {
    const auto folder = folder_of(secret.name);
    if (!folder) return folder.error();
    if (const auto made = make_folders(*folder, 0700); !made) return made.error();
    if (const auto synced = sync_folder(folder_); !synced) return synced.error();
    // Versions are never removed, so their count gives the next number.
    const std::string version = std::to_string(secret.versions.size() + 1);
    if (const auto written = write_file_durably(*folder + "/" + version, value, 0600); !written)
        return written.error();
    secret.versions.push_back(
        {.version = version, .stage = "pending", .created_at = wall_now_s(), .key = key});
    if (stage == "current") secret.set_current(version, "previous");
    if (const auto saved = save(secret); !saved) return saved.error();
    return version;
}

Result<std::string> FolderSecretStore::make_value(const std::string& kind,
                                                  std::size_t length) const {
    return make_secret_value(kind, length);
}

Status FolderSecretStore::save(const StoredSecret& secret) const {
    const auto folder = folder_of(secret.name);
    if (!folder) return folder.error();
    StoredSecret stamped = secret;
    stamped.changed_at = wall_now_s();
    return write_file_durably(*folder + "/state.json", to_json(to_value(stamped), 2) + "\n", 0600);
}

Result<std::string> FolderSecretStore::fetch(const std::string& name, const std::string& version) {
    const auto secret = load(name);
    if (!secret) return secret.error();
    const std::string where = " in the store of " + target() + " (" + folder_ + ")";
    if (!*secret || (*secret)->deleted)
        return fail("missing_secret", "There is no secret " + name + where + ".");
    StoredSecret held = **secret;
    const StoredVersion* found = version.empty() ? held.current() : held.find(version);
    if (!found || found->stage == "retired")
        return fail("missing_secret", "The secret " + name + where + " has " +
                                          (version.empty() ? "no current version"
                                                           : "no version " + version + " in use") +
                                          ".");
    return read_file(*folder_of(name) + "/" + found->version);
}

}  // namespace perilune
