// The newest lines of a program that outlives the host, each with its time, in two bounded files.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "interpreter/base/files.h"

namespace perilune {

// Appends lines to PATH; when it is half of `bytes_max`, it becomes PATH.1 and a new one begins.
class LogWriter {
public:
    LogWriter(std::string path, std::size_t bytes_max);
    // Adds a piece of the stream `source` (one letter); whole lines are written.
    void add(char source, std::string_view piece);
    // Writes what has no end of line yet.
    void flush();

private:
    void write_line(char source, std::string_view text);

    std::string path_;
    std::size_t bytes_max_;
    std::size_t size_ = 0;
    Descriptor file_;
    std::map<char, std::string> open_lines_;
};

struct LogLine {
    double at = 0;  // Unix seconds
    char source = ' ';
    std::string text;
};

struct LogQuery {
    double since = 0;
    double to = 1e15;
    std::string contains = {};
    std::size_t lines_max = 1000;
};

// The newest `lines_max` of the lines asked for, oldest first; sets `truncated` where there are
// more. A log that is not there has no lines.
std::vector<LogLine> read_log(const std::string& path, const LogQuery& query, bool& truncated);

}  // namespace perilune
