#include "interpreter/base/kept_log.h"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <deque>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace perilune {

namespace {

constexpr std::size_t line_max = 8192;  // A longer line is written as several.

std::int64_t wall_now_ms() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

Descriptor open_for_lines(const std::string& path) {
    return Descriptor(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
}

// "1764000000123 o text"
bool parse_line(std::string_view line, LogLine& parsed) {
    std::int64_t at_ms = 0;
    const char* const last = line.data() + line.size();
    const auto [rest, error] = std::from_chars(line.data(), last, at_ms);
    if (error != std::errc() || last - rest < 3 || rest[0] != ' ' || rest[2] != ' ') return false;
    parsed.at = static_cast<double>(at_ms) / 1000;
    parsed.source = rest[1];
    parsed.text.assign(rest + 3, last);
    return true;
}

}  // namespace

LogWriter::LogWriter(std::string path, std::size_t bytes_max)
    : path_(std::move(path)), bytes_max_(bytes_max) {
    if (bytes_max_ == 0) return;
    file_ = open_for_lines(path_);
    struct stat info {};
    if (file_.open() && ::fstat(file_.get(), &info) == 0)
        size_ = static_cast<std::size_t>(info.st_size);
}

void LogWriter::add(char source, std::string_view piece) {
    if (bytes_max_ == 0) return;
    std::string& open_line = open_lines_[source];
    while (!piece.empty()) {
        const auto end = piece.find('\n');
        open_line.append(piece.substr(0, end));
        piece.remove_prefix(end == std::string_view::npos ? piece.size() : end + 1);
        std::string_view text = open_line;
        for (; text.size() > line_max; text.remove_prefix(line_max))
            write_line(source, text.substr(0, line_max));
        if (end == std::string_view::npos) {
            open_line.erase(0, open_line.size() - text.size());
        } else {
            write_line(source, text);
            open_line.clear();
        }
    }
}

void LogWriter::flush() {
    for (auto& [source, open_line] : open_lines_)
        if (!open_line.empty()) write_line(source, open_line);
    open_lines_.clear();
}

void LogWriter::write_line(char source, std::string_view text) {
    std::string line = std::to_string(wall_now_ms());
    line += ' ';
    line += source;
    line += ' ';
    line.append(text);
    line += '\n';
    // A full disk loses lines of a log, never the program that wrote them.
    if (::write(file_.get(), line.data(), line.size()) > 0) size_ += line.size();
    if (size_ < bytes_max_ / 2) return;
    (void)::rename(path_.c_str(), (path_ + ".1").c_str());
    file_ = open_for_lines(path_);
    size_ = 0;
}

std::vector<LogLine> read_log(const std::string& path, const LogQuery& query, bool& truncated) {
    std::deque<LogLine> lines;
    for (const std::string& part : {path + ".1", path}) {
        const auto bytes = read_file(part);
        if (!bytes) continue;
        std::string_view rest = *bytes;
        while (!rest.empty()) {
            const auto end = rest.find('\n');
            LogLine line;
            const bool good = parse_line(rest.substr(0, end), line);
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
            if (!good || line.at < query.since || line.at > query.to) continue;
            if (line.text.find(query.contains) == std::string::npos) continue;
            lines.push_back(std::move(line));
            if (lines.size() <= query.lines_max) continue;
            lines.pop_front();
            truncated = true;
        }
    }
    return {std::make_move_iterator(lines.begin()), std::make_move_iterator(lines.end())};
}

}  // namespace perilune
