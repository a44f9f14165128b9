#include "bindings/schedule/crontab_text.h"

#include <algorithm>

#include "bindings/schedule/cron.h"
#include "interpreter/base/digest.h"

namespace perilune {

namespace {

constexpr std::string_view tag_mark = "# job: ";
constexpr std::string_view reason_mark = "# pause reason: ";
constexpr std::string_view pause_mark = "# paused by perilune: ";

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") + 1 - first);
}

std::vector<std::string> split_lines(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(end);
    }
    return lines;
}

// `NAME = value`, as crontab(5) has it; the value without quotes.
bool is_variable(std::string_view line, std::string& name, std::string& value) {
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) return false;
    name = std::string(trimmed(line.substr(0, equals)));
    if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
    for (const char letter : name)
        if (!std::isalnum(static_cast<unsigned char>(letter)) && letter != '_') return false;
    std::string_view rest = trimmed(line.substr(equals + 1));
    const bool quoted = rest.size() >= 2 && (rest[0] == '"' || rest[0] == '\'');
    if (quoted && rest.back() == rest[0]) rest = rest.substr(1, rest.size() - 2);
    value = std::string(rest);
    return true;
}

// Cuts a job's line into its schedule and what it does.
bool split_job(std::string_view line, std::string& cron, std::string& destination) {
    std::size_t at = 0;
    const int words = line.starts_with('@') ? 1 : 5;
    for (int word = 0; word < words; ++word) {
        at = line.find_first_of(" \t", at);
        if (at == std::string_view::npos) return false;
        if (word + 1 < words) at = line.find_first_not_of(" \t", at);
    }
    cron = std::string(line.substr(0, at));
    destination = std::string(trimmed(line.substr(at)));
    return !destination.empty();
}

}  // namespace

class CrontabText::Parser {
public:
    Parser(CrontabText& text, const std::string& path) : text_(text), path_(path) {}

    Status parse() {
        for (std::size_t i = 0; i < text_.lines_.size(); ++i) {
            line_ = static_cast<int>(i);
            if (const auto read = read_line(trimmed(text_.lines_[i])); !read) return read;
        }
        return Done{};
    }

private:
    Error refuse(const std::string& why) const {
        return fail("bad_crontab", path_ + ":" + std::to_string(line_ + 1) + ": " + why);
    }

    Status read_line(std::string_view line) {
        std::string name;
        std::string value;
        if (line.starts_with(tag_mark)) {
            next_ = {.tag = line_};
            name_ = std::string(trimmed(line.substr(tag_mark.size())));
            return Done{};
        }
        if (line.starts_with(pause_mark)) return read_job(line.substr(pause_mark.size()), true);
        if (line.starts_with(reason_mark)) {
            next_.reason = line_;
            return Done{};
        }
        if (line.starts_with('#')) return Done{};
        if (line.empty() || is_variable(line, name, value)) {
            if (name == "CRON_TZ") text_.last_zone_ = value;
            next_ = {};
            name_.clear();
            return Done{};
        }
        return read_job(line, false);
    }

    Status read_job(std::string_view line, bool paused) {
        CronJob job{.name = name_, .time_zone = text_.last_zone_, .paused = paused};
        if (!split_job(trimmed(line), job.cron, job.destination))
            return refuse("the line is neither a comment, a variable nor a job with a command.");
        if (const auto cron = CronExpression::parse(job.cron); !cron)
            return refuse(cron.error().message);
        if (job.name.empty()) job.name = own_name(job);
        if (text_.find(job.name))
            return refuse("a second job is called \"" + job.name + "\"; names must differ.");
        next_.line = line_;
        text_.jobs_.push_back(std::move(job));
        text_.places_.push_back(next_);
        next_ = {};
        name_.clear();
        return Done{};
    }

    // The name of a job that has none: the same as long as its line is.
    std::string own_name(const CronJob& job) const {
        const std::string base =
            "unnamed-" + to_hex(sha256(job.cron + " " + job.destination)).substr(0, 8);
        std::string name = base;
        for (int copy = 2; text_.find(name); ++copy) name = base + "-" + std::to_string(copy);
        return name;
    }

    CrontabText& text_;
    const std::string& path_;
    int line_ = 0;
    Place next_;
    std::string name_;
};

Result<CrontabText> CrontabText::parse(std::string_view text, const std::string& time_zone,
                                       const std::string& path) {
    CrontabText made;
    made.lines_ = split_lines(text);
    made.last_zone_ = time_zone;
    if (const auto parsed = Parser(made, path).parse(); !parsed) return parsed.error();
    return made;
}

const CronJob* CrontabText::find(std::string_view name) const {
    for (const auto& job : jobs_)
        if (job.name == name) return &job;
    return nullptr;
}

const CrontabText::Place& CrontabText::place_of(std::string_view name) const {
    return places_[static_cast<std::size_t>(find(name) - jobs_.data())];
}

std::string CrontabText::text() const {
    std::string all;
    for (const auto& line : lines_) all += line;
    return all;
}

std::string CrontabText::paused(const std::vector<std::string>& names,
                                const std::string& reason) const {
    CrontabText made = *this;
    for (const auto& name : names) {
        const Place& place = place_of(name);
        std::string& line = made.lines_[static_cast<std::size_t>(place.line)];
        line = std::string(pause_mark) + line;
        if (!reason.empty()) line = std::string(reason_mark) + reason + "\n" + line;
    }
    return made.text();
}

std::string CrontabText::resumed(const std::vector<std::string>& names) const {
    CrontabText made = *this;
    for (const auto& name : names) {
        const Place& place = place_of(name);
        std::string& line = made.lines_[static_cast<std::size_t>(place.line)];
        line.erase(0, line.find(pause_mark) + pause_mark.size());
        if (place.reason >= 0) made.lines_[static_cast<std::size_t>(place.reason)].clear();
    }
    return made.text();
}

std::string CrontabText::without(const std::string& name) const {
    CrontabText made = *this;
    const Place& place = place_of(name);
    for (const int line : {place.tag, place.reason, place.line})
        if (line >= 0) made.lines_[static_cast<std::size_t>(line)].clear();
    return made.text();
}

std::string CrontabText::line_of(const CronJob& job) const {
    return (job.paused ? std::string(pause_mark) : "") + job.cron + " " + job.destination + "\n";
}

std::string CrontabText::with(const CronJob& job) const {
    const CronJob* old = find(job.name);
    const std::string tag = std::string(tag_mark) + job.name + "\n";
    if (old && old->time_zone == job.time_zone) {
        CrontabText made = *this;
        const Place& place = place_of(job.name);
        const bool tagged = place.tag >= 0;
        made.lines_[static_cast<std::size_t>(place.line)] = (tagged ? "" : tag) + line_of(job);
        if (!job.paused && place.reason >= 0)
            made.lines_[static_cast<std::size_t>(place.reason)].clear();
        return made.text();
    }
    std::string all = old ? without(job.name) : text();
    if (!all.empty() && all.back() != '\n') all += '\n';
    if (last_zone_ != job.time_zone) all += "CRON_TZ=" + job.time_zone + "\n";
    return all + tag + line_of(job);
}

}  // namespace perilune
