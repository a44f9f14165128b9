#include "interpreter/command/closing.h"

#include "interpreter/base/units.h"
#include "interpreter/command/answers.h"

namespace perilune {

namespace {

std::string failed_step(const RunState& state) {
    const Value& failure = state.last_failure;
    const std::string path = state.path(failure["scope"].text());
    return path.empty() ? failure["name"].text() : path;
}

std::string reason_with_place(const RunState& state) {
    const Value& error = state.last_failure["args"]["error"];
    const std::string at = error.has("at") ? error["at"].text() + ": " : "";
    return at + error["message"].text();
}

std::string left_line(const List& left) {
    if (left.empty()) return "Left behind: nothing; no change of this run is left in the world.";
    std::string text = "Left behind:";
    for (const auto& item : left) text += "\n    " + item["what"].text();
    return text;
}

std::string next_command(const std::string& run, const RunState& state,
                         const std::string& state_name) {
    if (state_name == "ended") {
        const bool left = !state.end["left"].list().empty();
        return left && state.end["outcome"].text() != "done" ? "perilune undo " + run
                                                             : "perilune report " + run;
    }
    if (state_name == "diverged")
        return "perilune resume " + run + " with the script it was started with";
    return "perilune resume " + run;
}

}  // namespace

std::string closing_text(const std::string& run, const RunState& state,
                         const std::string& state_name, const std::string& reason) {
    const double took_s = state.time - state.begin["started_at"].number();
    if (state_name == "ended" && state.end["outcome"].text() == "done")
        return "Done in " + show_duration(took_s) + ". Run " + run +
               ".\nReport: perilune report " + run;
    std::string text;
    if (state_name == "ended") {
        text = "Outcome: " + state.end["outcome"].text() + " after " + show_duration(took_s) +
               " (run " + run + ").\n";
    } else {
        text = "Outcome: not ended; the run " + run +
               (state_name == "waits" ? " waits for a person.\n" : " is " + state_name + ".\n");
    }
    if (!state.last_failure.is_nil() && state_name != "waits") {
        text += "Failed: " + failed_step(state) + "\n";
        text += "Reason: " + reason_with_place(state) + "\n";
    }
    if (!reason.empty() && reason != state.last_failure["args"]["error"]["message"].text())
        text += "Why: " + reason + "\n";
    if (state_name == "waits") {
        text += question_text(run, state, false) + "\n";
    } else if (state_name == "ended") {
        text += left_line(state.end["left"].list()) + "\n";
    }
    return text + "Next: " + next_command(run, state, state_name);
}

Value closing_value(const std::string& run, const RunState& state, const std::string& state_name,
                    const std::string& reason, int exit_code) {
    Value value;
    value.set("run", run).set("state", state_name).set("exit", exit_code).set("reason", reason);
    value.set("outcome", state.end["outcome"]).set("left", state.end["left"]);
    value.set("value", state.end["value"]);
    if (!state.last_failure.is_nil() && state.end["outcome"].text() != "done") {
        value.set("failed_step", failed_step(state));
        value.set("error", state.last_failure["args"]["error"]);
    }
    List waits;
    for (const auto& [id, question] : state.questions) {
        Value item;
        item.set("kind", question.record["args"]["what"]).set("name", question.record["name"]);
        waits.push_back(item.set("detail", question.record["args"]["detail"]));
    }
    for (const auto& [id, failure] : state.failures) {
        Value item;
        item.set("kind", "failure").set("name", failure["name"]).set("choices", failure["choices"]);
        waits.push_back(item);
    }
    for (const auto& [id, intent] : state.intents) {
        if (!intent.in_doubt) continue;
        Value item;
        item.set("kind", "doubt").set("operation", intent.record["name"]);
        waits.push_back(item.set("target", intent.record["target"]).set("args", intent.record["args"]));
    }
    if (!waits.empty()) value.set("waits_for", waits);
    return value.set("next", next_command(run, state, state_name));
}

}  // namespace perilune
