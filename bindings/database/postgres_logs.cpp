// The PostgreSQL server's own log, where its files are on this machine: logs.
//
// A line belongs to the moment that it begins with, in the server's log_timezone; what begins with
// none (a statement's second line) to the line before it. Names of zones mean different offsets in
// different countries, so only UTC and offsets are read.
#include <algorithm>
#include <cctype>
#include <deque>
#include <filesystem>
#include <fstream>
#include <optional>

#include <sys/stat.h>

#include "bindings/database/postgres_backup.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t line_bytes_max = 64 << 10;
// Columns of a csvlog (PostgreSQL's manual, "Using CSV-Format Log Output").
constexpr std::size_t severity_column = 11;
constexpr std::size_t message_column = 13;
constexpr std::size_t detail_column = 14;

struct LogEntry {
    double at_s = 0;
    std::string text;
    std::string source;
};

struct LogWish {
    double since_s = 0;
    double to_s = 0;
    std::string contains;
    std::size_t lines_max = 0;
};

struct LogFound {
    std::deque<LogEntry> entries;
    bool truncated = false;
    std::string bad_zone;  // One that could not be read.
};

// "2026-03-01 02:00:00.123 UTC", with what follows. Nothing where it begins with no moment;
// `zone` where the moment's zone is not known.
std::optional<double> read_moment(const std::string& line, std::string& zone) {
    constexpr std::size_t seconds_end = 19;
    if (line.size() < seconds_end + 4 || line[4] != '-' || line[10] != ' ' || line[13] != ':')
        return std::nullopt;
    const auto space = line.find(' ', seconds_end);
    // Where there is none, it is npos, the largest number.
    if (space > seconds_end + 8) return std::nullopt;
    const auto end = std::min(line.find_first_of(" ,:[", space + 1), line.size());
    std::string offset = line.substr(space + 1, end - space - 1);
    if (offset == "UTC" || offset == "GMT") offset = "Z";
    if (offset.size() == 3 && (offset[0] == '+' || offset[0] == '-')) offset += ":00";
    const std::string text = line.substr(0, 10) + "T" + line.substr(11, space - 11) + offset;
    const auto at_s = parse_time(text);
    if (at_s) return *at_s;
    if (std::isdigit(static_cast<unsigned char>(line[0]))) zone = offset;
    return std::nullopt;
}

void take(LogFound& found, const LogWish& wish, LogEntry entry) {
    if (entry.at_s < wish.since_s || entry.at_s > wish.to_s) return;
    if (entry.text.find(wish.contains) == std::string::npos) return;
    if (entry.text.size() > line_bytes_max) entry.text.resize(line_bytes_max);
    found.entries.push_back(std::move(entry));
}

void read_plain(std::istream& file, const std::string& source, const LogWish& wish,
                LogFound& found) {
    std::optional<double> at_s;
    std::string line;
    while (std::getline(file, line)) {
        const auto begins = read_moment(line, found.bad_zone);
        if (begins) at_s = begins;
        if (at_s) take(found, wish, {*at_s, line, source});
    }
}

// One record: its fields may hold commas, quotes and ends of lines.
bool read_record(std::istream& file, std::vector<std::string>& fields) {
    fields.assign(1, "");
    bool quoted = false;
    int c = 0;
    while ((c = file.get()) != EOF) {
        if (quoted && c == '"' && file.peek() == '"') {
            fields.back() += static_cast<char>(file.get());
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && c == ',') {
            fields.emplace_back();
        } else if (!quoted && c == '\n') {
            return true;
        } else {
            fields.back() += static_cast<char>(c);
        }
    }
    return false;  // A record that is still being written is not shown.
}

void read_csv(std::istream& file, const std::string& source, const LogWish& wish, LogFound& found) {
    std::vector<std::string> fields;
    while (read_record(file, fields)) {
        if (fields.size() <= detail_column) continue;
        const auto at_s = read_moment(fields[0] + " ", found.bad_zone);
        std::string text = fields[severity_column] + ":  " + fields[message_column];
        if (!fields[detail_column].empty()) text += " DETAIL:  " + fields[detail_column];
        if (at_s) take(found, wish, {*at_s, std::move(text), source});
    }
}

std::vector<fs::path> files_of(const std::string& place) {
    std::error_code code;
    if (!fs::is_directory(place, code)) return {place};
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(place, code))
        if (entry.is_regular_file() &&
            (entry.path().extension() == ".log" || entry.path().extension() == ".csv"))
            files.push_back(entry.path());
    // A server that writes both says the same in both.
    const bool has_csv = std::any_of(files.begin(), files.end(),
                                     [](const auto& path) { return path.extension() == ".csv"; });
    if (has_csv) std::erase_if(files, [](const auto& path) { return path.extension() != ".csv"; });
    std::sort(files.begin(), files.end());
    return files;
}

Result<Value> read_logs(const PostgresTarget& target, const LogWish& wish) {
    LogFound found;
    for (const auto& path : files_of(target.log)) {
        struct stat changed {};
        if (::stat(path.c_str(), &changed) == 0 &&
            static_cast<double>(changed.st_mtime) + 1 < wish.since_s)
            continue;
        std::ifstream file(path);
        if (!file)
            return fail("file_failed", "Reading the log of " + target.target + ": " +
                                           path.string() +
                                           " cannot be read. See the setting `log`.");
        const std::string source = path.filename();
        if (path.extension() == ".csv") {
            read_csv(file, source, wish, found);
        } else {
            read_plain(file, source, wish, found);
        }
        if (found.entries.size() <= wish.lines_max) continue;
        found.truncated = true;
        found.entries.erase(found.entries.begin(),
                            found.entries.end() - static_cast<std::ptrdiff_t>(wish.lines_max));
    }
    if (found.entries.empty() && !found.bad_zone.empty())
        return fail("not_supported", "Reading the log of " + target.target +
                                         ": its lines have the time zone " + found.bad_zone +
                                         ", which may mean several. Set log_timezone = 'UTC'.");
    List lines;
    for (auto& entry : found.entries)
        lines.push_back(Value()
                            .set("at", entry.at_s)
                            .set("text", std::move(entry.text))
                            .set("source", std::move(entry.source)));
    return Value().set("lines", std::move(lines)).set("truncated", found.truncated);
}

Awaitable<Result<Value>> observe_logs(PostgresTargetPointer target, Call& call) {
    if (target->log.empty())
        co_return fail("not_supported", "Reading the log of " + target->target +
                                            " needs its file: name it with the setting `log`, "
                                            "where it is on this machine.");
    LogWish wish{.since_s = call.arguments["since"].number(),
                 .to_s = wall_now_s() + 1,
                 .contains = call.arguments["contains"].text(),
                 .lines_max = static_cast<std::size_t>(call.arguments["lines_max"].number())};
    if (call.arguments.has("to")) wish.to_s = call.arguments["to"].number();
    std::function<Result<Value>()> reading = [&] { return read_logs(*target, wish); };
    co_return co_await off_the_loop<Result<Value>>(*target, reading);
}

}  // namespace

void add_postgres_logs(Operations& operations, const PostgresTargetPointer& target) {
    operations["logs"].observe = [target](Call& call) { return observe_logs(target, call); };
}

}  // namespace perilune
