#include "interpreter/run/unanswered.h"

#include <algorithm>
#include <array>

namespace perilune {

namespace {

constexpr std::size_t bytes_beside = 8;  // Of a value that is neither text, list nor map.

bool wants_answer(const std::string& kind) {
    static constexpr std::array<std::string_view, 6> kinds = {"operation", "timer",   "question",
                                                              "child",     "failure", "settle"};
    return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

// A record of an event that waits for a record of its answer.
bool is_open(const Value& record) {
    static constexpr std::array<std::string_view, 5> kinds = {"intent", "timer", "question",
                                                              "child", "failure"};
    const std::string& kind = record["kind"].text();
    return std::find(kinds.begin(), kinds.end(), kind) != kinds.end() && record.has("strand") &&
           !record["host"].boolean() && !record.has("decision");
}

std::size_t bytes_of(const Value& value) {
    if (value.is_text()) return value.text().size();
    std::size_t bytes = bytes_beside;
    for (const auto& item : value.list()) bytes += bytes_of(item);
    for (const auto& [name, item] : value.map()) bytes += name.size() + bytes_of(item);
    return bytes;
}

}  // namespace

std::string Unanswered::add(const Event& event) {
    if (!wants_answer(event.kind) || asked_.contains(event.id)) return {};
    const std::size_t bytes = bytes_of(event.data);
    if (asked_.size() + 1 > events_max)
        return "The script has asked for 20,000 things at once that are not answered yet, and "
               "asks for more: is there a loop that starts branches without an end?";
    if (bytes_ + bytes > bytes_max)
        return "What the script asks for and is not answered yet is larger than 64 MiB together; "
               "hand large data over by a storage target.";
    insert(event.id, {.scope = event.scope, .bytes = bytes});
    return {};
}

void Unanswered::take(const Value& record, const RunState& state) {
    if (const auto id = answered_event(record)) forget(*id);
    if (is_open(record) && !asked_.contains(EventId::from(record)))
        insert(EventId::from(record),
               {.scope = record["scope"].text(), .bytes = bytes_of(record["args"])});
    if (record["kind"].text() != "stop") return;
    std::string scope = record["args"]["scope"].text();
    if (record.has("of")) scope = record["of"].text();
    std::erase_if(asked_, [&](const auto& item) {
        const bool inside = state.within(item.second.scope, scope);
        if (inside) bytes_ -= item.second.bytes;
        return inside;
    });
}

void Unanswered::insert(const EventId& id, Asked asked) {
    bytes_ += asked.bytes;
    asked_[id] = std::move(asked);
}

void Unanswered::forget(const EventId& id) {
    const auto found = asked_.find(id);
    if (found == asked_.end()) return;
    bytes_ -= found->second.bytes;
    asked_.erase(found);
}

}  // namespace perilune
