#include "interpreter/report/recorded_people.h"

#include <algorithm>

namespace perilune::report {

namespace {

// Microseconds say enough, and are shorter to read.
double rounded(double seconds) {
    return std::max(0.0, static_cast<double>(static_cast<long long>(seconds * 1e6)) / 1e6);
}

}  // namespace

void RecordedPeople::take(const Records& records, const RunState& state) {
    std::map<EventId, Asked> asked;
    std::map<EventId, Value> intents;
    records.each([&](const Value& record) {
        const std::string& kind = record["kind"].text();
        const double at = record["time"].number();
        if (kind == "begin") people_.emplace(record["who"].text(), "");
        if (kind == "question" || kind == "failure")
            asked[EventId::from(record)] = {record["name"].text(), record["args"]["role"].text(),
                                            at};
        if (kind == "intent") intents[EventId::from(record)] = record;
        if (kind == "answer") take_answer(record, asked);
        if (kind == "stop" || kind == "undo") take_command(record, state);
        if (kind == "settled_by") take_settled(record, intents[of(record)]);
        if (kind == "result")
            if (const std::string by = record["by"].text();
                by.starts_with("person: ") && !commands_.empty() && record.has("value"))
                commands_.back().body.set("result", record["value"]);
        if (kind == "code") doubts_.emplace_back("the code of the run was replaced on the way");
    });
}

void RecordedPeople::take_answer(const Value& record, const std::map<EventId, Asked>& asked) {
    const auto found = asked.find(of(record));
    if (found == asked.end()) return;
    const auto& [name, role, at] = found->second;
    const double after_s = rounded(record["time"].number() - at);
    if (record["by"].text() == "time") {
        commands_.push_back({record["time"].number(), "resume", {}, after_s});
        return;
    }
    if (record["partial"].boolean()) {
        doubts_.push_back("several people had to approve \"" + name + "\"");
        return;
    }
    if (!record.has("who")) return;
    people_[record["who"].text()] = role;
    Value given;
    if (record["again"].boolean()) given.set("decision", "retry");
    if (record["skip"].boolean()) given.set("decision", "skip");
    const std::string& decision = record["decision"].text();
    if (decision == "approve" || decision == "reject") given.set("decision", decision);
    given.set("value", record.has("data") ? record["data"] : record["value"]);
    if (!record["reason"].text().empty()) given.set("reason", record["reason"]);
    if (after_s > 0) given.set("after", after_s);
    answers_[name].push_back(std::move(given));
}

void RecordedPeople::take_command(const Value& record, const RunState& state) {
    if (!record.has("who")) return;
    people_.emplace(record["who"].text(), "");
    if (record.has("of")) {
        doubts_.emplace_back("a step was skipped while it was executed");
        return;
    }
    const bool undo = record["kind"].text() == "undo" || record["why"].text() == "undo";
    Value body{Map{}};
    const std::string& to = record["to"].text();
    if (!to.empty()) {
        std::string name = state.path(to);
        for (const auto& mark : state.keeps)
            if (EventId::from(mark).key() == to) name = mark["name"].text();
        body.set("to", name.empty() ? to : name);
    }
    if (record["force"].boolean()) body.set("force", true);
    if (!record["reason"].text().empty()) body.set("reason", record["reason"]);
    commands_.push_back({record["time"].number(), undo ? "undo" : "cancel", std::move(body), 0});
}

void RecordedPeople::take_settled(const Value& record, const Value& intent) {
    people_.emplace(record["who"].text(), "");
    Value body;
    body.set("name", intent["target"].text() + ":" + intent["name"].text());
    body.set("how", record["how"]).set("reason", record["reason"]);
    commands_.push_back({record["time"].number(), "settle", std::move(body), 0});
}

Value RecordedPeople::answers() const {
    Value all{Map{}};
    for (const auto& [name, list] : answers_)
        all.set(name, list.size() == 1 ? list.front() : Value(list));
    return all;
}

}  // namespace perilune::report
