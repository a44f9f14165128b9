#include "bindings/database/sqlite_previous.h"

#include <chrono>
#include <filesystem>

#include "interpreter/base/loop.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

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

}  // namespace

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
    if (target.memory) return target.memory->copies();
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
    sort_backups(entries);
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
    const std::string id = work.argument("backup").text();
    for (const auto& entry : list_previous(work.target))
        if (entry.id == id) return entry;
    if (id.starts_with(previous_id))
        return no_such_backup(work.shelf, "\"" + id + "\" beside its file");
    return resolve_dump(work.shelf, work.call.arguments);
}

}  // namespace perilune
