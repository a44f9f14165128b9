// Builds a run's records by hand, in the shapes in which the run engine appends them.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "interpreter/base/units.h"
#include "interpreter/journal/store.h"
#include "interpreter/run/record.h"

namespace perilune::report_test {

using Fields = std::initializer_list<std::pair<std::string, Value>>;

inline Value table(Fields fields) {
    Value made{Map{}};
    for (const auto& [name, value] : fields) made.set(name, value);
    return made;
}

class Journal {
public:
    static constexpr double first_s = 1772330400;  // 2026-03-01T02:00:00Z

    // Seconds since the run began, for the records that follow.
    Journal& at(double seconds) {
        now_ = first_s + seconds;
        return *this;
    }

    Value& add(Value record) {
        record.set("seq", static_cast<std::int64_t>(records.size()) + 1).set("time", now_);
        records.push_back(std::move(record.set("epoch", 1)));
        return records.back();
    }

    Journal& begin(Fields facts = {}, Fields fields = {}) {
        Value record;
        record.set("kind", "begin").set("run", id).set("runbook", "region-outage");
        record.set("environment", "production").set("who", "ada@bastion");
        record.set("started_at", now_).set("bundle", "9f2c61").set("seed", id);
        record.set("params", table({{"region", "us-west-2"}}));
        Value declared = table({{"summary", "Serve the site from the standby region"}});
        declared.set("on_failure", "ask");
        for (const auto& [name, value] : facts) declared.set(name, value);
        record.set("facts", declared);
        for (const auto& [name, value] : fields) record.set(name, value);
        add(record);
        return *this;
    }

    // An event of the strand, in the strand's innermost scope unless told otherwise.
    Event event(const std::string& kind, const std::string& name, Value data = Value(Map{}),
                const std::string& target = "") {
        Event made;
        made.id = {.strand = strand, .n = ++counts_[strand]};
        made.scope = scopes_[strand];
        made.kind = kind;
        made.name = name;
        made.target = target;
        made.data = std::move(data);
        made.at = "runbooks/region-outage.lua:" + std::to_string(10 + records.size());
        return made;
    }

    // Opens a scope and goes into it; gives its key.
    std::string open(const std::string& what, const std::string& name, Fields options = {}) {
        Value data = table(options);
        const Event made = event("open", name, data.set("what", what));
        add(event_record("open", made));
        return scopes_[strand] = made.id.key();
    }

    Journal& close(const std::string& outcome = "done", Value error = {}) {
        Value data = table({{"outcome", outcome}});
        if (!error.is_nil()) data.set("error", error);
        const std::string scope = scopes_[strand];
        std::string name, parent;
        for (const auto& record : records)
            if (record["kind"].text() == "open" && EventId::from(record).key() == scope) {
                name = record["name"].text();
                parent = record["scope"].text();
            }
        add(event_record("close", event("close", name, data)));
        scopes_[strand] = parent;
        return *this;
    }

    // A branch: its strand begins in the scope that is open now.
    Journal& branch(const std::string& id_of_strand) {
        scopes_[id_of_strand] = scopes_[strand];
        strand = id_of_strand;
        return *this;
    }

    Journal& read(const std::string& target, const std::string& name, Value value,
                  Value error = {}) {
        Value record = event_record("read", event("operation", name, Value(Map{}), target));
        add(error.is_nil() ? record.set("value", value) : record.set("error", error));
        return *this;
    }

    EventId intent(const std::string& target, const std::string& name, Fields arguments,
                   Value before = {}, Fields more = {}) {
        const Event made = event("operation", name, table(arguments), target);
        Value record = event_record("intent", made);
        record.set("recovery", "repeat").set("sign", "~").set("before", before);
        for (const auto& [field, value] : more) record.set(field, value);
        add(record);
        return made.id;
    }

    Journal& result(const EventId& of_intent, const std::string& outcome = "done",
                    Value after = {}, Fields more = {}) {
        Value record = record_of("result", of_intent);
        record.set("outcome", outcome).set("by", "driver").set("after", after);
        record.set("changed", outcome != "failed");
        for (const auto& [field, value] : more) record.set(field, value);
        add(record);
        return *this;
    }

    EventId question(const std::string& what, const std::string& name, Fields options = {}) {
        Value data = table(options);
        const Event made = event("question", name, data.set("what", what));
        add(event_record("question", made));
        return made.id;
    }

    Journal& about(const std::string& kind, const EventId& id_of, Fields fields) {
        Value record = record_of(kind, id_of);
        for (const auto& [field, value] : fields) record.set(field, value);
        add(record);
        return *this;
    }

    EventId failure(const std::string& what, const std::string& name, const std::string& message,
                    Value decision = {}) {
        const Value error = table({{"code", "check_failed"}, {"message", message},
                                   {"retry", "safe"}, {"at", "runbooks/region-outage.lua:41"}});
        const Event made = event("failure", name, table({{"what", what}, {"error", error}}));
        Value record = event_record("failure", made);
        add(record.set("decision", decision));
        return made.id;
    }

    EventId timer(const std::string& why, const std::string& name, double seconds) {
        const Event made =
            event("timer", name, table({{"why", why}, {"seconds", seconds}}));
        add(event_record("timer", made));
        return made.id;
    }

    Journal& note(Fields fields) {
        add(table(fields));
        return *this;
    }

    // A log line of the strand where it stands now.
    Journal& log(const std::string& text, const std::string& level = "info") {
        const std::string key = EventId{.strand = strand, .n = counts_[strand]}.key() + "." +
                                std::to_string(++lines_);
        return note({{"kind", "log"}, {"key", key}, {"level", level}, {"text", text}});
    }

    Journal& end(const std::string& outcome, int code, Fields more = {}) {
        Value record = table({{"kind", "end"}, {"outcome", outcome}, {"exit", code}});
        for (const auto& [field, value] : more) record.set(field, value);
        add(record);
        return *this;
    }

    RunRow row(const std::string& state, const std::string& outcome = "") const {
        RunRow made;
        made.id = id;
        made.runbook = "region-outage";
        made.environment = "production";
        made.state = state;
        made.outcome = outcome;
        made.owner = state == "running" || state == "waits" ? "host-1" : "";
        made.epoch = 1;
        made.seq = static_cast<std::int64_t>(records.size());
        made.head = std::string(32, '\x5a');
        made.created = first_s;
        return made;
    }

    std::string id = "20260301-0200-7f3a";
    std::string strand = "/";
    std::vector<Value> records;

private:
    double now_ = first_s;
    int lines_ = 0;
    std::map<std::string, std::int64_t> counts_;
    std::map<std::string, std::string> scopes_;
};

}  // namespace perilune::report_test
