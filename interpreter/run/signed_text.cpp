#include "interpreter/run/signed_text.h"

#include <sstream>

#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"
#include "interpreter/base/units.h"
#include "interpreter/run/decision.h"

namespace perilune {

namespace {

// Lines "name: JSON": a text's line ends are escaped, so nothing in it can look like another line.
class Lines {
public:
    explicit Lines(const std::string& title) : text_(title + "\n") {}

    Lines& add(const char* name, const Value& value) {
        if (value.is_nil() || (value.is_text() && value.text().empty())) return *this;
        text_ += std::string(name) + ": " + to_canonical_json(value) + "\n";
        return *this;
    }
    // What is executed: by which code, with which arguments, after which plan.
    Lines& add_run(const Value& begin, const Value& plan) {
        add("run", begin["run"]).add("runbook", begin["runbook"]);
        add("environment", begin["environment"]).add("code sha256", begin["bundle"]);
        Value params = begin["params"];
        params.as_map();
        add("arguments sha256", to_hex(sha256(to_canonical_json(params))));
        return add("plan sha256", plan);
    }
    // What the command is about. A question's texts are told in full, and what failed.
    Lines& add_subject(const Value& subject) {
        const std::string& kind = subject["kind"].text();
        if (kind.empty()) return *this;
        const Value& args = subject["args"];
        const std::string key = EventId::from(subject).key();
        if (kind == "question") {
            add("question", key).add("asks", args["what"]).add("name", subject["name"]);
            return add("role", args["role"]).add("detail", args["detail"]);
        }
        if (kind == "failure")
            return add("failure", key)
                .add("name", subject["name"])
                .add("error", args["error"]["message"]);
        if (kind != "intent") return add("step", key).add("name", subject["name"]);
        add("change in doubt", key).add("target", subject["target"]).add("name", subject["name"]);
        return add("change sha256", to_hex(sha256(to_canonical_json(args))));
    }
    // What the command says, each word of it that counts.
    Lines& add_said(const Command& command) {
        const Value& body = command.body;
        add("decision", command.kind);
        if (command.kind == "settle") add("says", body["how"]);
        if (command.kind == "signal") add("signal", body["name"]);
        if (command.kind == "undo") add("to", body["to"]);
        if (body["force"].boolean()) add("force", true);
        for (const auto* field : {"value", "result", "data"}) add("value", body[field]);
        add("reason", body["reason"]).add("break-glass", body["break_glass"]);
        return add("command", command.identity());
    }
    std::string signed_by(const Signer& signer) {
        add("person", signer.person).add("time", show_time(signer.at));
        return text_;
    }

private:
    std::string text_;
};

std::string line_of(const std::string& text, const std::string& name) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(name + ": ")) return line;
    return {};
}

}  // namespace

std::string start_text(const Value& begin, const Signer& signer) {
    Lines lines("Start of a run of Perilune");
    lines.add_run(begin, begin["plan"]).add("outage began", begin["outage_began_at"]);
    return lines.add("break-glass", begin["break_glass"]["reason"]).signed_by(signer);
}

std::string command_text(const RunState& state, const Value& subject, const Command& command) {
    const bool plans = command.kind == "plan";
    Lines lines(plans ? "Approval of the plan of the rest of a run of Perilune"
                      : "Decision in a run of Perilune");
    lines.add_run(state.begin, plans ? command.body["plan"] : state.plan["plan"]);
    lines.add("started by", state.begin["who"]).add_subject(subject);
    if (plans) {
        List before;
        for (const auto& [id, beyond] : state.beyond) before.push_back(id.key());
        lines.add("stopped before", before);
    }
    if (command.kind == "review") lines.add("policy passed over", state.broke_glass);
    return lines.add_said(command).signed_by({.person = command.person, .at = command.at});
}

Command command_of(const Value& record, const std::string& kind) {
    Command command{.id = record["inbox"].text(), .kind = kind, .who = record["who"].text()};
    command.body = record;
    if (!record.has("signed")) return command;
    command.person = record["who"].text();
    command.who = record["user"].text();
    command.at = record["signed_at"].number();
    command.proof = record["signed"];
    // What was typed, where it was taken for something more exact.
    if (record.has("said")) command.body.set(kind == "undo" ? "to" : "value", record["said"]);
    return command;
}

void sign_record(Value& record, const Command& command) {
    record.set("who", command.name());
    if (command.person.empty()) return;
    record.set("user", command.who).set("signed", command.proof);
    record.set("signed_at", command.at);
}

std::string first_difference(const std::string& signed_text, const std::string& wanted) {
    std::istringstream lines(wanted);
    for (std::string line; std::getline(lines, line);) {
        const auto colon = line.find(": ");
        const std::string name = line.substr(0, colon);
        const std::string had = colon == std::string::npos ? signed_text.substr(0, line.size())
                                                           : line_of(signed_text, name);
        if (had == line) continue;
        return "what was signed says " + (had.empty() ? "nothing of \"" + name + "\"" : had) +
               ", but here it is " + line;
    }
    return "what was signed says more than what is decided here";
}

// A signature counts once, for what it was given for (rule 9.3): the same text is made here anew.
std::string other_than_signed(const RunState& state, const Command& command) {
    if (command.person.empty()) return {};
    const std::string again = ". Sign what is asked now: perilune " +
                              (command.kind == "plan" ? "approve" : command.kind) + " " +
                              state.begin["run"].text();
    // Of signals, the same one sent twice counts once, and is refused by nobody.
    if (command.kind != "signal" && state.signed_commands.contains(command.id))
        return "The signature of " + command.person + " was taken already" + again;
    const std::string wanted = command_text(state, subject_of(state, command), command);
    const std::string& given = command.proof["text"].text();
    if (given == wanted) return {};
    return "The signature of " + command.person +
           " is for something else: " + first_difference(given, wanted) + again;
}

}  // namespace perilune
