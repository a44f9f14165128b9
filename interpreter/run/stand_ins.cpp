#include "interpreter/run/stand_ins.h"

namespace perilune {

void StandIns::find(const Records& records, const RunState& state, bool replacing) {
    attempts_.clear();
    covered_.clear();
    const std::size_t count = replacing ? records.size() : records.count_before_last("code");
    records.each_of(count, [this](const Value& record) { take_failure(record); });
    if (attempts_.empty()) return;
    records.each_of(count, [&](const Value& record) {
        if (stands_for_event(record) && lies_within(record, state))
            covered_.insert(EventId::from(record));
    });
}

void StandIns::take_failure(const Value& record) {
    const std::string& kind = record["kind"].text();
    const Value& args = record["args"];
    const std::string& what = args["what"].text();
    if (kind == "stop" && args["why"].text() == "timeout" && record.has("strand")) {
        // Only a body that was dropped asks for this before its failure.
        attempts_[args["scope"].text()].told.set("outcome", "timeout");
        return;
    }
    if (kind != "failure") return;
    const EventId id = EventId::from(record);
    const bool whole = what == "step" || what == "wait" || what == "hold";
    if (!whole && what != "operation" && what != "child" && what != "question") return;
    const EventId before = {.strand = id.strand, .n = id.n - 1};
    Attempt& attempt = attempts_[whole ? record["scope"].text() : before.key()];
    attempt.failure = id;
    attempt.whole = whole;
    if (!attempt.told.has("outcome")) attempt.told.set("outcome", "failed");
    attempt.told.set("n", id.n - 1).set("error", args["error"]);
}

bool StandIns::lies_within(const Value& record, const RunState& state) const {
    const EventId id = EventId::from(record);
    const auto alone = attempts_.find(id.key());
    if (alone != attempts_.end() && alone->second.failure.n > 0 && !alone->second.whole)
        return true;
    for (std::string at = record["scope"].text(); !at.empty(); at = state.scope(at).parent) {
        const auto found = attempts_.find(at);
        if (found == attempts_.end() || found->second.failure.n == 0) continue;
        // From its failure on, an attempt's own strand is executed as ever.
        const EventId& failure = found->second.failure;
        if (id.strand != failure.strand || id.n < failure.n) return true;
    }
    return false;
}

Value StandIns::begin_message(const Value& begin) const {
    List message = perilune::begin_message(begin).list();
    if (attempts_.empty()) return message;
    Value all;
    all.as_map();
    for (const auto& [key, attempt] : attempts_)
        if (attempt.failure.n > 0) all.set(key, attempt.told);
    message.push_back(std::move(all));
    return message;
}

bool StandIns::leaves_out(const Value& record) const {
    if (attempts_.empty()) return false;
    const auto id = answered_event(record);
    return id && covers(*id);
}

}  // namespace perilune
