#include "bindings/database/sqlite_transfer.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "bindings/database/backup_stream.h"
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

Status fetch_dump(const Work& work, const BackupEntry& entry, const std::string& to_path,
                  List& checks) {
    const Descriptor file(::open(to_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file.open()) return file_error("Making", to_path);
    const auto take = [&](std::string_view bytes) { return write_all(file.get(), bytes, to_path); };
    return read_dump(work.shelf, entry, take, work.watch("Reading the backup " + entry.id), checks);
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
    DumpWriter writer(sink, manifest, work.shelf.keys, work.watch("Sending the backup"));
    std::string piece(piece_bytes, '\0');
    for (;;) {
        const auto got = ::read(file.get(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return file_error("Reading", path);
        if (got == 0) return writer.finish();
        const auto bytes = std::string_view(piece).substr(0, static_cast<std::size_t>(got));
        if (const auto written = writer.write(bytes); !written) return written;
    }
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
