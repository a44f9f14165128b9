// Replaced code: what of a run's records stays, and what the new code is not asked for again (7.8).
#include "interpreter/run/engine.h"

namespace perilune {

void Engine::load(const Records& records, Code code) {
    records.each([this](const Value& record) {
        if (record["kind"].text() == "code") forget_bodies();
        note_recorded(record);
        unanswered_.take(record, state_);
        state_.apply(record);
    });
    if (code == Code::replaced) forget_bodies();
    stand_ins_.find(records, state_, code == Code::replaced);
}

// What failed outside any step has no attempt that could stand in for it: the new code may do
// anything where the old one failed.
void Engine::forget_bodies() {
    for (const auto& [id, failure] : state_.failures)
        if (failure["args"]["what"].text() == "body") recorded_.erase(id);
}

void Engine::record_code(const std::string& bundle, const Value& facts, const std::string& who) {
    Value record;
    record.set("kind", "code").set("bundle", bundle).set("facts", facts).set("who", who);
    append(std::move(record));
    guide_.reset();
}

}  // namespace perilune
