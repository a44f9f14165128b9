#include "interpreter/run/recollection.h"

#include <limits>

#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"

namespace perilune {

namespace {

// What two askings must agree in to be the same. How long a timer is, and what a question says
// beside its name, does not make it another one.
std::string line_of(const Event& event, const std::string& path) {
    Value data;
    if (event.kind == "operation" || event.kind == "child") data = event.data;
    if (event.kind == "timer") data.set("why", event.data["why"]);
    if (event.kind == "failure") data.set("what", event.data["what"]);
    if (event.kind == "question")
        data.set("what", event.data["what"]).set("names", event.data["names"]);
    data.as_map();
    return sha256(to_canonical_json(List{event.kind, event.name, event.target, path, data}));
}

std::string scope_line(const Event& open, const std::string& path) {
    return to_canonical_json(List{path, open.data["what"], open.data["attempt"]});
}

}  // namespace

Recollection::Recollection(const Records& records) : records_(records) {
    std::unordered_map<std::string, std::size_t> places;  // Of asks, by their event.
    records_.each([&](const Value& record) {
        state_.apply(record);
        note(record, places);
        note_delivery(record, places);
    });
    for (const auto& ask : asks_) count(ask, 1);
}

void Recollection::note(const Value& record, std::unordered_map<std::string, std::size_t>& places) {
    if (record["kind"].text() == "end" && end_.is_nil()) end_ = record;
    if (!stands_for_event(record)) return;
    const Event event = event_of(record);
    if (event.kind == "close" || event.kind == "keep") return;
    if (event.kind == "open") {
        scope_lines_[scope_line(event, state_.path(event.id.key()))].places.push_back(
            scopes_.size());
        scopes_.push_back(event.id.key());
        return;
    }
    RecordedAsk ask;
    ask.seq = record["seq"].integer();
    ask.kind = event.kind;
    ask.path = state_.path(event.scope);
    ask.scope = event.scope;
    ask.id = event.id;
    lines_[line_of(event, ask.path)].places.push_back(asks_.size());
    places[event.id.key()] = asks_.size();
    asks_.push_back(std::move(ask));
}

void Recollection::note_delivery(const Value& record,
                                 const std::unordered_map<std::string, std::size_t>& places) {
    if (delivery_of(record).is_nil()) return;
    const std::int64_t seq = record["seq"].integer();
    const auto answered = answered_event(record);
    if (!answered) return unasked_.push_back(seq);
    if (const auto found = places.find(answered->key()); found != places.end()) {
        if (asks_[found->second].answer_seq == 0) asks_[found->second].answer_seq = seq;
    } else {
        interruptions_.emplace(answered->key(), seq);
    }
}

// Where a scope is interrupted: its step fails after that, which is none of its body.
std::int64_t Recollection::end_of_body(const std::string& scope) const {
    std::int64_t end = interruption(scope);
    if (scope.empty()) end = state_.stop["seq"].integer();
    return end > 0 ? end : std::numeric_limits<std::int64_t>::max();
}

void Recollection::count(const RecordedAsk& ask, int by) {
    for (std::string at = ask.scope;; at = state_.scope(at).parent) {
        if (ask.seq < end_of_body(at)) left_[at] += by;
        if (at.empty()) return;
    }
}

RecordedAsk* Recollection::take(const Event& event, const std::string& path,
                                const std::function<bool(const RecordedAsk&)>& fits) {
    const auto found = lines_.find(line_of(event, path));
    if (found == lines_.end()) return nullptr;
    Line& line = found->second;
    while (line.next < line.places.size() && asks_[line.places[line.next]].taken) ++line.next;
    if (line.next == line.places.size()) return nullptr;
    RecordedAsk& ask = asks_[line.places[line.next]];
    if (!fits(ask)) return nullptr;
    take(ask);
    return &ask;
}

void Recollection::take(RecordedAsk& ask) {
    ask.taken = true;
    count(ask, -1);
}

void Recollection::leave_out(const StandIns& stand_ins) {
    for (auto& ask : asks_)
        if (stand_ins.covers(ask.id)) take(ask);
}

std::string Recollection::take_scope(const Event& open, const std::string& path) {
    const auto found = scope_lines_.find(scope_line(open, path));
    if (found == scope_lines_.end() || found->second.next == found->second.places.size()) return {};
    return scopes_[found->second.places[found->second.next++]];
}

std::int64_t Recollection::interruption(const std::string& scope) const {
    const auto found = interruptions_.find(scope);
    return found == interruptions_.end() ? 0 : found->second;
}

bool Recollection::breaks_off(const std::string& scope) const {
    const auto left = left_.find(scope);
    if (left != left_.end() && left->second > 0) return false;
    // A run that was done may have been undone later.
    if (scope.empty()) return end_["outcome"].text() != "done";
    const Scope& recorded = state_.scope(scope);
    return recorded.open || recorded.stopped || interruptions_.contains(scope);
}

}  // namespace perilune
