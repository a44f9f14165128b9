// Questions, signals, and what people tell a run to do.
#include "interpreter/run/engine.h"

#include <algorithm>

#include "interpreter/base/suggest.h"
#include "interpreter/run/decision.h"
#include "interpreter/run/signed_text.h"

namespace perilune {

void Engine::ask_question(const Event& event) {
    append(event_record("question", event));
    if (event.id.strand.starts_with("/ended")) {
        const Error error = fail("refused", "`ended` may observe and notify; it asks nobody.");
        Value answer = record_of("answer", event.id);
        append(answer.set("error", error.to_value()));
        return;
    }
    if (event.data["what"].text() == "signal" && take_signal(event.id)) return;
    if (!event.data.has("within")) return;
    Value record = record_of("timer", event.id);
    const double seconds = event.data["within"].number();
    Value args;
    args.set("seconds", seconds).set("why", "question");
    record.set("scope", event.scope).set("name", event.name).set("args", args);
    append(with_deadline(record, seconds));
    port_.arm("T:" + event.id.key(), port_.boot_now() + seconds);
}

void Engine::question_timed_out(const EventId& id) {
    const auto found = state_.questions.find(id);
    if (found == state_.questions.end()) return;
    const Value& args = found->second.record["args"];
    if (args["otherwise"].text() == "wait") return;
    Value record = record_of("answer", id);
    record.set("by", "time");
    if (!args.has("otherwise") || args["otherwise"].text() == "fail") {
        const Error error =
            fail("not_answered",
                 "Nobody answered \"" + found->second.record["name"].text() + "\" in time.",
                 Retry::safe);
        record.set("error", error.to_value());
    } else {
        record.set("decision", "otherwise").set("value", args["otherwise"]);
    }
    append(std::move(record));
}

// Gives a kept signal to a question that waits for one of its names (D27).
bool Engine::take_signal(const EventId& id) {
    const auto found = state_.questions.find(id);
    if (found == state_.questions.end()) return false;
    const Value& args = found->second.record["args"];
    if (args["what"].text() != "signal") return false;
    for (const auto& signal : state_.signals) {
        for (const auto& name : args["names"].list()) {
            if (name != signal["name"]) continue;
            Value record = record_of("answer", id);
            record.set("name", signal["name"]).set("data", signal["data"]);
            record.set("signal", signal["inbox"]).set("who", signal["who"]);
            append(std::move(record));
            port_.disarm("T:" + id.key());
            return true;
        }
    }
    return false;
}

std::string Engine::answer_question(const Command& command) {
    EventId id;
    const OpenQuestion* question = find_question(state_, command, id);
    if (!question) {
        std::vector<std::string> names;
        std::string all;
        for (const auto& [key, open] : state_.questions) {
            names.push_back(open.record["name"].text());
            all += (all.empty() ? "\"" : ", \"") + names.back() + "\"";
        }
        if (names.empty())
            return "The run asks nothing now. See: perilune status " + state_.begin["run"].text();
        return "The run asks " + all + "; say which one." +
               did_you_mean(command.body["name"].text(), names);
    }
    const Value& args = question->record["args"];
    const std::string& what = args["what"].text();
    if (command.kind == "reject" && what != "approve" && what != "confirm")
        return "\"" + question->record["name"].text() +
               "\" is no approval; answer it with a value.";
    if (command.kind == "answer" && what == "approve")
        return "\"" + question->record["name"].text() + "\" is an approval: approve or reject it.";
    const bool breaks_glass = command.body.has("break_glass");
    const std::string refused =
        breaks_glass ? port_.may_break_glass()
                     : port_.may_answer(question->record, question->approvals, command);
    if (!refused.empty()) return refuse(command, refused);
    Value value = command.body["value"];
    if (command.kind == "answer") {
        if (std::string problem = fit_answer(args, value); !problem.empty()) return problem;
    }
    const auto count =
        breaks_glass ? 1 : std::max<std::int64_t>(1, port_.approvals_needed(question->record));
    const auto so_far = static_cast<std::int64_t>(question->approvals.size()) + 1;
    Value record = record_of("answer", id);
    record.set("inbox", command.id).set("how", command.body["how"]);
    sign_record(record, command);
    if (!command.person.empty() && value != command.body["value"])
        record.set("said", command.body["value"]);
    record.set("decision", command.kind).set("reason", command.body["reason"]).set("value", value);
    record.set("break_glass", command.body["break_glass"]);
    if (command.kind == "approve" && what == "approve" && so_far < count)
        record.set("partial", true);
    if (!record["partial"].boolean()) port_.disarm("T:" + id.key());
    append(std::move(record));
    return {};
}

// Who tried what they may not is kept as well (A01); the script is not told.
std::string Engine::refuse(const Command& command, const std::string& why) {
    Value record;
    record.set("kind", "refused").set("decision", command.kind).set("text", why);
    record.set("name", command.body["name"]).set("inbox", command.id).set("who", command.name());
    if (!command.person.empty()) record.set("user", command.who);
    append(std::move(record));
    return why;
}

// Brings an answer into the type its question asks for; says what is wrong otherwise.
std::string Engine::fit_answer(const Value& args, Value& value) const {
    if (args["what"].text() == "confirm") {
        const std::string& text = value.text();
        if (value.is_boolean()) return {};
        if (text != "yes" && text != "no") return "Answer yes or no.";
        value = text == "yes";
        return {};
    }
    if (args["choices"].is_list()) {
        const auto& choices = args["choices"].list();
        if (std::find(choices.begin(), choices.end(), value) != choices.end()) return {};
        std::string all;
        for (const auto& choice : choices) all += (all.empty() ? "" : ", ") + choice.text();
        return "Answer one of: " + all + ".";
    }
    if (args["evidence"].text() == "number") {
        auto number = convert(Type::number, value, "the answer");
        if (value.is_text()) {
            char* end = nullptr;
            const double read = std::strtod(value.text().c_str(), &end);
            if (value.text().empty() || *end) return "Answer a number.";
            number = Value(read);
        }
        if (!number) return number.error().message;
        value = *number;
    } else if (args["evidence"].text() == "url") {
        if (!value.text().starts_with("http://") && !value.text().starts_with("https://"))
            return "Answer a URL that begins with http:// or https://.";
    } else if (args.has("evidence") && value.text().empty()) {
        return "This needs evidence: say it with --value TEXT.";
    }
    return {};
}

}  // namespace perilune
