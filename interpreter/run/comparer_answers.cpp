// What the journal knows of an event is answered from it; what it does not is supposed.
#include <algorithm>

#include "interpreter/run/comparer.h"
#include "interpreter/run/supposed.h"

namespace perilune {

namespace {

Value failure_told(const Value& data) {
    return Value().set("code", data["error"]["code"]).set("message", data["error"]["message"]);
}

}  // namespace

ComparedEffect Comparer::effect_of(const Event& event, const std::string& path) const {
    ComparedEffect effect;
    effect.path = path;
    effect.target = event.target;
    effect.name = event.name;
    effect.arguments = event.data;
    effect.at = event.at;
    effect.strand = event.id.strand;
    if (event.kind == "operation") {
        const Family* family = host_.family_of(event.target);
        const Operation* row = family ? family->operation(event.name) : nullptr;
        if (row && row->effect == Effect::observe) effect.kind = ComparedEffect::Kind::observe;
    }
    if (event.kind == "child") effect.kind = ComparedEffect::Kind::child;
    if (event.kind == "question") {
        effect.kind = ComparedEffect::Kind::question;
        effect.what = event.data["what"].text();
    }
    if (event.kind == "timer") effect.kind = ComparedEffect::Kind::sleep;
    if (event.kind == "failure") {
        effect.kind = ComparedEffect::Kind::failure;
        effect.arguments = failure_told(event.data);
    }
    return effect;
}

void Comparer::met(const Event& event, RecordedAsk& ask) {
    ComparedEffect effect = effect_of(event, state_.path(event.scope));
    effect.seq = ask.seq;
    if (is_compared(event)) met_otherwise(event, ask, effect);
    std::int64_t& newest = strands_.newest[event.id.strand];
    newest = std::max(newest, ask.seq);
    if (ask.answer_seq > 0) {
        due_[ask.answer_seq] = {.id = event.id, .scope = {}};
    } else {
        open_[event.id] = event;
    }
}

// What is asked is the same; when, for how long and why may still be another.
void Comparer::met_otherwise(const Event& event, RecordedAsk& ask, ComparedEffect& effect) {
    const Value record = recorded_.record(ask.seq);
    Value was = record["args"];
    if (event.kind == "failure") was = failure_told(was);
    const bool compared = event.kind == "failure" || event.kind == "timer";
    const Value now =
        event.kind == "timer" ? Value().set("seconds", event.data["seconds"]) : effect.arguments;
    if (event.kind == "timer") was = Value().set("seconds", was["seconds"]);
    if (compared && !(was == now)) {
        effect.sign = '~';
        effect.was = was;
    }
    const bool acts = event.kind == "child" || event.kind == "question" ||
                      effect.kind == ComparedEffect::Kind::change;
    if (acts && ask.seq < strands_.newest[event.id.strand]) {
        effect.sign = '~';
        effect.detail = "in another order";
    }
    if (event.kind == "child")
        effect.detail = "its own effects: perilune replay " + record["run"].text();
    found_.effects.push_back(effect);
}

void Comparer::unmet(const Event& event, const std::string& refusal) {
    if (is_compared(event)) {
        ComparedEffect effect = effect_of(event, state_.path(event.scope));
        effect.sign = '+';
        effect.after = strands_.newest[event.id.strand];
        effect.detail = refusal;
        found_.effects.push_back(std::move(effect));
    }
    supposed(event, refusal);
}

// Answers what the journal does not know.
void Comparer::supposed(const Event& event, const std::string& refusal) {
    if (!refusal.empty()) return deliver(event.id, "error", fail("refused", refusal).to_value());
    if (event.kind == "operation") return deliver(event.id, "ok", unknown_result(event));
    if (event.kind == "child")
        return deliver(event.id, "ok", Value(Unknown{"result of the runbook " + event.name}));
    if (event.kind == "question") {
        found_.assumed.push_back({state_.path(event.scope),
                                  event.data["what"].text() + " \"" + event.name +
                                      "\" is answered so that the run goes on",
                                  event.at});
        return deliver(event.id, "ok", supposed_answer(event));
    }
    if (event.kind == "timer") {
        // What is told while something else works is told once.
        if (event.data["why"].text() == "meanwhile") return;
        now_ += std::max(0.0, event.data["seconds"].number());
        return deliver(event.id, "ok", {});
    }
    if (event.kind == "settle") return deliver(event.id, "ok", {});
    if (event.kind != "failure") return;
    if (event.data["guarded"].boolean()) return deliver(event.id, "ok", Value().set("raise", true));
    stop_strand(event, "what would become of the failure of \"" + event.name +
                           "\": " + event.data["error"]["message"].text());
}

void Comparer::deliver(const EventId& id, std::string_view how, Value value) {
    open_.erase(id);
    told_ = run_->tell_worker(List{"deliver", 0, id.strand, id.n, now_, how, std::move(value)});
}

void Comparer::deliver_recorded(std::int64_t seq, const EventId& id) {
    const Value record = recorded_.record(seq);
    now_ = std::max(now_, record["time"].number());
    const List message = delivery_of(record).list();
    deliver(id, message[5].text(), message[6]);
}

}  // namespace perilune
