#include "interpreter/report/report_value.h"

#include "interpreter/report/closing.h"
#include "interpreter/report/facts.h"
#include "interpreter/report/history.h"

namespace perilune::report {

namespace {

// A map without what is empty, zero or false: what is absent has nothing to say.
class Fields {
public:
    Fields& set(std::string_view name, const std::string& text) {
        if (!text.empty()) value.set(name, text);
        return *this;
    }
    Fields& set(std::string_view name, const char* text) { return set(name, std::string(text)); }
    Fields& set(std::string_view name, double number) {
        if (number != 0) value.set(name, number);
        return *this;
    }
    Fields& set(std::string_view name, bool flag) {
        if (flag) value.set(name, flag);
        return *this;
    }
    Fields& set(std::string_view name, const Value& held) {
        if (!held.is_nil()) value.set(name, held);
        return *this;
    }

    Value value{Map{}};
};

Value step_value(const Step& step) {
    Fields fields;
    fields.set("what", step.what).set("name", step.name).set("path", step.path).set("at", step.at);
    fields.set("outcome", step.outcome).set("value", step.value).set("kept", step.kept);
    fields.set("skipped_by", step.skipped_by).set("skip_reason", step.skip_reason);
    fields.set("began", step.began).set("ended", step.ended);
    List attempts;
    for (const auto& attempt : step.attempts) {
        Fields one;
        one.set("outcome", attempt.outcome).set("problem", attempt.problem);
        attempts.push_back(one.set("began", attempt.began).set("ended", attempt.ended).value);
    }
    return fields.set("attempts", Value(attempts)).value;
}

Value change_value(const ChangeEntry& change) {
    Fields fields;
    fields.set("key", change.key).set("path", change.path).set("target", change.target);
    fields.set("operation", change.operation).set("child", change.child).set("at", change.at);
    fields.set("arguments", change.arguments).set("before", change.before);
    fields.set("after", change.after).set("value", change.value).set("sign", change.sign);
    fields.set("plan", change.plan).set("recovery", change.recovery);
    fields.set("outcome", change.outcome).set("settled_by", change.by);
    fields.set("problem", change.problem).set("changed", change.changed);
    fields.set("left_some", change.left_some).set("in_doubt", change.in_doubt);
    fields.set("was_in_doubt", change.was_in_doubt()).set("kept", change.kept);
    fields.set("undoing", change.undoing).set("tries", static_cast<double>(change.tries));
    fields.set("undone", change.undone).set("undone_at", change.undone_at);
    fields.set("began", change.began).set("ended", change.ended);
    List happenings;
    for (const auto& happening : change.happenings) {
        Fields one;
        one.set("at", happening.at).set("what", happening.what);
        happenings.push_back(one.set("text", happening.text).set("who", happening.who).value);
    }
    if (!happenings.empty()) fields.set("happenings", Value(happenings));
    return fields.value;
}

Value question_value(const QuestionEntry& question) {
    Fields fields;
    fields.set("key", question.key).set("what", question.what).set("name", question.name);
    fields.set("path", question.path).set("role", question.role).set("detail", question.detail);
    fields.set("evidence", question.evidence).set("choices", question.choices);
    fields.set("names", question.names).set("not_starter", question.not_starter);
    fields.set("count", static_cast<double>(question.count)).set("open", question.open);
    fields.set("stopped", question.stopped).set("asked", question.asked);
    fields.set("ended", question.ended).set("due", question.due);
    List answers;
    for (const auto& answer : question.answers) {
        Fields one;
        one.set("at", answer.at).set("who", answer.who).set("key", answer.key);
        one.set("how", answer.how);
        one.set("decision", answer.decision).set("value", answer.value);
        one.set("reason", answer.reason).set("problem", answer.problem);
        one.set("signal", answer.signal).set("partial", answer.partial);
        answers.push_back(one.set("by_time", answer.by_time).value);
    }
    return fields.set("answers", Value(answers)).value;
}

Value failure_value(const FailureEntry& failure) {
    Fields fields;
    fields.set("key", failure.key).set("what", failure.what).set("name", failure.name);
    fields.set("path", failure.path).set("message", failure.message).set("code", failure.code);
    fields.set("retry", failure.retry).set("at", failure.at).set("decision", failure.decision);
    fields.set("decided_by", failure.decided_by).set("reason", failure.reason);
    fields.set("twice", failure.twice).set("pause_s", failure.pause);
    return fields.set("time", failure.time).set("decided_at", failure.decided_at).value;
}

Value undo_value(const UndoEntryView& undo) {
    Fields fields;
    fields.set("index", static_cast<double>(undo.index)).set("name", undo.name);
    fields.set("function", undo.function).set("within", undo.within);
    fields.set("outcome", undo.outcome).set("problem", undo.problem);
    return fields.set("began", undo.began).set("ended", undo.ended).value;
}

Value note_value(const NoteEntry& note) {
    Fields fields;
    fields.set("kind", note.kind).set("level", note.level).set("text", note.text);
    return fields.set("who", note.who).set("data", note.data).set("at", note.at).value;
}

template <class Item>
List all_of(const std::vector<Item>& items, Value (*one)(const Item&)) {
    List list;
    for (const auto& item : items) list.push_back(one(item));
    return list;
}

}  // namespace

Value report_value(const Timeline& timeline, const RunRow& row) {
    Value value;
    value.set("facts", facts_value(timeline)).set("verdict", closing_value(timeline.state, row));
    value.set("steps", all_of(timeline.steps, step_value));
    value.set("changes", all_of(timeline.changes, change_value));
    value.set("questions", all_of(timeline.questions, question_value));
    value.set("failures", all_of(timeline.failures, failure_value));
    value.set("undo", all_of(timeline.undos, undo_value));
    value.set("notes", all_of(timeline.notes, note_value));
    Value proof;
    for (const auto& fact : proof_of(timeline, row)) proof.set(fact.label, fact.text);
    return value.set("proof", proof);
}

}  // namespace perilune::report
