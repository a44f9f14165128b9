// A simulated channel: what reached people, the incidents they know of, and who takes them.
#pragma once

#include <optional>

#include "bindings/notify/notify_lines.h"
#include "interpreter/base/simulation.h"

namespace perilune {

class SimulatedChannel final : public SimulatedTarget {
public:
    explicit SimulatedChannel(const Settings& settings) : target_(settings.target) {}

    Driver make_driver(Services& services) override;
    Value look() override;
    Result<Value> control(std::string_view name, const Value& arguments) override;
    std::vector<std::string_view> controls() const override;

private:
    // Somebody on call, who takes incidents some time after they were opened.
    struct Person {
        std::string by;
        std::string prefix;  // Of the keys that concern them.
        double after_s = 0;
        double since_at = 0;  // Who comes late takes nothing before this.
    };
    // How the provider fails.
    struct Failure {
        Error error;
        bool arrives = false;  // The message reaches people all the same.
    };

    Before before(Call& call);
    Outcome act(Call& call, const Value& before);
    Sighting look_for(Call& call, const Value& before);
    Result<const NotifyState*> read();
    static Awaitable<Result<Value>> wait_acknowledged(SimulatedChannel* channel, Loop* loop,
                                                      Call* call);
    // What people have done since it was last looked at.
    void settle();
    Result<Value> act_outside(const std::string& kind, const Value& arguments);

    using Control = Result<Value> (SimulatedChannel::*)(const Value& arguments);
    static const std::vector<std::pair<std::string_view, Control>>& control_table();
    Result<Value> open(const Value& arguments);
    Result<Value> acknowledge(const Value& arguments);
    Result<Value> resolve(const Value& arguments);
    Result<Value> acknowledges_after(const Value& arguments);
    Result<Value> nobody(const Value& arguments);
    Result<Value> stop(const Value& arguments);
    Result<Value> recover(const Value& arguments);

    std::string target_;
    NotifyState state_;
    List sent_;                            // What reached people from runbooks, in order.
    std::map<std::string, double> pages_;  // How often people were called for each incident.
    std::vector<Person> people_;
    std::optional<Failure> failure_;
};

}  // namespace perilune
