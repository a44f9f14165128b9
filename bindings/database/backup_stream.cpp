#include "bindings/database/backup_stream.h"

#include "bindings/database/database_checks.h"
#include "interpreter/base/loop.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr std::size_t piece_bytes = 1 << 20;

// What is wrong with the stream itself; anything else is no fault of the backup.
bool is_fault_of_backup(const Error& error) { return error.code == "damaged_stream"; }

std::string rate(double bytes, double began_s) {
    const double took_s = boot_now_s() - began_s;
    return took_s > 0 ? ", " + show_size(bytes / took_s) + "/s" : "";
}

// Why it could not be decrypted or unpacked; an empty text where it could.
Result<std::string> unpack(const Shelf& shelf, const BackupEntry& entry, const TakeBytes& take,
                           const StreamWatch& watch, Meter& stored, Meter& database) {
    const auto port = shelf.port(entry.storage);
    if (!port) return port.error();
    auto source = (*port)->read_object(entry.key);
    if (!source && source.error().code == "not_found") return source.error().message;
    if (!source) return source.error();
    const auto unpacker =
        Unpacker::make(entry.manifest.compression, [&](std::string_view bytes) -> Status {
            database.add(bytes);
            // A bomb: more than was packed would fill the disk.
            if (database.bytes > entry.manifest.database_bytes)
                return fail("damaged_stream", "It holds more than its manifest says.");
            return take(bytes);
        });
    const auto cipher = Cipher::decrypting(
        shelf.keys, entry.manifest.encryption,
        [&](std::string_view packed) { return unpacker->write(packed); }, watch);
    const double began_s = boot_now_s();
    std::string fault;
    for (;;) {
        if (const auto stopped = watch.stopped()) return *stopped;
        const auto piece = (*source)->read(piece_bytes);
        if (!piece) return piece.error();
        if (piece->empty()) break;
        stored.add(*piece);
        watch.tell("read " + show_size(stored.bytes) + " of " +
                   show_size(entry.manifest.size_bytes) + rate(stored.bytes, began_s));
        if (!fault.empty()) continue;  // Read on, so that the digest is of all of it.
        const auto written = cipher->write(*piece);
        if (!written && !is_fault_of_backup(written.error())) return written.error();
        if (!written) fault = written.error().message;
    }
    if (!fault.empty()) return fault;
    Status ended = cipher->finish();
    if (ended) ended = unpacker->finish();
    if (!ended && !is_fault_of_backup(ended.error())) return ended.error();
    return ended ? std::string() : ended.error().message;
}

}  // namespace

DumpWriter::DumpWriter(ByteSink& sink, BackupManifest& manifest, const BackupKeys& keys,
                       StreamWatch watch)
    : manifest_(manifest), watch_(std::move(watch)), began_s_(boot_now_s()) {
    const auto store = [this, &sink](std::string_view bytes) {
        stored_.add(bytes);
        return sink.write(bytes);
    };
    cipher_ = Cipher::encrypting(keys, manifest.encryption, store, watch_);
    packer_ = Packer::make(manifest.compression,
                           [this](std::string_view packed) { return cipher_->write(packed); });
}

Status DumpWriter::write(std::string_view bytes) {
    if (const auto stopped = watch_.stopped()) return *stopped;
    database_.add(bytes);
    if (const auto written = packer_->write(bytes); !written) return written;
    if (stored_.bytes > 0) tell();
    return Done{};
}

void DumpWriter::tell() const {
    watch_.tell("stored " + show_size(database_.bytes) + " as " + show_size(stored_.bytes) +
                rate(database_.bytes, began_s_));
}

Status DumpWriter::finish() {
    if (const auto finished = packer_->finish(); !finished) return finished;
    if (const auto finished = cipher_->finish(); !finished) return finished;
    tell();
    manifest_.size_bytes = stored_.bytes;
    manifest_.digest = to_hex(stored_.digest.finish());
    manifest_.database_bytes = database_.bytes;
    manifest_.database_digest = to_hex(database_.digest.finish());
    return Done{};
}

Status read_dump(const Shelf& shelf, const BackupEntry& entry, const TakeBytes& take,
                 const StreamWatch& watch, List& checks) {
    const BackupManifest& manifest = entry.manifest;
    checks.push_back(
        make_check("complete", manifest.state == "complete", "complete", manifest.state));
    if (manifest.state != "complete") return Done{};
    if (const auto ours = require_readable(shelf.keys, entry.id, manifest, watch); !ours)
        return ours;
    Meter stored;
    Meter database;
    const auto fault = unpack(shelf, entry, take, watch, stored, database);
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

}  // namespace perilune
