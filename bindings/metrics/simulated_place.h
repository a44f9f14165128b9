// A simulated place that measures: series of numbers, alarms, silences, heartbeats and marks.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "interpreter/base/simulation.h"

namespace perilune {

// A series of numbers, as tests say how it goes on.
class SimulatedSeries {
public:
    // From `at` on it is `value`.
    void set(double at, double value);
    // From `at` on it goes to `value` in a straight line, within `over_s`.
    void ramp(double at, double value, double over_s);
    // From `at` on it has no samples.
    void end(double at);
    // Nothing where it has no sample.
    std::optional<double> value_at(double at) const;

private:
    struct Piece {
        double at = 0;
        bool empty = false;
        double from = 0;
        double to = 0;
        double over_s = 0;
    };
    void add(Piece piece);

    std::vector<Piece> pieces_;  // By time.
};

struct SimulatedAlarm {
    std::string state = "ok";  // As it was told; `query` says it where there is one.
    double since_at = 0;
    std::string query;
    std::optional<double> above;
    std::optional<double> below;
    double for_s = 0;  // So long it must be beyond its threshold.
};

struct SimulatedSilence {
    std::string id;
    std::string key;  // Of the call that made it.
    Value monitors;
    std::string reason;
    double made_at = 0;
    double ends_at = 0;

    bool is_on() const;
    bool covers(const std::string& name) const;
};

struct SimulatedBeat {
    double every_s = 0;  // 0: nobody misses it.
    double at = 0;       // 0: none yet.
    double count = 0;
    std::string state;
};

class SimulatedPlace {
public:
    explicit SimulatedPlace(const Settings& settings);

    bool knows(const std::string& query) const { return units.contains(query); }
    std::optional<double> value_at(const std::string& query, double at) const;
    std::string state_of(const std::string& alarm) const;
    std::vector<std::string> alarm_names() const;
    // Tells an alarm's state; one that begins to fire unsilenced pages somebody.
    void tell_alarm(const std::string& name, const std::string& state);
    SimulatedSilence* find_silence(const std::string& id);
    SimulatedSilence* silence_of(const std::string& key);
    std::string next_id(const std::string& kind);
    Value look() const;

    std::string target;
    std::map<std::string, std::string> units;  // Of every query that there is.
    std::map<std::string, std::string> expressions;
    std::map<std::string, SimulatedSeries> series;
    std::map<std::string, Value> answers;  // To expressions: lists of { labels, value }.
    std::map<std::string, SimulatedAlarm> alarms;
    std::map<std::string, SimulatedBeat> beats;
    std::vector<SimulatedSilence> silences;
    List annotations;
    std::vector<Value> deployments;  // With the key of the call.

private:
    bool is_beyond(const SimulatedAlarm& alarm, double at) const;

    List pages_;
    int last_id_ = 0;
};

using MetricsHandlers = std::map<std::string, Handler, std::less<>>;
void add_simulated_readings(MetricsHandlers& handlers, SimulatedPlace& place, Loop& loop);
void add_simulated_records(MetricsHandlers& handlers, SimulatedPlace& place);

}  // namespace perilune
