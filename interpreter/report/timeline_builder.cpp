#include "interpreter/report/timeline_builder.h"

#include <algorithm>
#include <array>

#include "interpreter/run/steering.h"

namespace perilune::report {

TimelineBuilder::TimelineBuilder(Depth depth) : depth_(depth) {
    made_.entries.emplace_back();
    places_[""] = 0;
}

void TimelineBuilder::take(const Value& record) {
    // First, so that a scope just opened has its path.
    made_.state.apply(record);
    const std::string& kind = record["kind"].text();
    note_person(kind, record);
    if (!take_structure(kind, record) && !take_effect(kind, record) && !take_people(kind, record))
        add_note(kind, record, first_text(record, {"text", "reason", "why", "name"}));
    follow(record);
}

// What a parent stops is its own decision, and a signal is its sender's.
void TimelineBuilder::note_person(const std::string& kind, const Value& record) {
    static constexpr std::array<std::string_view, 8> decisions = {
        "begin", "answer", "plan", "signal", "settled_by", "stop", "undo", "review"};
    const std::string& who = record["who"].text();
    if (who.empty() || who == parent_run || record.has("signal")) return;
    if (std::find(decisions.begin(), decisions.end(), kind) == decisions.end()) return;
    made_.people[who] = record["signed"]["key"].text();
}

bool TimelineBuilder::take_structure(const std::string& kind, const Value& record) {
    if (kind == "begin") {
        take_begin(record);
    } else if (kind == "open") {
        take_open(record);
    } else if (kind == "close") {
        take_close(record);
    } else if (kind == "stop") {
        take_stop(record);
    } else if (kind == "timer") {
        take_timer(record);
    } else if (kind == "fired") {
        take_fired(record);
    } else if (kind == "log") {
        take_log(record);
    } else if (kind == "end") {
        take_end(record);
    } else if (kind == "settled" || kind == "ended") {
        return true;  // Seen in what they close.
    } else {
        return false;
    }
    return true;
}

bool TimelineBuilder::take_effect(const std::string& kind, const Value& record) {
    if (kind == "read") {
        take_read(record);
    } else if (kind == "intent") {
        take_intent(record);
    } else if (kind == "child") {
        take_child(record);
    } else if (kind == "result") {
        take_result(record);
    } else if (kind == "undo") {
        take_undo(record);
    } else if (kind == "undone") {
        take_undone(record);
    } else if (kind == "try" || kind == "not_done" || kind == "doubt" || kind == "part" ||
               kind == "settled_by") {
        take_happening(record);
    } else {
        return false;
    }
    return true;
}

bool TimelineBuilder::take_people(const std::string& kind, const Value& record) {
    if (kind == "question") {
        take_question(record);
    } else if (kind == "answer") {
        take_answer(record);
    } else if (kind == "failure") {
        take_failure(record);
    } else if (kind == "keep") {
        add_note(kind, record, record["name"].text(), place_of(record["scope"].text()));
    } else if (kind == "beyond") {
        add_note(kind, record, record["text"].text(), place_of(record["scope"].text()));
    } else if (kind == "plan") {
        const std::string& reason = record["reason"].text();
        add_note(kind, record,
                 record["plan"].text().substr(0, 16) + (reason.empty() ? "" : ": " + reason));
    } else if (kind == "signal") {
        add_note(kind, record, record["name"].text());
    } else if (kind == "refused") {
        const std::string& name = record["name"].text();
        add_note(kind, record,
                 record["decision"].text() + (name.empty() ? "" : " \"" + name + "\"") + " — " +
                     record["text"].text());
    } else if (kind == "fault") {
        add_note(kind, record, record["text"].text());
    } else if (kind == "claim") {
        std::string text = first_text(record, {"why", "reason"});
        if (const std::string from = first_text(record, {"from"}); !from.empty())
            text = "from " + from + (text.empty() ? "" : ": " + text);
        add_note(kind, record, text);
    } else {
        return false;
    }
    return true;
}

std::size_t TimelineBuilder::add_entry(EntryKind kind, std::size_t index, std::size_t parent,
                                       double at) {
    Entry entry;
    entry.kind = kind;
    entry.index = index;
    entry.parent = parent;
    entry.at = at;
    const Entry& around = made_.entries[parent];
    if (around.kind == EntryKind::step)
        entry.attempt = static_cast<int>(made_.steps[around.index].attempts.size());
    const std::size_t place = made_.entries.size();
    made_.entries.push_back(std::move(entry));
    made_.entries[parent].inside.push_back(place);
    return place;
}

std::size_t TimelineBuilder::place_of(const std::string& scope) const {
    const auto found = places_.find(scope);
    return found == places_.end() ? 0 : found->second;
}

void TimelineBuilder::add_note(std::string kind, const Value& record, std::string text,
                               std::size_t parent) {
    NoteEntry note;
    note.kind = std::move(kind);
    note.level = record["level"].text();
    note.text = std::move(text);
    note.who = first_text(record, {"who", "owner"});
    note.data = record["data"];
    note.at = record["time"].number();
    made_.notes.push_back(std::move(note));
    add_entry(EntryKind::note, made_.notes.size() - 1, parent, record["time"].number());
}

// Keeps where each strand stands, for its log lines, and ends a polling when something else is
// asked for.
void TimelineBuilder::follow(const Value& record) {
    if (!record.has("strand")) return;
    const std::string& strand = record["strand"].text();
    const std::string& kind = record["kind"].text();
    std::string scope = record["scope"].text();
    if (kind == "open") scope = EventId::from(record).key();
    if (kind == "close") scope = made_.state.scope(scope).parent;
    const bool pause = kind == "timer" && record["args"]["why"].text() == "poll";
    const bool polls = kind == "read" || pause;
    if (!polls) polling_.erase(strand);
    strand_scopes_[strand] = scope;
}

std::string first_text(const Value& record, std::initializer_list<std::string_view> names) {
    for (const auto name : names)
        if (!record[name].text().empty()) return record[name].text();
    return {};
}

}  // namespace perilune::report
