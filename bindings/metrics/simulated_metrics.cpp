// The simulated target of metrics: what tests see of it, and say of its numbers and alarms.
#include "bindings/metrics/metrics.h"
#include "bindings/metrics/simulated_place.h"

namespace perilune {

namespace {

Status set_series(SimulatedPlace& place, const Value& arguments, std::string_view how) {
    const std::string& name = arguments["name"].text();
    if (name.empty()) return fail("bad_argument", "A series needs a name.");
    if (how != "empty" && !arguments["value"].is_number())
        return fail("bad_argument", "The series " + name + " needs a number as its value.");
    const double at = arguments.has("at") ? arguments["at"].number() : wall_now_s();
    std::string& unit = place.units[name];
    if (arguments.has("unit")) unit = arguments["unit"].text();
    SimulatedSeries& series = place.series[name];
    if (how == "empty")
        series.end(at);
    else if (how == "ramp")
        series.ramp(at, arguments["value"].number(), arguments["over_s"].number());
    else
        series.set(at, arguments["value"].number());
    return Done{};
}

Status set_alarm(SimulatedPlace& place, const Value& arguments) {
    const std::string& name = arguments["name"].text();
    if (name.empty()) return fail("bad_argument", "An alarm needs a name.");
    if (!arguments.has("query")) {
        const std::string& state = arguments["state"].text();
        if (state != "ok" && state != "firing" && state != "unknown")
            return fail("bad_argument",
                        "An alarm's state is ok, firing or unknown; or give its `query`.");
        place.tell_alarm(name, state);
        return Done{};
    }
    SimulatedAlarm& alarm = place.alarms[name];
    alarm.query = arguments["query"].text();
    if (!place.knows(alarm.query))
        return fail("unknown_query", "There is no query " + alarm.query + ".");
    alarm.above = alarm.below = std::nullopt;
    if (arguments.has("above")) alarm.above = arguments["above"].number();
    if (arguments.has("below")) alarm.below = arguments["below"].number();
    alarm.for_s = arguments["for_s"].number();
    if (!alarm.above && !alarm.below)
        return fail("bad_argument", "An alarm on a query needs `above` or `below`.");
    return Done{};
}

class SimulatedMetrics final : public SimulatedTarget {
public:
    explicit SimulatedMetrics(const Settings& settings) : place_(settings) {}

    Driver make_driver(Services& services) override {
        Driver driver;
        add_simulated_readings(driver.operations, place_, services.loop);
        add_simulated_records(driver.operations, place_);
        return driver;
    }

    Value look() override { return place_.look(); }

    std::vector<std::string_view> controls() const override {
        return {"set", "ramp", "empty", "alarm", "heartbeat", "answer"};
    }

    Result<Value> control(std::string_view name, const Value& arguments) override {
        Status done = Done{};
        if (name == "set" || name == "ramp" || name == "empty")
            done = set_series(place_, arguments, name);
        else if (name == "alarm")
            done = set_alarm(place_, arguments);
        else if (name == "heartbeat")
            set_heartbeat(arguments);
        else if (name == "answer")
            place_.answers[arguments["expression"].text()] = arguments["samples"];
        else
            return unknown_control(name, controls());
        if (!done) return done.error();
        return look();
    }

private:
    // One that is awaited every so often fires as an alarm of its name when it is missed.
    void set_heartbeat(const Value& arguments) {
        SimulatedBeat& beat = place_.beats[arguments["name"].text()];
        beat.every_s = arguments["every_s"].number();
        if (beat.at == 0) beat.at = wall_now_s();
    }

    SimulatedPlace place_;
};

std::unique_ptr<SimulatedTarget> make(const Settings& settings, SimulatedWorld&) {
    return std::make_unique<SimulatedMetrics>(settings);
}

}  // namespace

const SimulatedKind simulated_metrics = {.family = "metrics", .make = make};

}  // namespace perilune
