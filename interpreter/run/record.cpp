#include "interpreter/run/record.h"

#include <array>
#include <charconv>

#include "interpreter/base/json.h"

namespace perilune {

namespace {

// Fields of an event's data that tell one event from another; all others are options.
Value compared(std::string_view kind, const Value& data) {
    Value kept;
    if (kind == "operation" || kind == "child") return data;
    if (kind == "open") return kept.set("what", data["what"]).set("attempt", data["attempt"]);
    if (kind == "close") return kept.set("outcome", data["outcome"]);
    if (kind == "timer") return kept.set("seconds", data["seconds"]).set("why", data["why"]);
    if (kind == "question") return kept.set("what", data["what"]).set("names", data["names"]);
    if (kind == "failure") return kept.set("what", data["what"]);
    if (kind == "settle") return kept.set("scope", data["scope"]);
    return kept;
}

std::string_view event_kind(const Value& record) {
    const std::string& kind = record["kind"].text();
    if (!record.has("strand") || !record.has("n")) return {};
    if (kind == "read" || kind == "intent") return "operation";
    if (kind == "stop") return "settle";
    static constexpr std::array<std::string_view, 7> same = {
        "open", "close", "timer", "question", "failure", "child", "keep"};
    for (const auto name : same)
        if (kind == name) return name;
    return {};
}

Value deliver(const Value& record, const EventId& id, std::string_view how, Value value) {
    return List{"deliver", record["seq"], id.strand, id.n, record["time"], how, std::move(value)};
}

Value deliver_outcome(const Value& record, const EventId& id) {
    if (record.has("error")) return deliver(record, id, "error", record["error"]);
    return deliver(record, id, "ok", record["value"]);
}

Value answer_value(const Value& record) {
    Value value;
    for (const auto* field :
         {"decision", "value", "reason", "who", "name", "data", "again", "raise", "skip", "pause"})
        value.set(field, record[field]);
    return value;
}

}  // namespace

EventId EventId::from(const Value& record) {
    return {.strand = record["strand"].text(), .n = record["n"].integer()};
}

EventId EventId::from_key(std::string_view key) {
    const auto at = key.rfind('#');
    EventId id;
    if (at == std::string_view::npos) return id;
    id.strand = std::string(key.substr(0, at));
    std::from_chars(key.data() + at + 1, key.data() + key.size(), id.n);
    return id;
}

EventId undo_event(std::int64_t index) {
    return {.strand = "/undo." + std::to_string(index), .n = 1};
}

std::optional<Event> read_event(const List& message) {
    if (message.size() != 9 || !message[1].is_text() || !message[2].is_number() ||
        !message[3].is_text() || !message[4].is_text() || !message[5].is_text() ||
        !message[6].is_text() || !message[8].is_text())
        return std::nullopt;
    Event event;
    event.id = {.strand = message[1].text(), .n = message[2].integer()};
    event.scope = message[3].text();
    event.kind = message[4].text();
    event.name = message[5].text();
    event.target = message[6].text();
    event.data = message[7];
    event.data.as_map();
    event.at = message[8].text();
    return event;
}

Value event_record(std::string_view kind, const Event& event) {
    Value record;
    record.set("kind", kind).set("strand", event.id.strand).set("n", event.id.n);
    record.set("scope", event.scope).set("name", event.name);
    if (!event.target.empty()) record.set("target", event.target);
    if (!event.data.map().empty()) record.set("args", event.data);
    if (!event.at.empty()) record.set("at", event.at);
    return record;
}

Value record_of(std::string_view kind, const EventId& id) {
    Value record;
    return record.set("kind", kind).set("of", id.key());
}

EventId of(const Value& record) { return EventId::from_key(record["of"].text()); }

std::string event_fingerprint(const Event& event) {
    const Value parts =
        List{event.kind, event.name, event.target, event.scope, compared(event.kind, event.data)};
    return to_canonical_json(parts);
}

std::string record_fingerprint(const Value& record) {
    const auto kind = event_kind(record);
    if (kind.empty() || record["host"].boolean()) return {};
    Value args = record["args"];
    args.as_map();  // A call without arguments has none in its record.
    const Value parts = List{kind, record["name"].text(), record["target"].text(),
                             record["scope"].text(), compared(kind, args)};
    return to_canonical_json(parts);
}

Event event_of(const Value& record) {
    Event event;
    event.id = EventId::from(record);
    event.scope = record["scope"].text();
    event.kind = event_kind(record);
    event.name = record["name"].text();
    event.target = record["target"].text();
    event.data = record["args"];
    event.data.as_map();
    event.at = record["at"].text();
    return event;
}

std::string describe_event(std::string_view kind, const Value& name, const Value& target,
                           const Value& data) {
    if (kind == "operation") {
        std::string shown = target.text() + ":" + name.text();
        if (!data.map().empty()) shown += " " + to_json(data);
        return shown;
    }
    std::string_view what = kind;
    if ((kind == "open" || kind == "question" || kind == "failure") && data.has("what"))
        what = data["what"].text();
    std::string shown = kind == "close" ? "the end of " : "";
    shown += kind == "close" ? "step" : std::string(what);
    if (kind == "timer") shown = data["why"].text() + " of " + to_json(data["seconds"]) + " s in";
    return shown + " \"" + name.text() + "\"";
}

std::string describe_record(const Value& record) {
    return describe_event(event_kind(record), record["name"], record["target"], record["args"]);
}

Value begin_message(const Value& begin) {
    Value run;
    run.set("id", begin["run"]).set("runbook", begin["runbook"]);
    run.set("environment", begin["environment"]).set("started_by", begin["who"]);
    run.set("started_at", begin["started_at"]);
    if (const Value& services = begin["services"]; !services.is_nil()) {
        Value told = services;
        run.set("services", told.set("programs", {}).set("secrets_file", {}));
    }
    Value params = begin["params"];
    params.as_map();
    return List{"begin", std::move(params), begin["time"], std::move(run)};
}

bool stands_for_event(const Value& record) {
    return !event_kind(record).empty() && !record["host"].boolean();
}

std::optional<EventId> answered_event(const Value& record) {
    const std::string& kind = record["kind"].text();
    if (record["host"].boolean()) return std::nullopt;
    if (kind == "read" || (kind == "failure" && record.has("decision")))
        return EventId::from(record);
    const bool answers = kind == "result" || (kind == "answer" && !record["partial"].boolean()) ||
                         (kind == "fired" && record["why"].text() != "question") ||
                         (kind == "settled" && record.has("of")) ||
                         (kind == "stop" && record["why"].text() == "skip" && record.has("of"));
    if (!answers) return std::nullopt;
    return of(record);
}

Value delivery_of(const Value& record) {
    const std::string& kind = record["kind"].text();
    if (record["host"].boolean()) return {};  // An undo the host derives: no script asked for it.
    if (kind == "read") return deliver_outcome(record, EventId::from(record));
    if (kind == "result") return deliver_outcome(record, of(record));
    if (kind == "fired") {
        if (record["why"].text() == "question") return {};  // Its answer follows.
        return deliver(record, of(record), record["why"].text() == "timeout" ? "timeout" : "ok",
                       {});
    }
    if (kind == "answer") {
        if (record["partial"].boolean()) return {};  // More people have to approve.
        if (record.has("error")) return deliver(record, of(record), "error", record["error"]);
        return deliver(record, of(record), "ok", answer_value(record));
    }
    if (kind == "failure" && record.has("decision"))
        return deliver(record, EventId::from(record), "ok", record["decision"]);
    if (kind == "settled" && record.has("of")) return deliver(record, of(record), "ok", {});
    if (kind == "stop" && record["why"].text() == "skip" && record.has("of"))
        return deliver(record, of(record), "skip", record["value"]);
    if (kind == "stop" && !record.has("strand")) return List{"stop", record["time"]};
    if (kind == "undo" && record["function"].boolean()) {
        const EventId id = of(record);
        return List{"undo", id.strand, id.n, record["index"], record["time"], record["name"]};
    }
    if (kind == "ended") return List{"ended", record["time"], record["value"]};
    return {};
}

bool wants_flush(const Value& record) {
    static constexpr std::array<std::string_view, 18> always = {
        "begin",    "claim",   "code",   "intent", "child", "part",  "try", "not_done", "doubt",
        "question", "failure", "answer", "stop",   "undo",  "ended", "end", "plan",     "beyond"};
    const std::string& kind = record["kind"].text();
    for (const auto name : always)
        if (kind == name) return true;
    if (kind == "timer") return record["args"]["seconds"].number() >= 1;
    return kind == "result" && record["recovery"].text() != "repeat";
}

}  // namespace perilune
