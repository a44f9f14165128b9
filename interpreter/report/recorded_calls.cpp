#include "interpreter/report/recorded_calls.h"

#include <algorithm>

#include "interpreter/base/json.h"
#include "interpreter/base/recorded_answers.h"

namespace perilune::report {

namespace {

std::string call_name(const Value& asked) {
    return asked["target"].text() + ":" + asked["name"].text();
}

// What is observed again and is still so, as polls do, is written once.
bool is_same_answer(const Value& entry, const Value& other) {
    return !entry.has("sign") && !other.has("sign") && !entry.has("unread") &&
           entry["value"] == other["value"] && entry["error"] == other["error"];
}

}  // namespace

RecordedCalls::RecordedCalls(double starts_at,
                             std::function<bool(const std::string&, const std::string&)> is_change)
    : starts_at_(starts_at), is_change_(std::move(is_change)) {}

void RecordedCalls::take(const Records& records) {
    Run run;
    records.each([&](const Value& record) {
        const std::string& kind = record["kind"].text();
        if (kind == "read") take_read(record);
        if (kind == "intent") run.sent[EventId::from(record)].intent = record;
        if (kind == "not_done" || kind == "try" || kind == "doubt") take_progress(run, record);
        if (kind == "result") take_result(run, record);
        if (kind == "undo" || kind == "undone" || kind == "intent") take_undo(run, record);
    });
    for (const auto& [id, sent] : run.sent)
        if (sent.doubted_at > 0) add(run, id, sent, Value().set("by", "person"), sent.doubted_at);
}

Value RecordedCalls::entry_of(const Value& asked, double time) const {
    Value entry;
    Value arguments = asked["args"];
    arguments.as_map();
    return entry.set("at", std::max(0.0, time - starts_at_))
        .set("arguments", with_secrets_named(arguments));
}

void RecordedCalls::take_read(const Value& record) {
    // What the host refuses, it refuses again.
    if (record["error"]["code"].text() == "refused") return;
    Value entry = entry_of(record, record["time"].number());
    entry.set("value", record["value"]).set("error", record["error"]);
    if (is_change_(record["target"].text(), record["name"].text())) entry.set("unread", true);
    told_.push_back({call_name(record), record["time"].number(), std::move(entry)});
}

void RecordedCalls::take_progress(Run& run, const Value& record) {
    const auto found = run.sent.find(of(record));
    if (found == run.sent.end()) return;
    Sent& sent = found->second;
    const std::string& kind = record["kind"].text();
    if (kind == "doubt") {
        sent.doubted_at = record["time"].number();
    } else if (kind == "try") {
        if (!sent.known) sent.tries.emplace_back("lost");
        sent.known = false;
        sent.doubted_at = 0;
    } else {
        const std::string& evidence = record["evidence"].text();
        if (evidence != "not sent")
            sent.tries.emplace_back(evidence == "look" ? "lost" : "not_sent");
        sent.known = true;
    }
}

void RecordedCalls::take_result(Run& run, const Value& record) {
    const EventId id = of(record);
    const auto found = run.sent.find(id);
    if (found == run.sent.end()) return;  // Of a child run.
    Sent sent = std::move(found->second);
    run.sent.erase(found);
    // What was given up after the last try is told as that one's failure.
    if (sent.known && !sent.tries.empty()) sent.tries.pop_back();
    add(run, id, sent, record, record["time"].number());
}

void RecordedCalls::add(Run& run, const EventId& id, const Sent& sent, const Value& result,
                        double time) {
    const std::string& by = result["by"].text();
    const std::string outcome = result["outcome"].text();
    const bool found = by == "look" && outcome == "done";
    const bool doubt = by.starts_with("person");
    const bool so = by == "already so";
    Value entry = entry_of(sent.intent, time);
    entry.set("before", sent.intent["before"]).set("sign", sent.intent["sign"]);
    for (const auto* field : {"value", "after", "error"}) entry.set(field, result[field]);
    if (!outcome.empty() && outcome != "done") entry.set("outcome", outcome);
    if (result.has("left")) entry.set("left", true);
    if (!sent.tries.empty()) entry.set("tries", sent.tries);
    if (so) entry.set("so", true);
    if (found) entry.set("found", true);
    if (doubt) entry.set("doubt", true);
    const std::string name = call_name(sent.intent);
    if (!so && by != "not sent")
        changes_.emplace(time, List{name, entry["arguments"],
                                    found || doubt ? std::string("unknown") : outcome});
    run.places[id] = told_.size();
    told_.push_back({name, time, std::move(entry)});
}

// How a change was taken back: its undo names it, and the intent of that undo the call.
void RecordedCalls::take_undo(Run& run, const Value& record) {
    const std::string& kind = record["kind"].text();
    if (kind == "undo" && record.has("of") && !record["function"].boolean()) {
        const auto place = run.places.find(of(record));
        if (place != run.places.end()) run.undone[record["index"].integer()] = place->second;
    } else if (kind == "undone") {
        const auto found = run.undone.find(record["index"].integer());
        if (found == run.undone.end()) return;
        Value& entry = told_[found->second].entry;
        const std::string& outcome = record["outcome"].text();
        if (!entry.has("undone") && (outcome == "done" || outcome == "conflict"))
            entry.set("undone", Value().set("how", outcome == "done" ? "already" : "conflict"));
    } else if (kind == "intent" && record["host"].boolean()) {
        for (const auto& [index, place] : run.undone) {
            if (undo_event(index) != EventId::from(record)) continue;
            Value how;
            how.set("operation", record["name"]).set("arguments", record["args"]);
            told_[place].entry.set("undone", std::move(how));
        }
    }
}

Value RecordedCalls::answers() const {
    std::vector<const Told*> ordered;
    for (const auto& told : told_) ordered.push_back(&told);
    std::stable_sort(ordered.begin(), ordered.end(),
                     [](const Told* one, const Told* other) { return one->at < other->at; });
    std::map<std::string, List> lists;
    std::map<std::string, std::size_t> newest;  // By call and arguments, its place in the list.
    for (const auto* told : ordered) {
        List& list = lists[told->name];
        const std::string key = told->name + to_canonical_json(told->entry["arguments"]);
        const auto found = newest.find(key);
        if (found != newest.end() && is_same_answer(list[found->second], told->entry)) {
            Value& entry = list[found->second];
            entry.set("times", std::max<std::int64_t>(1, entry["times"].integer()) + 1);
            continue;
        }
        newest[key] = list.size();
        list.push_back(told->entry);
    }
    Value all{Map{}};
    for (auto& [name, list] : lists) all.set(name, std::move(list));
    return all;
}

List RecordedCalls::changes() const {
    List all;
    for (const auto& [time, change] : changes_) all.push_back(change);
    return all;
}

}  // namespace perilune::report
