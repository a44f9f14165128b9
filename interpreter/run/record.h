// The records of a run's journal: their fields, what the worker is told of each, and what replay
// compares.
#pragma once

#include <compare>
#include <optional>
#include <string>

#include "interpreter/base/value.h"

namespace perilune {

// The identity of an event: the strand that asked, and the how-manieth of its events it was.
struct EventId {
    std::string strand;
    std::int64_t n = 0;

    auto operator<=>(const EventId&) const = default;
    std::string key() const { return strand + "#" + std::to_string(n); }
    static EventId from(const Value& record);       // From `strand` and `n`.
    static EventId from_key(std::string_view key);  // From "strand#n".
};

// Something a strand asked of the host.
struct Event {
    EventId id;
    std::string scope;   // "" for the run, else the key of the event that opened it.
    std::string kind;    // operation open close timer question failure settle child keep …
    std::string name;    // The operation's or step's name.
    std::string target;  // "dns/site", or empty.
    Value data;
    std::string at;  // "runbooks/a.lua:12", or empty.
};

// The first event of the strand in which the index-th undo is done.
EventId undo_event(std::int64_t index);

// Reads a worker's `event` message; nothing where it is malformed.
std::optional<Event> read_event(const List& message);

// A record that answers or notes `event`: kind, strand, n, scope, name, target.
Value event_record(std::string_view kind, const Event& event);
// A record about an earlier event: kind and `of`.
Value record_of(std::string_view kind, const EventId& id);
EventId of(const Value& record);

// What two tellings of one event must agree in: kind, name, target, arguments, scope. Options,
// lines and logs are not compared. Of an operation, `data` holds its checked arguments.
std::string event_fingerprint(const Event& event);
// The same of the event a record stands for; empty where the record stands for none.
std::string record_fingerprint(const Value& record);
// For people: `step "Promote"`, `dns/site:upsert {…}`.
// The event a record stands for, as it was asked.
Event event_of(const Value& record);
std::string describe_event(std::string_view kind, const Value& name, const Value& target,
                           const Value& data);
std::string describe_record(const Value& record);

// The message that begins the run of a `begin` record in a worker, the first time and in replays.
Value begin_message(const Value& begin);
// Whether the record is of something a strand asked for, with its number.
bool stands_for_event(const Value& record);
// The event that the record answers for the strand that asked; nothing where it answers none.
std::optional<EventId> answered_event(const Value& record);
// The message a worker gets when the record is appended, live and in replay alike; nil for none.
Value delivery_of(const Value& record);

// Whether a record of this kind asks for a flush by itself (others ride along).
bool wants_flush(const Value& record);

}  // namespace perilune
