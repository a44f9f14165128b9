// output and wait_ended over ssh: what a started program says, and when it ends.
#include <algorithm>
#include <sstream>

#include "bindings/process/ssh_programs.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr std::size_t log_answer_bytes = 16 << 20;
constexpr std::size_t line_bytes_max = 16 << 10;

struct LogLine {
    double at = 0;
    bool is_error = false;
    std::string text;
};

// Until which byte a stream had come at which time.
struct Moment {
    std::size_t bytes = 0;
    double at = 0;
};

// The lines of a stream whose older and newer halves are two files. A line has the time of the
// piece in which it ended.
void add_lines(std::vector<LogLine>& lines, const SshAnswer& answer, const std::string& stream) {
    std::string text;
    std::vector<Moment> moments;
    for (const char* age : {"old", "new"}) {
        std::istringstream times(answer["times" + stream + age]);
        for (Moment moment; times >> moment.bytes >> moment.at;) {
            moment.bytes += text.size();
            moments.push_back(moment);
        }
        text += answer["log" + stream + age];
    }
    auto moment = moments.begin();
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find('\n', begin), text.size());
        while (moment != moments.end() && moment->bytes <= end && moment + 1 != moments.end())
            ++moment;
        LogLine line;
        line.at = moment == moments.end() ? 0 : moment->at;
        line.is_error = stream == "2";
        line.text = text.substr(begin, std::min(end - begin, line_bytes_max));
        lines.push_back(std::move(line));
        begin = end + 1;
    }
}

Value show_log(const SshAnswer& answer, std::size_t lines_max) {
    std::vector<LogLine> lines;
    add_lines(lines, answer, "1");
    add_lines(lines, answer, "2");
    std::stable_sort(lines.begin(), lines.end(),
                     [](const LogLine& a, const LogLine& b) { return a.at < b.at; });
    const std::size_t first = lines.size() - std::min(lines.size(), lines_max);
    List shown;
    for (std::size_t i = first; i < lines.size(); ++i) {
        Value line;
        line.set("at", lines[i].at).set("source", lines[i].is_error ? "stderr" : "stdout");
        shown.push_back(line.set("text", std::move(lines[i].text)));
    }
    Value log;
    log.set("lines", std::move(shown));
    return log.set("truncated", first > 0 || answer.has("truncated"));
}

std::string find_commands(const SshPrograms& programs, const Call& call) {
    return "find_key " + ssh_key_id(programs, call.arguments["key"].text()) + "\n";
}

Awaitable<Result<Value>> read_output(SharedSsh programs, Call& call) {
    const SshAnswer answer = co_await ask_over_ssh(
        programs, call, find_commands(*programs, call) + "report_log\nreport 0", call.deadline_s,
        log_answer_bytes);
    if (!answer.ok) co_return answer.error;
    if (const auto opened = open_noted(ssh_found(answer).status.note, call); !opened)
        co_return opened.error();
    co_return show_log(answer, static_cast<std::size_t>(std::max<std::int64_t>(
                                   0, call.arguments["lines_max"].integer())));
}

Awaitable<Result<Value>> wait_ended(SharedSsh programs, Call& call) {
    const std::string& key = call.arguments["key"].text();
    const double within_s = call.arguments["within"].number();
    const double wait_s = std::min(call.deadline_s - boot_now_s(), within_s);
    const std::string commands = find_commands(*programs, call) + "follow " +
                                 whole_seconds(wait_s - 1) + "\nreport " +
                                 std::to_string(ssh_tail_bytes_max);
    const SshAnswer answer = co_await ask_over_ssh(
        programs, call, commands, boot_now_s() + wait_s + ssh_overtime_s, log_answer_bytes);
    if (!answer.ok) co_return answer.error;
    const SshFound found = ssh_found(answer);
    if (found.state == SshFound::State::absent || found.status.state == KeptStatus::State::refused)
        co_return fail("not_found",
                       "No program was ever started as " + key + " on " + call.target + ".");
    if (const auto opened = open_noted(found.status.note, call); !opened) co_return opened.error();
    if (found.state == SshFound::State::over) co_return exit_value(found.status);
    const std::string program = "The program started as " + key + " on " + call.target;
    if (found.goes_on())
        co_return fail("timed_out", program + " still runs after " + show_duration(within_s) + ".",
                       Retry::safe);
    co_return fail("end_unknown",
                   program +
                       " runs no more, and its keeper died before it could say how it "
                       "ended.");
}

}  // namespace

Handler ssh_output_handler(SharedSsh programs) {
    Handler made;
    made.observe = [programs](Call& call) { return read_output(programs, call); };
    return made;
}

Handler ssh_wait_ended_handler(SharedSsh programs) {
    Handler made;
    made.observe = [programs](Call& call) { return wait_ended(programs, call); };
    return made;
}

}  // namespace perilune
