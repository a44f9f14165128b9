#include "bindings/database/backup_files.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include "bindings/database/backup_claim.h"
#include "bindings/database/backup_stream.h"
#include "bindings/database/database_checks.h"
#include "interpreter/base/files.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece_bytes = 1 << 20;
constexpr std::string_view beside = ".files/";
constexpr std::size_t call_size = 12;

Error file_error(const std::string& doing, const std::string& path) {
    return fail("file_failed", doing + " " + path + ": " + std::strerror(errno) + ".");
}

Status send_file(const std::string& path, DumpWriter& writer) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.open()) return file_error("Reading", path);
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

Status write_all(int file, std::string_view bytes, const std::string& path) {
    while (!bytes.empty()) {
        const auto written = ::write(file, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return file_error("Writing", path);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return Done{};
}

// The manifest that a file would have if it were a dump by itself.
BackupManifest manifest_of(const std::string& key, const BackupManifest& whole,
                           const BackupFile& file) {
    BackupManifest one;
    one.state = whole.state;
    one.compression = whole.compression;
    one.encryption = whole.encryption;
    one.key = key + whole.folder + file.name;
    one.size_bytes = file.size_bytes;
    one.digest = file.digest;
    one.database_bytes = file.database_bytes;
    one.database_digest = file.database_digest;
    return one;
}

// As sha256sum prints them, digested.
std::string digest_list(const std::vector<BackupFile>& files, std::string BackupFile::*digest) {
    std::string list;
    for (const auto& file : files) list += file.*digest + "  " + file.name + "\n";
    return to_hex(sha256(list));
}

void sum_up(BackupManifest& manifest) {
    manifest.size_bytes = manifest.database_bytes = 0;
    for (const auto& file : manifest.files) {
        manifest.size_bytes += file.size_bytes;
        manifest.database_bytes += file.database_bytes;
    }
    manifest.digest = digest_list(manifest.files, &BackupFile::digest);
    manifest.database_digest = digest_list(manifest.files, &BackupFile::database_digest);
}

// One of several at once tells how far all of them are, not how far it is.
StreamWatch quiet(const StreamWatch& watch) {
    return {.stopped = watch.stopped, .tell = [](const std::string&) {}};
}

Status fetch_file(const Shelf& shelf, const BackupEntry& entry, const BackupFile& file,
                  const std::string& path, const StreamWatch& watch, List& checks) {
    BackupEntry one = entry;
    one.manifest = manifest_of(entry.key, entry.manifest, file);
    one.key = one.manifest.key;
    const Descriptor to(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!to.open()) return file_error("Making", path);
    const auto take = [&](std::string_view bytes) { return write_all(to.get(), bytes, path); };
    return read_dump(shelf, one, take, quiet(watch), checks);
}

}  // namespace

std::string folder_of_call(const std::string& call_key) {
    const std::string call = call_key.empty() ? to_hex(random_bytes(call_size / 2)) : call_key;
    return std::string(beside) + call.substr(0, call_size) + "/";
}

bool is_dump_file(std::string_view name) {
    if (name == "toc.dat" || name == "blobs.toc") return true;
    if (name.starts_with("blobs_")) name.remove_prefix(6);
    if (name.starts_with("blob_")) name.remove_prefix(5);
    const auto digits = std::min(name.find_first_not_of("0123456789"), name.size());
    return digits > 0 && (name.substr(digits) == ".dat" || name.substr(digits) == ".toc");
}

Status store_files(const Shelf& shelf, const std::string& storage, const std::string& folder,
                   int jobs, BackupManifest& manifest, const StreamWatch& watch) {
    const auto port = shelf.port(storage);
    if (!port) return port.error();
    std::error_code code;
    for (const auto& found : fs::directory_iterator(folder, code)) {
        manifest.files.push_back({.name = found.path().filename().string()});
        if (!is_dump_file(manifest.files.back().name))
            return fail("bug", "pg_dump made a file of an unknown name: " + found.path().string());
    }
    if (code) return fail("file_failed", "Reading " + folder + ": " + code.message() + ".");
    std::sort(manifest.files.begin(), manifest.files.end(),
              [](const auto& left, const auto& right) { return left.name < right.name; });
    std::atomic<std::size_t> stored = 0;
    const auto store_one = [&](std::size_t at) -> Status {
        BackupFile& file = manifest.files[at];
        BackupManifest one = manifest_of(manifest.key, manifest, file);
        const auto send = [&](ByteSink& sink, BackupManifest& filled) -> Status {
            DumpWriter writer(sink, filled, shelf.keys, quiet(watch));
            return send_file(folder + "/" + file.name, writer);
        };
        if (const auto sent = store_object(**port, one, send); !sent) return sent;
        file.size_bytes = one.size_bytes;
        file.digest = one.digest;
        file.database_bytes = one.database_bytes;
        file.database_digest = one.database_digest;
        watch.tell("stored " + std::to_string(++stored) + " of " +
                   std::to_string(manifest.files.size()) + " files");
        return Done{};
    };
    const auto done = work_at_once(manifest.files.size(), jobs, store_one);
    if (done) sum_up(manifest);
    return done;
}

Status fetch_files(const Shelf& shelf, const BackupEntry& entry, const std::string& folder,
                   int jobs, const StreamWatch& watch, List& checks) {
    const BackupManifest& manifest = entry.manifest;
    checks.push_back(
        make_check("complete", manifest.state == "complete", "complete", manifest.state));
    if (manifest.state != "complete") return Done{};
    std::mutex mutex;
    std::size_t whole = 0;
    const auto fetch_one = [&](std::size_t at) -> Status {
        const BackupFile& file = manifest.files[at];
        List found;
        const auto fetched = fetch_file(shelf, entry, file, folder + "/" + file.name, watch, found);
        const std::lock_guard lock(mutex);
        bool passed = fetched.ok();
        for (auto& check : found) {
            if (check["passed"].boolean()) continue;
            passed = false;
            check.set("name", file.name + ": " + check["name"].text());
            checks.push_back(std::move(check));
        }
        if (passed) ++whole;
        watch.tell("read " + std::to_string(whole) + " of " +
                   std::to_string(manifest.files.size()) + " files");
        return fetched;
    };
    const auto done = work_at_once(manifest.files.size(), jobs, fetch_one);
    if (!done) return done;
    const auto count = static_cast<double>(manifest.files.size());
    const auto good = static_cast<double>(whole);
    checks.push_back(make_check("whole files", whole == manifest.files.size(), count, good));
    return Done{};
}

Status remove_files(ObjectPort& port, const std::string& key, const std::string& kept) {
    const std::string prefix = key + std::string(beside);
    const auto objects = port.list_objects(prefix);
    if (!objects) return objects.error();
    for (const auto& object : objects->list()) {
        const std::string name = object["key"].text();
        const auto slash = name.find('/', prefix.size());
        // Somebody else's object of such a name is none of ours.
        if (slash == std::string::npos || !is_dump_file(name.substr(slash + 1))) continue;
        if (!kept.empty() && name.starts_with(key + kept)) continue;
        if (const auto removed = port.delete_object(name); !removed) return removed;
    }
    return Done{};
}

Status work_at_once(std::size_t count, int jobs,
                    const std::function<Status(std::size_t at)>& work) {
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;
    Status first = Done{};
    const auto end_with = [&](const Error& error) {
        const std::lock_guard lock(mutex);
        if (first) first = error;
        next = count;
    };
    const auto worker = [&] {
        try {
            for (std::size_t at = next++; at < count; at = next++)
                if (const auto done = work(at); !done) return end_with(done.error());
        } catch (const std::exception& thrown) {
            end_with(fail("bug", thrown.what()));
        }
    };
    std::vector<std::jthread> others;
    for (int i = 1; i < jobs && static_cast<std::size_t>(i) < count; ++i)
        others.emplace_back(worker);
    worker();
    others.clear();
    return first;
}

}  // namespace perilune
