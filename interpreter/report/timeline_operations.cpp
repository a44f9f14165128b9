// The timeline's observes and changes, from their asking to their undoing.
#include "interpreter/report/timeline_builder.h"

#include "interpreter/base/json.h"

namespace perilune::report {

namespace {

std::string fingerprint(const Value& record) {
    return record["scope"].text() + "|" + record["target"].text() + ":" + record["name"].text() +
           to_canonical_json(record["args"]);
}

void note_answer(ReadEntry& read, const Value& record, Depth depth) {
    if (depth == Depth::whole) read.value = record["value"];
    read.problem = record["error"]["message"].text();
    read.code = record["error"]["code"].text();
    read.last_at = record["time"].number();
}

}  // namespace

// A polling asks the same again and again: one entry that counts.
void TimelineBuilder::take_read(const Value& record) {
    Polling& polling = polling_[record["strand"].text()];
    const std::string asked = fingerprint(record);
    const auto earlier = polling.reads.find(asked);
    if (earlier != polling.reads.end() && polling.wait != no_wait) {
        ReadEntry& read = made_.reads[earlier->second];
        ++read.times;
        return note_answer(read, record, depth_);
    }
    ReadEntry read;
    read.target = record["target"].text();
    read.operation = record["name"].text();
    read.at = record["at"].text();
    if (depth_ == Depth::whole) read.arguments = record["args"];
    read.first_at = record["time"].number();
    note_answer(read, record, depth_);
    made_.reads.push_back(std::move(read));
    polling.reads[asked] = made_.reads.size() - 1;
    add_entry(EntryKind::read, made_.reads.size() - 1, place_of(record["scope"].text()),
              record["time"].number());
}

void TimelineBuilder::take_intent(const Value& record) {
    const EventId id = EventId::from(record);
    ChangeEntry change;
    change.key = id.key();
    change.scope = record["scope"].text();
    change.path = made_.state.path(change.scope);
    change.target = record["target"].text();
    change.operation = record["name"].text();
    change.at = record["at"].text();
    if (depth_ == Depth::whole) {
        change.arguments = record["args"];
        change.before = record["before"];
    }
    change.sign = record["sign"].text();
    change.plan = record["plan"].text();
    change.recovery = record["recovery"].text();
    change.undoing = id.strand.starts_with("/undo.");
    change.kept = made_.state.kept(change.scope);
    change.began = record["time"].number();
    made_.changes.push_back(std::move(change));
    changes_[id.key()] = made_.changes.size() - 1;
    std::size_t parent = place_of(record["scope"].text());
    if (record["host"].boolean() && !undo_places_.empty()) parent = undo_places_.rbegin()->second;
    add_entry(EntryKind::change, made_.changes.size() - 1, parent, record["time"].number());
}

void TimelineBuilder::take_child(const Value& record) {
    const EventId id = EventId::from(record);
    ChangeEntry change;
    change.key = id.key();
    change.scope = record["scope"].text();
    change.path = made_.state.path(change.scope);
    change.operation = record["name"].text();
    change.child = record["run"].text();
    change.at = record["at"].text();
    change.arguments = record["args"];
    change.sign = "~";
    change.kept = made_.state.kept(change.scope);
    change.began = record["time"].number();
    made_.changes.push_back(std::move(change));
    changes_[id.key()] = made_.changes.size() - 1;
    add_entry(EntryKind::change, made_.changes.size() - 1, place_of(record["scope"].text()),
              record["time"].number());
}

ChangeEntry* TimelineBuilder::change_of(const Value& record) {
    const auto found = changes_.find(record["of"].text());
    return found == changes_.end() ? nullptr : &made_.changes[found->second];
}

void TimelineBuilder::take_happening(const Value& record) {
    ChangeEntry* change = change_of(record);
    if (!change) return;
    Happening happening;
    happening.at = record["time"].number();
    happening.what = record["kind"].text();
    happening.who = first_text(record, {"who", "by"});
    if (happening.what == "not_done") {
        happening.text = record["error"]["message"].text();
    } else if (happening.what == "try") {
        ++change->tries;
        change->in_doubt = false;
    } else if (happening.what == "doubt") {
        happening.text = record["text"].text();
        change->in_doubt = true;
    } else if (happening.what == "part") {
        happening.text = record["name"].text();
    } else {
        happening.text = record["how"].text();
        if (const std::string& reason = record["reason"].text(); !reason.empty())
            happening.text += ": " + reason;
    }
    change->happenings.push_back(std::move(happening));
}

void TimelineBuilder::take_result(const Value& record) {
    ChangeEntry* change = change_of(record);
    if (!change) return;
    change->outcome = record["outcome"].text();
    change->by = record["by"].text();
    if (depth_ == Depth::whole) {
        change->value = record["value"];
        change->after = record["after"];
    }
    change->changed = record["changed"].boolean();
    change->left_some = record["left"].text() == "some";
    change->problem = record["error"]["message"].text();
    change->in_doubt = false;
    change->ended = record["time"].number();
}

// An undo's entry; without one (index 0) it only says that an undo begins.
void TimelineBuilder::take_undo(const Value& record) {
    const double at = record["time"].number();
    if (record["settled"].boolean()) {
        add_note("undo", record, record["reason"].text());
        for (const auto* field : {"cannot", "kept"})
            for (const auto& item : record[field].list())
                made_.notes.back().told.push_back({field, item["what"].text()});
        return;
    }
    UndoEntryView undo;
    undo.index = record["index"].integer();
    undo.name = record["name"].text();
    undo.function = record["function"].boolean();
    undo.within = record["within"].boolean();
    undo.began = at;
    std::size_t parent = 0;
    // The undo of one step stands in that step, where its failure stands.
    if (undo.within && !made_.failures.empty()) {
        const auto& failure = made_.failures.back();
        const EventId id = EventId::from_key(failure.key);
        const auto scope = strand_scopes_.find(id.strand);
        if (scope != strand_scopes_.end()) parent = place_of(scope->second);
    }
    made_.undos.push_back(std::move(undo));
    undo_places_[record["index"].integer()] =
        add_entry(EntryKind::undo, made_.undos.size() - 1, parent, at);
    auto& covers = undo_covers_[record["index"].integer()];
    for (const auto& key : record["covers"].list()) covers.push_back(key.text());
}

void TimelineBuilder::take_undone(const Value& record) {
    const std::int64_t index = record["index"].integer();
    const auto place = undo_places_.find(index);
    if (place == undo_places_.end()) return;
    UndoEntryView& undo = made_.undos[made_.entries[place->second].index];
    undo.outcome = record["outcome"].text();
    undo.problem = record["problem"].text();
    undo.ended = record["time"].number();
    for (const auto& key : undo_covers_[index]) {
        const auto change = changes_.find(key);
        if (change == changes_.end()) continue;
        made_.changes[change->second].undone = undo.outcome;
        made_.changes[change->second].undone_at = undo.ended;
    }
}

}  // namespace perilune::report
