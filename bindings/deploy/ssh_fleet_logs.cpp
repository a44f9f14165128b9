// logs of deploy's driver `ssh`: what the units wrote to the journals of their hosts.
//
// journalctl filters there (journalctl(1), --grep, --since, --until), newest first, so that a host
// reads no further than it must and little is sent. What came is looked at once more here.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>

#include "bindings/deploy/local_variables.h"
#include "bindings/deploy/ssh_fleet.h"
#include "interpreter/base/json.h"
#include "interpreter/base/shell_words.h"

namespace perilune {

namespace {

constexpr const char* answer_bytes = "8000000";  // Of a host's journal; it comes as base64.

struct Wish {
    double since_s = 0;
    double to_s = 0;
    std::string contains;
    std::size_t lines_max = 0;
};

struct Line {
    double at = 0;
    std::string text;
    std::string source;
};

// As journalctl reads it; a microsecond more on either side, for it rounds.
std::string show_moment(double at_s, double more_s) {
    char text[64];
    std::snprintf(text, sizeof text, "@%.6f", std::clamp(at_s + more_s, 0.0, 2e11));
    return text;
}

// A pattern of PCRE2 that is only this text: \Q begins what is taken as it is, and \E ends it.
std::string pattern_of(const std::string& text) {
    std::string pattern = "\\Q";
    for (std::size_t i = 0; i < text.size(); ++i)
        pattern += text.compare(i, 2, "\\E") == 0 ? "\\E\\\\\\Q" : std::string(1, text[i]);
    return pattern + "\\E";
}

// The variables that releases have had, then the lines.
std::string commands_for(const Wish& wish) {
    const auto first = wish.contains.substr(0, wish.contains.find('\n'));
    std::vector<std::string> words = {"-q",
                                      "--no-pager",
                                      "--reverse",
                                      "--all",
                                      "--output=json",
                                      "--output-fields=MESSAGE",
                                      "--since=" + show_moment(wish.since_s, -2e-6),
                                      "--until=" + show_moment(wish.to_s, 2e-6)};
    // No line has a line break in it.
    if (!first.empty()) {
        words.push_back("--case-sensitive=yes");
        words.push_back("--grep=" + pattern_of(first));
    }
    return std::string(R"SH(
given=0
for at in "$notes/variables" "$notes"/*/variables; do
  [ ! -e "$at" ] || { given=$((given + 1)); reply64 "given$given" "$(cat "$at")"; }
done
said=$(journal --no-pager -n 1 --unit="$unit" 2>&1 >/dev/null) || refuse no_journal "$said"
case $said in
  *'No journal files'* | *'messages from other users and the system'*) refuse no_journal "$said" ;;
esac
reply64 lines "$(journal --unit="$unit" )SH") +
           quote_words(words) + " 2>/dev/null | head -n " + std::to_string(wish.lines_max + 1) +
           " | head -c " + answer_bytes + ")\"\n";
}

// A message that is not printable comes as a list of its bytes.
std::string text_of(const Value& message) {
    std::string text = message.text();
    for (const auto& byte : message.list()) text += static_cast<char>(byte.integer());
    return text;
}

// A host's lines, oldest last as it sent them; false where some are missing.
bool read_lines(const std::string& answer, const std::string& source, const Wish& wish,
                std::vector<Line>& lines) {
    std::istringstream stream(answer);
    std::size_t count = 0;
    for (std::string entry; std::getline(stream, entry); ++count) {
        const auto value = from_json(entry);
        if (!value) return false;  // Cut off.
        const double at_s = std::strtod((*value)["__REALTIME_TIMESTAMP"].text().c_str(), nullptr);
        // One message may be several lines.
        std::vector<Line> parts;
        std::istringstream message(text_of((*value)["MESSAGE"]));
        for (Line line{at_s / 1e6, "", source}; std::getline(message, line.text);)
            if (line.at >= wish.since_s && line.at <= wish.to_s &&
                line.text.find(wish.contains) != std::string::npos)
                parts.push_back(line);
        lines.insert(lines.end(), parts.rbegin(), parts.rend());
    }
    return count <= wish.lines_max;
}

// What instances were given as secrets, perhaps by a host that lives no more.
void mask_given(const std::vector<SshAnswer>& answers, std::vector<Line>& lines) {
    std::map<std::string, std::string> given;  // A value to the handle as it is shown.
    for (const auto& answer : answers)
        for (const auto& [name, text] : answer.words) {
            if (!name.starts_with("given")) continue;
            const auto stored = from_canonical_json(text);
            if (!stored) continue;
            for (const auto& [variable, one] : variables_from(*stored))
                if (one.secret.is_secret() && !one.value.empty())
                    given.emplace(one.value, show_secret(*one.secret.secret()));
        }
    for (auto& line : lines)
        for (const auto& [value, shown] : given)
            for (auto at = line.text.find(value); at != std::string::npos;
                 at = line.text.find(value, at + shown.size()))
                line.text.replace(at, value.size(), shown);
}

Wish read_wish(const Call& call) {
    Wish wish;
    wish.since_s = call.arguments["since"].number();
    wish.to_s = call.arguments.has("to") ? call.arguments["to"].number() : wall_now_s() + 60;
    wish.contains = call.arguments["contains"].text();
    wish.lines_max = static_cast<std::size_t>(
        std::clamp<std::int64_t>(call.arguments["lines_max"].integer(), 0, 1000000));
    return wish;
}

Value show_log(std::vector<Line> lines, std::size_t lines_max, bool truncated) {
    std::ranges::reverse(lines);
    std::ranges::stable_sort(lines, {}, &Line::at);
    const std::size_t first = lines.size() - std::min(lines.size(), lines_max);
    List shown;
    for (std::size_t i = first; i < lines.size(); ++i) {
        Value line;
        line.set("at", lines[i].at).set("text", std::move(lines[i].text));
        shown.push_back(line.set("source", lines[i].source));
    }
    Value log;
    log.set("lines", std::move(shown));
    return log.set("truncated", truncated || first > 0);
}

Error no_journal(const SshFleet& fleet, const Error& error) {
    return fail("no_journal",
                "Reading the log of " + fleet.target + " failed. " + error.message +
                    " Let the login read the unit's journal there (group "
                    "systemd-journal), or name in `journalctl` the command that may.");
}

Awaitable<Result<Value>> logs(SharedFleet fleet, Call& call) {
    if (const auto good = refuse_fleet_slot(*fleet, call); !good) co_return good.error();
    const Wish wish = read_wish(call);
    const std::string commands = commands_for(wish);
    std::vector<SshAnswer> answers;
    std::vector<Line> lines;
    bool truncated = false;
    bool any = false;
    for (std::size_t i = 0; i < fleet->hosts.size(); ++i) {
        auto asking = ask_fleet(fleet, call, {i}, 1, commands);
        const auto answer = co_await asking;
        answers.push_back(answer.front());
        if (answer.front().error.code == "no_journal")
            co_return no_journal(*fleet, answer.front().error);
        any |= answer.front().ok;
        if (!answer.front().ok ||
            !read_lines(answer.front()["lines"], fleet->hosts[i].host, wish, lines))
            truncated = true;
    }
    // What one host wrote tells something, also where another one is down.
    if (!any) {
        Error error = answers.front().error;
        error.retry = is_for_a_person(error) ? Retry::never : Retry::safe;
        co_return error;
    }
    mask_given(answers, lines);
    co_return show_log(std::move(lines), wish.lines_max, truncated);
}

}  // namespace

void add_fleet_logs(std::map<std::string, Handler, std::less<>>& handlers, SharedFleet fleet) {
    Handler made;
    made.observe = [fleet](Call& call) { return logs(fleet, call); };
    handlers.emplace("logs", std::move(made));
}

}  // namespace perilune
