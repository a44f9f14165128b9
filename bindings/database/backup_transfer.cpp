#include "bindings/database/backup_transfer.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "bindings/database/compression.h"
#include "bindings/database/sqlite_checks.h"
#include "bindings/database/sqlite_pages.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/files.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr std::size_t piece_bytes = 1 << 20;

Error file_error(const std::string& doing, const std::string& path) {
    return fail("file_failed", doing + " " + path + ": " + std::strerror(errno) + ".");
}

Status write_all(int file, std::string_view bytes, const std::string& path) {
    while (!bytes.empty()) {
        const auto written = ::write(file, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return file_error("Writing", path);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return Done{};
}

// Counts and digests what passes.
struct Meter {
    Digest digest;
    double bytes = 0;
    void add(std::string_view piece) {
        digest.add(piece);
        bytes += static_cast<double>(piece.size());
    }
};

// What is wrong with the stream itself; anything else is no fault of the backup.
bool is_fault_of_backup(const Error& error) { return error.code == "damaged_stream"; }

// Unpacks a dump's object into a file. An empty text: it could be unpacked.
Result<std::string> receive(const Work& work, const BackupEntry& entry, const std::string& to_path,
                            Meter& stored, Meter& database) {
    const auto port = work.port(entry.storage);
    if (!port) return port.error();
    auto source = (*port)->read_object(entry.key);
    if (!source && source.error().code == "not_found") return source.error().message;
    if (!source) return source.error();
    const Descriptor file(::open(to_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file.open()) return file_error("Making", to_path);
    const auto unpacker =
        Unpacker::make(entry.manifest.compression, [&](std::string_view bytes) -> Status {
            database.add(bytes);
            // A bomb: more than was packed would fill the disk.
            if (database.bytes > entry.manifest.database_bytes)
                return fail("damaged_stream", "It holds more than its manifest says.");
            return write_all(file.get(), bytes, to_path);
        });
    std::string fault;
    for (;;) {
        if (const auto stopped = work.stopped("Reading the backup " + entry.id)) return *stopped;
        const auto piece = (*source)->read(piece_bytes);
        if (!piece) return piece.error();
        if (piece->empty()) break;
        stored.add(*piece);
        work.call.tell("read " + show_size(stored.bytes) + " of " +
                       show_size(entry.manifest.size_bytes));
        if (!fault.empty()) continue;  // Read on, so that the digest is of all of it.
        const auto written = unpacker->write(*piece);
        if (!written && !is_fault_of_backup(written.error())) return written.error();
        if (!written) fault = written.error().message;
    }
    if (fault.empty())
        if (const auto ended = unpacker->finish(); !ended) fault = ended.error().message;
    return fault;
}

Status fetch_dump(const Work& work, const BackupEntry& entry, const std::string& to_path,
                  List& checks) {
    const BackupManifest& manifest = entry.manifest;
    checks.push_back(
        make_check("complete", manifest.state == "complete", "complete", manifest.state));
    if (manifest.state != "complete") return Done{};
    Meter stored;
    Meter database;
    const auto fault = receive(work, entry, to_path, stored, database);
    if (!fault) return fault.error();
    const std::string stored_digest = to_hex(stored.digest.finish());
    const std::string database_digest = to_hex(database.digest.finish());
    checks.push_back(make_check("size of the object", stored.bytes == manifest.size_bytes,
                                manifest.size_bytes, stored.bytes));
    checks.push_back(make_check("digest of the object", stored_digest == manifest.digest,
                                manifest.digest, stored_digest));
    checks.push_back(
        make_check("unpacking", fault->empty(), "ok", fault->empty() ? std::string("ok") : *fault));
    checks.push_back(make_check("digest of the database",
                                database_digest == manifest.database_digest,
                                manifest.database_digest, database_digest));
    return Done{};
}

// A copy that a restore kept is read by SQLite, with whatever log it still has.
Status fetch_previous(const Work& work, const BackupEntry& entry, const std::string& to_path,
                      List& checks) {
    auto from = work.open_file(entry.file, Access::read);
    if (!from) return from.error();
    auto to = work.open_file(to_path, Access::create);
    if (!to) return to.error();
    const auto copied = copy_database(**from, **to, [](double, double) {});
    if (!copied && copied.error().code != "damaged") return copied;
    checks.push_back(make_check("reading", copied.ok(), "ok",
                                copied ? std::string("ok") : copied.error().message));
    return Done{};
}

bool all_passed(const List& checks) {
    for (const auto& check : checks)
        if (!check["passed"].boolean()) return false;
    return true;
}

}  // namespace

Status send_file(const Work& work, const std::string& path, ByteSink& sink,
                 BackupManifest& manifest) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.open()) return file_error("Reading", path);
    Meter stored;
    Meter database;
    const auto packer = Packer::make(manifest.compression, [&](std::string_view packed) {
        stored.add(packed);
        return sink.write(packed);
    });
    std::string piece(piece_bytes, '\0');
    for (;;) {
        if (const auto stopped = work.stopped("Sending the backup")) return *stopped;
        const auto got = ::read(file.get(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return file_error("Reading", path);
        if (got == 0) break;
        const auto bytes = std::string_view(piece).substr(0, static_cast<std::size_t>(got));
        database.add(bytes);
        if (const auto written = packer->write(bytes); !written) return written;
        work.call.tell("stored " + show_size(database.bytes) + " as " + show_size(stored.bytes));
    }
    if (const auto finished = packer->finish(); !finished) return finished;
    manifest.size_bytes = stored.bytes;
    manifest.digest = to_hex(stored.digest.finish());
    manifest.database_bytes = database.bytes;
    manifest.database_digest = to_hex(database.digest.finish());
    return Done{};
}

Status fetch_backup(const Work& work, const BackupEntry& entry, const std::string& to_path,
                    List& checks) {
    const bool dump = !entry.storage.empty();
    const auto fetched = dump ? fetch_dump(work, entry, to_path, checks)
                              : fetch_previous(work, entry, to_path, checks);
    if (!fetched) {
        remove_copy(to_path);
        return fetched;
    }
    Status done = Done{};
    if (all_passed(checks)) {
        done = make_plain(work, to_path);
        auto opened = work.open_file(to_path, Access::read);
        if (done && !opened) done = opened.error();
        if (done) {
            check_structure(**opened, "full", checks);
            if (dump) check_exact_counts(**opened, entry.manifest.counts, checks);
            check_counts(**opened, work.argument("counts"), checks);
        }
        if (const auto stopped = work.stopped("Checking the backup")) done = *stopped;
    }
    if (!done || !all_passed(checks)) remove_copy(to_path);
    return done;
}

std::string scratch_path(const Work& work, const std::string& purpose) {
    remove_stale_scratch(work.target);
    const std::string key = work.call.key.empty() ? to_hex(random_bytes(6)) : work.call.key;
    const std::string path = work.target.path + "." + purpose + "-" + key.substr(0, 12) + ".part";
    remove_copy(path);
    return path;
}

Status make_plain(const Work& work, const std::string& path) {
    auto opened = work.open_file(path, Access::write);
    if (!opened) return opened.error();
    const auto versions = read_versions(**opened);
    if (!versions) return versions.error();
    if (versions->write == 1 && versions->read == 1) return Done{};
    return write_versions(**opened, FileVersions{});
}

}  // namespace perilune
