// The plan of the rest of a run: its records are replayed, and what it asks then is predicted.
#include <algorithm>

#include "interpreter/run/planner.h"
#include "interpreter/run/stand_ins.h"

namespace perilune {

void Planner::take_records() {
    std::map<std::string, PlanEntry> done;
    Value last;  // Where each strand's records end.
    last.as_map();
    subject_.records.each([&](const Value& record) {
        note_scope(record);
        if (record_fingerprint(record).empty()) return;
        const EventId id = EventId::from(record);
        recorded_.insert(id);
        last.set(id.strand, std::max(id.n, last[id.strand].integer()));
        note_done(record, done);
    });
    for (auto& [key, entry] : done) plan_.entries.push_back(std::move(entry));
    plan_.run = subject_.begin["run"].text();
    seq_ = state_.seq;
    predicted_->now = std::max(predicted_->now, state_.time);
    replaying_ = true;
    StandIns stand_ins;
    stand_ins.find(subject_.records, state_, false);
    run_->tell_worker(List{"recorded", last});
    told_ = run_->tell_worker(stand_ins.begin_message(subject_.begin));
    subject_.records.each_delivered([&](const Value& record) {
        if (Value message = delivery_of(record); !message.is_nil() && !stand_ins.leaves_out(record))
            told_ = run_->tell_worker(std::move(message));
    });
}

// What a plan has let through stands in that of the rest too: a further attempt makes it again.
void Planner::note_done(const Value& record, std::map<std::string, PlanEntry>& done) {
    if (!record.has("entry")) return;
    const Event event = event_of(record);
    std::int64_t& met = ordinals_[event.scope];
    met = record["entry"].integer() - 1;
    PlanEntry entry = entry_of(event);
    entry.done = true;
    if (const std::string& sign = record["sign"].text(); !sign.empty()) entry.sign = sign[0];
    done[entry.path + "\n" + std::to_string(entry.ordinal)] = std::move(entry);
}

// What waits for an answer is answered by prediction, then what the script asks next.
void Planner::end_replay() {
    replaying_ = false;
    std::vector<std::pair<std::int64_t, AskedPtr>> open;
    const auto add = [&](const Value& record) {
        auto asked = std::make_shared<Asked>();
        asked->event = event_of(record);
        open.emplace_back(record["seq"].integer(), asked);
        return asked;
    };
    const auto add_answered = [&](const Value& record, const std::string& source) {
        const AskedPtr asked = add(record);
        asked->begun = true;
        settled(asked, "ok", Value(Unknown{source}));
    };
    for (const auto& [id, timer] : state_.timers)
        if (!timer.record.has("of")) add(timer.record);
    for (const auto& [id, question] : state_.questions) add(question.record);
    for (const auto& [id, stopped] : state_.settling) add(stopped);
    for (const auto& [id, intent] : state_.intents)
        add_answered(intent.record, "result of " + intent.record["name"].text() + " of " +
                                        intent.record["target"].text());
    for (const auto& [id, child] : state_.children) {
        add_answered(child, "result of the runbook " + child["name"].text());
        Value why;
        why.set("why", "the run " + child["run"].text() + " of " + child["name"].text() +
                           " is under way and has a plan of its own");
        note(plan_.not_planned, event_of(child), std::move(why));
    }
    for (const auto& [id, failure] : state_.failures) {
        Value why;
        why.set("why",
                "a person has to decide on the failure of \"" + failure["name"].text() + "\"");
        note(plan_.not_planned, event_of(failure), std::move(why));
    }
    std::sort(open.begin(), open.end(),
              [](const auto& left, const auto& right) { return left.first < right.first; });
    for (auto& [seq, asked] : open) queue_.push_back(std::move(asked));
    answer_in_order();
    auto events = std::exchange(stash_, {});
    for (auto& event : events) take(std::move(event));
}

}  // namespace perilune
