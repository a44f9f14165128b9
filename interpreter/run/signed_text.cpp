#include "interpreter/run/signed_text.h"

#include <sstream>

#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"
#include "interpreter/base/units.h"

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

std::string decision_text(const RunState& state, const Value& question, const std::string& kind,
                          const Value& body, const Signer& signer) {
    const Value& args = question["args"];
    Lines lines("Decision in a run of Perilune");
    lines.add_run(state.begin, state.plan["plan"]);
    lines.add("started by", state.begin["who"]);
    lines.add("question", EventId::from(question).key()).add("asks", args["what"]);
    lines.add("name", question["name"]).add("role", args["role"]).add("detail", args["detail"]);
    lines.add("decision", kind).add("value", body["value"]).add("reason", body["reason"]);
    return lines.add("break-glass", body["break_glass"]).signed_by(signer);
}

std::string plan_text(const RunState& state, const Value& body, const Signer& signer) {
    Lines lines("Approval of the plan of the rest of a run of Perilune");
    List before;
    for (const auto& [id, beyond] : state.beyond) before.push_back(id.key());
    lines.add_run(state.begin, body["plan"]).add("stopped before", before);
    return lines.add("reason", body["reason"]).signed_by(signer);
}

std::string start_text(const Value& begin, const Signer& signer) {
    Lines lines("Start of a run of Perilune");
    lines.add_run(begin, begin["plan"]).add("outage began", begin["outage_began_at"]);
    return lines.add("break-glass", begin["break_glass"]["reason"]).signed_by(signer);
}

std::string command_text(const RunState& state, const Value& question, const Command& command) {
    const Signer signer{.person = command.person, .at = command.at};
    if (command.kind == "plan") return plan_text(state, command.body, signer);
    return decision_text(state, question, command.kind, command.body, signer);
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

// A signature counts for what it was given for (rule 9.3): the same text is made here anew.
std::string other_than_signed(const RunState& state, const Value& question,
                              const Command& command) {
    if (command.person.empty()) return {};
    const std::string wanted = command_text(state, question, command);
    const std::string& given = command.proof["text"].text();
    if (given == wanted) return {};
    return "The signature of " + command.person +
           " is for something else: " + first_difference(given, wanted) +
           ". Sign what is asked now: perilune " +
           (command.kind == "plan" ? "approve" : command.kind) + " " + state.begin["run"].text();
}

}  // namespace perilune
