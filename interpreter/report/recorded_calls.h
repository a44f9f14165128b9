// What targets answered in a run and the runs below it, and what was changed: from their records.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "interpreter/run/record.h"
#include "interpreter/run/records.h"

namespace perilune::report {

class RecordedCalls {
public:
    // `is_change` says whether an operation ("dns/site", "upsert") is one.
    RecordedCalls(double starts_at,
                  std::function<bool(const std::string&, const std::string&)> is_change);
    // Takes the records of one of the runs.
    void take(const Records& records);

    // By call, as RecordedAnswers takes it.
    Value answers() const;
    // { "dns/site:upsert", arguments, outcome }, in the order in which they were done.
    List changes() const;

private:
    struct Told {
        std::string name;
        double at = 0;
        Value entry;
    };
    struct Sent {
        Value intent;
        List tries;
        bool known = false;  // The last try is known not to have happened.
        double doubted_at = 0;
    };
    struct Run {
        std::map<EventId, Sent> sent;
        std::map<EventId, std::size_t> places;       // Of changes among the told.
        std::map<std::int64_t, std::size_t> undone;  // By the number of the undo.
    };

    void take_read(const Value& record);
    void take_progress(Run& run, const Value& record);
    void take_result(Run& run, const Value& record);
    void take_undo(Run& run, const Value& record);
    void add(Run& run, const EventId& id, const Sent& sent, const Value& result, double time);
    Value entry_of(const Value& asked, double time) const;

    double starts_at_;
    std::function<bool(const std::string&, const std::string&)> is_change_;
    std::vector<Told> told_;
    std::multimap<double, Value> changes_;  // By when they were done.
};

}  // namespace perilune::report
