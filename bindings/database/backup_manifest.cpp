#include "bindings/database/backup_manifest.h"

#include "bindings/database/backup_files.h"
#include "interpreter/base/json.h"

namespace perilune {

namespace {

constexpr std::string_view ending = ".manifest.json";
constexpr const char* format = "perilune backup 1";
// What programs that know only the first must not take for a backup that they can read.
constexpr const char* format_newer = "perilune backup 2";

Value write_encryption(const BackupEncryption& encryption) {
    List recipients;
    for (const auto& recipient : encryption.recipients) recipients.emplace_back(recipient);
    return Value().set("format", encryption.format).set("recipients", std::move(recipients));
}

Value write_files(const std::vector<BackupFile>& files) {
    List written;
    for (const auto& file : files) {
        Value one;
        one.set("name", file.name).set("size_bytes", file.size_bytes).set("digest", file.digest);
        one.set("database_bytes", file.database_bytes);
        written.push_back(one.set("database_digest", file.database_digest));
    }
    return Value(std::move(written));
}

std::vector<BackupFile> read_files(const Value& written) {
    std::vector<BackupFile> files;
    for (const auto& one : written.list())
        files.push_back({.name = one["name"].text(),
                         .size_bytes = one["size_bytes"].number(),
                         .digest = one["digest"].text(),
                         .database_bytes = one["database_bytes"].number(),
                         .database_digest = one["database_digest"].text()});
    return files;
}

BackupEncryption read_encryption(const Value& written) {
    BackupEncryption encryption;
    encryption.format = written["format"].text();
    for (const auto& recipient : written["recipients"].list())
        encryption.recipients.push_back(recipient.text());
    return encryption;
}

}  // namespace

std::string manifest_key(const std::string& key) { return key + std::string(ending); }

std::string key_of_manifest(const std::string& manifest_key) {
    if (!manifest_key.ends_with(ending)) return {};
    return manifest_key.substr(0, manifest_key.size() - ending.size());
}

std::string write_manifest(const BackupManifest& manifest) {
    Value written;
    const bool newer = manifest.encryption.used() || manifest.is_folder();
    written.set("format", newer ? format_newer : format);
    written.set("database", manifest.engine).set("state", manifest.state);
    written.set("source", manifest.source).set("call", manifest.call).set("key", manifest.key);
    written.set("at", manifest.at_s).set("deadline_at", manifest.deadline_at_s);
    written.set("size_bytes", manifest.size_bytes).set("digest", manifest.digest);
    written.set("database_bytes", manifest.database_bytes);
    written.set("database_digest", manifest.database_digest);
    written.set("compression", manifest.compression).set("counts", manifest.counts);
    if (!manifest.dump_format.empty()) written.set("dump_format", manifest.dump_format);
    if (manifest.encryption.used())
        written.set("encryption", write_encryption(manifest.encryption));
    if (manifest.is_folder())
        written.set("folder", manifest.folder).set("files", write_files(manifest.files));
    if (manifest.engine == "sqlite")
        written.set("uses_log", manifest.uses_log).set("user_version", manifest.user_version);
    return to_json(written, 2) + "\n";
}

Result<BackupManifest> read_manifest(const std::string& text, const std::string& engine) {
    const auto read = from_json(text);
    if (!read) return read.error();
    const std::string known = (*read)["format"].text();
    if ((known != format && known != format_newer) || (*read)["database"].text() != engine)
        return fail("not_a_backup", "It is no manifest of a backup by the driver " + engine +
                                        " that this program knows.");
    BackupManifest manifest;
    manifest.engine = engine;
    manifest.state = (*read)["state"].text();
    manifest.source = (*read)["source"].text();
    manifest.call = (*read)["call"].text();
    manifest.key = (*read)["key"].text();
    manifest.at_s = (*read)["at"].number();
    manifest.deadline_at_s = (*read)["deadline_at"].number();
    manifest.size_bytes = (*read)["size_bytes"].number();
    manifest.digest = (*read)["digest"].text();
    manifest.database_bytes = (*read)["database_bytes"].number();
    manifest.database_digest = (*read)["database_digest"].text();
    manifest.compression = (*read)["compression"].text();
    manifest.dump_format = (*read)["dump_format"].text();
    manifest.encryption = read_encryption((*read)["encryption"]);
    manifest.folder = (*read)["folder"].text();
    manifest.files = read_files((*read)["files"]);
    manifest.uses_log = (*read)["uses_log"].boolean();
    manifest.user_version = (*read)["user_version"].number();
    manifest.counts = (*read)["counts"];
    if (manifest.compression != "zstd" && manifest.compression != "gzip" &&
        manifest.compression != "none")
        return fail("not_a_backup", "Its compression \"" + manifest.compression +
                                        "\" is none that this program knows.");
    // Its files are fetched into a folder by their names.
    for (const auto& file : manifest.files)
        if (!is_dump_file(file.name))
            return fail("not_a_backup", "It names a file that is none of a dump.");
    return manifest;
}

}  // namespace perilune
