#include "interpreter/command/answers.h"

#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"

namespace perilune {

namespace {

void add_doubts(std::string& text, const std::string& run, const RunState& state, bool typing) {
    for (const auto& [id, intent] : state.intents) {
        if (!intent.in_doubt) continue;
        const std::string what =
            intent.record["target"].text() + ":" + intent.record["name"].text();
        text += "IN DOUBT: " +
                describe_event("operation", intent.record["name"], intent.record["target"],
                               intent.record["args"]) +
                " may or may not have happened.\n  Look at " + intent.record["target"].text() +
                ". ";
        text += typing ? "Type: happened | did not | again, and a reason\n"
                       : "Then: perilune settle " + run + " " + what +
                             " --happened | --did-not | --again --reason TEXT\n";
    }
}

void add_failures(std::string& text, const std::string& run, const RunState& state, bool typing) {
    for (const auto& [id, failure] : state.failures) {
        const Value& error = failure["args"]["error"];
        const std::string path = state.path(failure["scope"].text());
        text += "FAILED: " + (path.empty() ? failure["name"].text() : path) + "\n  " +
                error["message"].text() + "\n";
        if (const auto& twice = failure["twice"].list(); !twice.empty()) {
            text += "  Trying again would do twice:\n";
            for (const auto& item : twice) text += "    " + item.text() + "\n";
        }
        std::string choices;
        for (const auto& choice : failure["choices"].list()) {
            const std::string& name = choice.text();
            if (typing) {
                choices +=
                    (choices.empty() ? "" : " | ") + name + (name == "skip" ? " REASON" : "");
            } else {
                choices +=
                    "\n    perilune " + name + " " + run + (name == "skip" ? " --reason TEXT" : "");
            }
        }
        text +=
            typing ? "  Type: " + choices + "\n" : "  Decide in another terminal:" + choices + "\n";
    }
}

void add_question(std::string& text, const std::string& run, const Value& record, bool typing) {
    const Value& args = record["args"];
    const std::string& what = args["what"].text();
    const std::string& name = record["name"].text();
    if (what == "signal") {
        text +=
            "WAITS for the signal \"" + name + "\": perilune signal " + run + " \"" + name + "\"\n";
        return;
    }
    text += (what == "manual" ? "DO BY HAND: " : "? ") + name + "\n";
    if (args.has("detail")) text += "  " + args["detail"].text() + "\n";
    if (args.has("role")) text += "  Needs the role " + args["role"].text() + ".\n";
    const std::string quoted = " " + run + " \"" + name + "\"";
    if (what == "approve") {
        text += typing ? "  Type: yes | no, and a reason\n"
                       : "  perilune approve" + quoted + "   or   perilune reject" + quoted +
                             " --reason TEXT\n";
    } else if (what == "confirm") {
        text += typing ? "  Type: yes | no\n" : "  perilune answer" + quoted + " yes | no\n";
    } else {
        std::string wanted = args.has("evidence") ? args["evidence"].text() : "done";
        if (args.has("choices")) {
            wanted.clear();
            for (const auto& choice : args["choices"].list())
                wanted += (wanted.empty() ? "" : " | ") + choice.text();
        }
        text += typing ? "  Type: " + wanted + "\n"
                       : "  perilune answer" + quoted + " VALUE (" + wanted + ")\n";
    }
}

std::string rest_of(const std::string& line, std::size_t from) {
    const auto at = line.find_first_not_of(' ', from);
    return at == std::string::npos ? "" : line.substr(at);
}

bool starts(const std::string& line, std::string_view word, std::string& rest) {
    if (!line.starts_with(word)) return false;
    if (line.size() > word.size() && line[word.size()] != ' ') return false;
    rest = rest_of(line, word.size());
    return true;
}

}  // namespace

std::string question_text(const std::string& run, const RunState& state, bool typing) {
    std::string text;
    add_doubts(text, run, state, typing);
    add_failures(text, run, state, typing);
    for (const auto& [id, question] : state.questions)
        add_question(text, run, question.record, typing);
    for (const auto& [id, beyond] : state.beyond)
        text += "STOPPED BEFORE " + beyond["what"].text() + "\n  " + beyond["text"].text() +
                " Nothing was sent.\n";
    if (!state.beyond.empty())
        text += "  See what the rest would do: perilune plan --continue " + run +
                "\n  Then: perilune approve " + run + " --plan DIGEST\n";
    if (text.ends_with('\n')) text.pop_back();
    return text;
}

std::string make_command_id() { return "c-" + to_hex(random_bytes(10)); }

Result<Command> command_from_line(const std::string& line, const RunState& state) {
    Command made;
    made.id = make_command_id();
    made.body.set("how", "typed at the terminal of the run");
    std::string rest;
    if (state.doubts() > 0) {
        made.kind = "settle";
        for (const auto& [word, how] :
             {std::pair{"happened", "happened"}, std::pair{"did not", "did_not"},
              std::pair{"again", "again"}}) {
            if (!starts(line, word, rest)) continue;
            made.body.set("how", how).set("reason", rest.empty() ? "looked at by hand" : rest);
            return made;
        }
        return fail("bad_answer", "Type happened, did not, or again, and a reason.");
    }
    if (!state.failures.empty()) {
        for (const auto* word : {"retry", "undo", "pause", "skip"}) {
            if (!starts(line, word, rest)) continue;
            made.kind = word;
            made.body.set("reason", rest);
            return made;
        }
        return fail("bad_answer", "Type retry, skip REASON, undo or pause.");
    }
    for (const auto& [id, question] : state.questions) {
        const std::string& what = question.record["args"]["what"].text();
        if (what == "signal") continue;
        made.body.set("name", id.key());
        if (what == "approve") {
            const bool yes = starts(line, "yes", rest) || starts(line, "y", rest) ||
                             starts(line, "approve", rest);
            const bool no = !yes && (starts(line, "no", rest) || starts(line, "n", rest) ||
                                     starts(line, "reject", rest));
            if (!yes && !no) return fail("bad_answer", "Type yes or no, and a reason.");
            made.kind = yes ? "approve" : "reject";
            made.body.set("reason", rest);
            return made;
        }
        made.kind = "answer";
        made.body.set("value", line);
        return made;
    }
    return fail("bad_answer", "The run asks nothing now.");
}

}  // namespace perilune
