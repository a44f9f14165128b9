// Questions, signals, and what people tell a run to do.
#include "interpreter/run/engine.h"

#include <algorithm>

#include "interpreter/base/suggest.h"

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
            fail("not_answered", "Nobody answered \"" + found->second.record["name"].text() +
                                     "\" in time.", Retry::safe);
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

const OpenQuestion* Engine::find_question(const Command& command, EventId& id) const {
    const std::string& wanted = command.body["name"].text();
    const OpenQuestion* found = nullptr;
    int matches = 0;
    for (const auto& [key, question] : state_.questions) {
        if (question.record["args"]["what"].text() == "signal") continue;
        if (!wanted.empty() && question.record["name"].text() != wanted && key.key() != wanted)
            continue;
        found = &question;
        id = key;
        ++matches;
    }
    return matches == 1 ? found : nullptr;
}

const Value* Engine::find_failure(const Command& command, EventId& id) const {
    const std::string& wanted = command.body["step"].text();
    const Value* found = nullptr;
    int matches = 0;
    for (const auto& [key, failure] : state_.failures) {
        const bool named = failure["name"].text() == wanted ||
                           state_.path(failure["scope"].text()) == wanted;
        if (!wanted.empty() && !named) continue;
        found = &failure;
        id = key;
        ++matches;
    }
    return matches == 1 ? found : nullptr;
}

std::string Engine::answer_question(const Command& command) {
    EventId id;
    const OpenQuestion* question = find_question(command, id);
    if (!question) {
        std::vector<std::string> names;
        std::string all;
        for (const auto& [key, open] : state_.questions) {
            names.push_back(open.record["name"].text());
            all += (all.empty() ? "\"" : ", \"") + names.back() + "\"";
        }
        if (names.empty()) return "The run asks nothing now.";
        return "The run asks " + all + "; say which one." +
               did_you_mean(command.body["name"].text(), names);
    }
    const Value& args = question->record["args"];
    const std::string& what = args["what"].text();
    if (command.kind == "reject" && what != "approve" && what != "confirm")
        return "\"" + question->record["name"].text() + "\" is no approval; answer it with a value.";
    if (command.kind == "answer" && what == "approve")
        return "\"" + question->record["name"].text() + "\" is an approval: approve or reject it.";
    if (std::string refused = port_.may_answer(question->record, question->approvals, command.who);
        !refused.empty())
        return refused;
    Value value = command.body["value"];
    if (command.kind == "answer") {
        if (std::string problem = fit_answer(args, value); !problem.empty()) return problem;
    }
    const auto count = std::max<std::int64_t>(1, port_.approvals_needed(question->record));
    const auto so_far = static_cast<std::int64_t>(question->approvals.size()) + 1;
    Value record = record_of("answer", id);
    record.set("inbox", command.id).set("who", command.who).set("how", command.body["how"]);
    record.set("decision", command.kind).set("reason", command.body["reason"]).set("value", value);
    if (command.kind == "approve" && what == "approve" && so_far < count)
        record.set("partial", true);
    if (!record["partial"].boolean()) port_.disarm("T:" + id.key());
    append(std::move(record));
    return {};
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

std::string Engine::take_settle(const Command& command) {
    std::vector<EventId> doubtful;
    for (const auto& [id, intent] : state_.intents)
        if (intent.in_doubt) doubtful.push_back(id);
    if (doubtful.empty()) return "Nothing in this run is in doubt.";
    const std::string& wanted = command.body["name"].text();
    std::string known;
    for (const auto& id : doubtful) {
        const Value& record = state_.intents[id].record;
        const std::string shown = record["target"].text() + ":" + record["name"].text();
        known += (known.empty() ? "" : ", ") + shown;
        if ((wanted.empty() && doubtful.size() > 1) || (!wanted.empty() && wanted != shown &&
                                                        wanted != id.key()))
            continue;
        const auto found = active_.find(id);
        if (found == active_.end()) return "This run is not being executed now; resume it first.";
        Active& active = found->second;
        const std::string& how = command.body["how"].text();
        const std::string by = "person: " + command.who;
        Value note = record_of("settled_by", id);
        append(note.set("who", command.who).set("how", how).set("inbox", command.id)
                   .set("reason", command.body["reason"]));
        if (how == "again") {
            active.deadline = port_.boot_now() + active.row->timeout_s;
            active.pause_s = 0.2;
            try_again(id, by);
        } else if (how == "happened") {
            Value value = command.body["result"];
            if (!value.has("changed")) value.set("changed", true);
            settle(active, "done", value, nullptr, by, {}, false);
        } else {
            const Error error = fail("did_not_happen", "A person found that it did not happen: " +
                                                           command.body["reason"].text(),
                                     Retry::safe);
            settle(active, "failed", {}, &error, by, {}, false);
        }
        return {};
    }
    return "In doubt are: " + known + "; say which one.";
}

std::string Engine::take_retry(const Command& command) {
    EventId id;
    if (!find_failure(command, id)) return no_failure();
    if (undo_why_ == "step" && undo_for_ == id)
        return "What the step did is being undone; wait for that.";
    if (state_.failures[id]["args"]["what"].text() == "body")
        return "It failed outside any step, so there is nothing to retry; undo it, or mend the "
               "script and resume with --with-current-code.";
    decide(id, Value().set("again", true), &command);
    return {};
}

std::string Engine::no_failure() const {
    if (state_.failures.empty()) return "No step of this run waits for a decision.";
    std::string all;
    for (const auto& [id, failure] : state_.failures)
        all += (all.empty() ? "\"" : ", \"") + failure["name"].text() + "\"";
    return "Failed and waiting are: " + all + "; say which one with --step NAME.";
}

std::string Engine::take_skip(const Command& command) {
    if (command.body["reason"].text().empty()) return "Skipping needs a reason: --reason TEXT.";
    EventId id;
    if (find_failure(command, id)) {
        if (state_.failures[id]["args"]["what"].text() == "body")
            return "It failed outside any step, so there is nothing to skip; undo it, or mend the "
                   "script and resume with --with-current-code.";
        const List& choices = state_.failures[id]["choices"].list();
        if (std::find(choices.begin(), choices.end(), Value("skip")) == choices.end())
            return "An approval is never skipped: retry asks it again, undo takes back what was "
                   "done.";
        Value decision;
        decision.set("skip", true).set("value", command.body["result"]);
        decide(id, decision, &command);
        return {};
    }
    const std::string& wanted = command.body["step"].text();
    for (const auto& [key, scope] : state_.scopes) {
        if (!scope.open || scope.stopped || scope.what != "step" || wanted.empty()) continue;
        if (scope.name != wanted && scope.path != wanted) continue;
        for (const auto& [intent_id, intent] : state_.intents)
            if (intent.in_doubt && state_.within(intent.record["scope"].text(), key))
                return "A change in \"" + scope.path + "\" is in doubt; settle it first.";
        for (const auto& [question_id, question] : state_.questions)
            if (question.record["args"]["what"].text() == "approve" &&
                state_.within(question.record["scope"].text(), key))
                return "\"" + scope.path + "\" encloses an unanswered approval; it is never skipped.";
        Value record = record_of("stop", EventId::from_key(key));
        record.set("why", "skip").set("who", command.who).set("inbox", command.id);
        record.set("reason", command.body["reason"]).set("value", command.body["result"]);
        append(std::move(record));
        return {};
    }
    return no_failure();
}

std::string Engine::take_signal_command(const Command& command) {
    if (!state_.end.is_nil()) return "The run has ended; it takes no signals any more.";
    const std::string& identity = command.body["id"].text();
    const std::string key = identity.empty() ? command.id : identity;
    if (state_.signal_ids.contains(key)) return {};  // The same signal sent twice counts once.
    Value record;
    record.set("kind", "signal").set("name", command.body["name"]).set("who", command.who);
    append(record.set("data", command.body["data"]).set("inbox", key));
    std::vector<EventId> waiting;
    for (const auto& [id, question] : state_.questions) waiting.push_back(id);
    for (const auto& id : waiting)
        if (take_signal(id)) break;
    return {};
}

std::string Engine::take_undo(const Command& command) {
    if (!state_.end.is_nil() || !state_.stop.is_nil() || state_.undoing) {
        if (state_.undoing && !undo_plan_.empty()) return "The undo is already under way.";
        return restart_undo(command);
    }
    Command resolved = command;
    if (const std::string& step = command.body["to"].text(); !step.empty()) {
        const std::string to = state_.find_step(step);
        if (to.empty()) return "The run has no step or keep mark \"" + step + "\".";
        resolved.body.set("to", to);
    }
    stop_run("undo", &resolved);
    return {};
}

std::string Engine::on_command(const Command& command) {
    if (!live_) return "The run is being replayed; try again in a moment.";
    std::string refused;
    if (command.kind == "approve" || command.kind == "reject" || command.kind == "answer") {
        refused = answer_question(command);
    } else if (command.kind == "signal") {
        refused = take_signal_command(command);
    } else if (command.kind == "settle") {
        refused = take_settle(command);
    } else if (command.kind == "undo") {
        refused = take_undo(command);
    } else if (command.kind == "retry" && state_.end.is_nil()) {
        refused = take_retry(command);
    } else if (command.kind == "skip" && state_.end.is_nil()) {
        refused = take_skip(command);
    } else if (command.kind == "cancel" && state_.end.is_nil() && state_.stop.is_nil()) {
        stop_run("cancel", &command);
    } else if (command.kind == "pause" && state_.end.is_nil()) {
        pause();
    } else {
        refused = "The run has ended; nothing of it can be changed but by undo.";
    }
    check_rest();
    return refused;
}

}  // namespace perilune
