#include "interpreter/command/screen_lines.h"

#include <unistd.h>

#include "interpreter/base/units.h"
#include "interpreter/command/output.h"

namespace perilune {

namespace {

std::string painted(const std::string& text, const char* code, bool colour) {
    return colour ? std::string("\x1b[") + code + "m" + text + "\x1b[0m" : text;
}

// What follows a line end stands indented below the time and text of its line, so that no text can
// pass for a line of its own.
std::string indented(std::string_view text) {
    while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
    std::string lines;
    for (const char c : visible(text)) lines += c == '\n' ? "\n              " : std::string(1, c);
    return lines;
}

std::string close_line(const RunState& state, const Value& record, bool colour) {
    const Scope& scope = state.scope(record["scope"].text());
    if (scope.what != "step" && scope.what != "wait" && scope.what != "hold") return {};
    const std::string& outcome = record["args"]["outcome"].text();
    const std::string path = visible(scope.path, false);
    const std::string took =
        "  " + show_duration(std::max(0.0, record["time"].number() - scope.opened_at));
    if (outcome == "done") return painted("✓", "32", colour) + " " + path + took;
    if (outcome == "not_needed") return "– " + path + "  not needed";
    if (outcome == "skipped") return painted("–", "33", colour) + " " + path + "  skipped";
    return painted("✗", "31", colour) + " " + path + took + "  " +
           indented(record["args"]["error"]["message"].text());
}

}  // namespace

std::string record_line(const std::string& run, const RunState& state, const Value& record,
                        bool colour) {
    const std::string& kind = record["kind"].text();
    if (kind == "begin")
        return painted(visible(record["facts"]["summary"].text(), false), "1", colour) + "  (run " +
               run + ", environment " + record["environment"].text() + ")";
    if (kind == "claim") return "Resuming the run " + run + ": " + record["why"].text() + ".";
    if (kind == "open" && record["args"]["what"].text() == "step")
        return "▸ " + visible(state.path(EventId::from(record).key()), false);
    if (kind == "close") return close_line(state, record, colour);
    if (kind == "log" && record["level"].text() != "caught")
        return "  " + indented(record["text"].text());
    if (kind == "fault")
        return painted("!", "33", colour) + " " + visible(record["text"].text(), false) +
               " It is started again and replayed.";
    if (kind == "try" && record["number"].number() > 1)
        return "  tried again, for the " + std::to_string(record["number"].integer()) + ". time";
    if (kind == "doubt")
        return painted("! in doubt: ", "31", colour) + indented(record["text"].text());
    if (kind == "beyond")
        return painted("! not in the plan: ", "33", colour) + visible(record["what"].text());
    if (kind == "plan")
        return "  the plan " + record["plan"].text().substr(0, 16) +
               " of the rest was approved by " + visible(record["who"].text(), false);
    if (kind == "stop" && !record.has("strand") && !record.has("of"))
        return "Stopping the run: " + record["why"].text() + ".";
    if (kind == "undo" && record["settled"].boolean())
        return visible(undo_text(record)) + "\nThis ends the run, and cannot itself be undone.";
    if (kind == "undo" && record.has("name")) return "↶ " + visible(record["name"].text(), false);
    if (kind == "undone" && record.has("problem"))
        return painted("✗", "31", colour) + " " + indented(record["problem"].text());
    if (kind == "answer" && record.has("who") && record.has("decision"))
        return "  " + record["decision"].text() + " by " + visible(record["who"].text(), false);
    return {};
}

std::string undo_text(const Value& outlook) {
    const auto section = [&](const char* field, const std::string& heading) {
        std::string text;
        for (const auto& item : outlook[field].list()) {
            text += "\n  " + item["what"].text();
            if (item.has("step")) text += "  (" + item["step"].text() + ")";
            if (item.has("mark")) text += ", before the mark \"" + item["mark"].text() + "\"";
            if (item.has("why")) text += ": " + item["why"].text();
        }
        return text.empty() ? text : heading + text + "\n";
    };
    std::string text = section("takes_back", "Undo, newest first:");
    if (text.empty()) text = "There is nothing to take back.\n";
    text += section("cannot", "Cannot be undone:") + section("kept", "Kept on purpose:");
    text.pop_back();
    return text;
}

std::vector<std::string> waiting_lines(const std::function<Value()>& waiting) {
    std::vector<std::string> lines;
    if (!waiting) return {"The run is being prepared."};
    const Value now = waiting();
    for (const auto& item : now.list()) {
        const std::string path = visible(item["path"].text(), false);
        lines.push_back("… " + (path.empty() ? "" : path + ": ") +
                        visible(item["what"].text(), false));
    }
    if (lines.empty()) lines.emplace_back("Nothing is waited for; the script is working.");
    return lines;
}

void write_raw(const std::string& text) {
    std::string_view left = text;
    while (!left.empty()) {
        const auto written = ::write(STDERR_FILENO, left.data(), left.size());
        if (written <= 0) return;
        left.remove_prefix(static_cast<std::size_t>(written));
    }
}

}  // namespace perilune
