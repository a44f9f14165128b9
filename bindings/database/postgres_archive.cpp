#include "bindings/database/postgres_archive.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include <sys/stat.h>

#include "interpreter/base/loop.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t segment_name_letters = 24;
constexpr std::size_t key_letters = 8;

double changed_at(const std::string& path) {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) return 0;
    return static_cast<double>(found.st_mtim.tv_sec) +
           static_cast<double>(found.st_mtim.tv_nsec) / 1e9;
}

bool is_segment(const std::string& name) {
    return name.size() == segment_name_letters &&
           name.find_first_not_of("0123456789ABCDEF") == std::string::npos;
}

// The line of a backup's label that begins so; both its own file and the archive's have it.
std::string line_of(const std::string& label, const std::string& beginning) {
    const auto at = label.find(beginning);
    if (at == std::string::npos) return {};
    return label.substr(at, label.find('\n', at) - at);
}

// When the archive was told of a base backup's end; 0 where it was not. By the file's own time,
// which is never before the end, for what stands in it has the server's own time zone.
double end_in_archive(const std::string& archive, const std::string& label) {
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(archive, code)) {
        if (entry.path().extension() != ".backup") continue;
        const auto said = read_file(entry.path());
        if (!said) continue;
        const std::string where = line_of(label, "START WAL LOCATION:");
        const std::string when = line_of(label, "START TIME:");
        if (!where.empty() && where == line_of(*said, "START WAL LOCATION:") &&
            when == line_of(*said, "START TIME:"))
            return changed_at(entry.path());
    }
    return 0;
}

}  // namespace

std::vector<BaseBackup> list_base_backups(const PostgresTarget& target) {
    std::vector<BaseBackup> found;
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(target.base_backups, code)) {
        const auto label = read_file(entry.path() / "backup_label");
        if (!label || !fs::exists(entry.path() / "backup_manifest", code)) continue;
        const double end = end_in_archive(target.archive, *label);
        if (end > 0) found.push_back({entry.path(), end});
    }
    std::sort(found.begin(), found.end(), [](const auto& one, const auto& other) {
        return one.complete_at_s < other.complete_at_s;
    });
    return found;
}

std::optional<ArchiveWindow> archive_window(const PostgresTarget& target, bool server_answers) {
    const auto bases = list_base_backups(target);
    if (bases.empty()) return std::nullopt;
    ArchiveWindow window{.from_at_s = bases.front().complete_at_s,
                         .to_at_s = server_answers ? wall_now_s() : 0};
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(target.archive, code))
        if (!server_answers && is_segment(entry.path().filename()))
            window.to_at_s = std::max(window.to_at_s, changed_at(entry.path()));
    return window;
}

Result<BaseBackup> choose_base(const PostgresTarget& target, double at_s) {
    const auto bases = list_base_backups(target);
    const std::string doing = "Restoring " + target.target + " to " + show_time(at_s);
    if (at_s > wall_now_s()) return fail("bad_argument", doing + ": that is yet to come.");
    for (auto base = bases.rbegin(); base != bases.rend(); ++base)
        if (base->complete_at_s <= at_s) return *base;
    return fail(
        "not_found",
        doing + ": no base backup in " + target.base_backups + " whose end the archive " +
            target.archive + " has is that old. " +
            (bases.empty() ? "There is none at all."
                           : "The oldest is of " + show_time(bases.front().complete_at_s) + "."));
}

// BESIDE-FROM-UNTIL-KEY: what a name says is there whatever became of the state store.
std::string kept_data_name(const LocalServer& server, double at_s, double until_at_s,
                           const std::string& call_key) {
    return server.beside("previous-" + std::to_string(std::llround(at_s)) + "-" +
                         std::to_string(std::llround(until_at_s)) + "-" +
                         call_key.substr(0, key_letters));
}

BackupEntry kept_data_entry(const LocalServer& server, const std::string& folder) {
    BackupEntry entry;
    const std::string name = folder.substr(server.beside("previous-").size());
    long long at = 0;
    long long until = 0;
    const char* last = name.data() + name.size();
    const auto [behind, wrong] = std::from_chars(name.data(), last, at);
    if (wrong != std::errc{} || behind == last || *behind != '-') return entry;
    if (std::from_chars(behind + 1, last, until).ec != std::errc{}) return entry;
    entry.id = kept_data_id + name;
    entry.file = folder;
    entry.state = "complete";
    entry.at_s = static_cast<double>(at);
    entry.keep_until_at_s = static_cast<double>(until);
    return entry;
}

std::vector<BackupEntry> list_kept_data(const LocalServer& server) {
    std::vector<BackupEntry> kept;
    std::error_code code;
    const std::string beginning = server.beside("previous-");
    for (const auto& entry : fs::directory_iterator(fs::path(server.data).parent_path(), code)) {
        if (!entry.path().string().starts_with(beginning)) continue;
        BackupEntry one = kept_data_entry(server, entry.path());
        if (!one.id.empty()) kept.push_back(std::move(one));
    }
    std::sort(kept.begin(), kept.end(),
              [](const auto& one, const auto& other) { return one.at_s > other.at_s; });
    return kept;
}

}  // namespace perilune
