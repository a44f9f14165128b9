// The simulated target of process: what tests see of its programs, and do to them from outside.
#include "bindings/process/process.h"
#include "bindings/process/simulated_programs.h"

namespace perilune {

namespace {

class SimulatedProcess final : public SimulatedTarget {
public:
    explicit SimulatedProcess(const Settings& settings) : programs_(settings) {}

    Driver make_driver(Services& services) override {
        Driver driver;
        add_simulated_runs(driver.operations, programs_, services.loop);
        add_simulated_started(driver.operations, programs_, services.loop);
        return driver;
    }

    Value look() override { return programs_.look(); }

    std::vector<std::string_view> controls() const override {
        return {"program", "declare", "end", "reboot"};
    }

    Result<Value> control(std::string_view name, const Value& arguments) override {
        Status done = Done{};
        if (name == "program")
            done = programs_.set_program(arguments);
        else if (name == "declare")
            done = programs_.declare(arguments);
        else if (name == "end")
            done = end(arguments);
        else if (name == "reboot")
            programs_.reboot();
        else
            return unknown_control(name, controls());
        if (!done) return done.error();
        return look();
    }

private:
    // A started program ends by itself, now.
    Status end(const Value& arguments) {
        const auto found = programs_.started.find(arguments["key"].text());
        if (found == programs_.started.end() || found->second.at(wall_now_s()).over())
            return fail("not_found", "No program runs as " + arguments["key"].text() + ".");
        found->second.ends_at = wall_now_s();
        found->second.status.exit_code = static_cast<int>(arguments["exit_code"].integer());
        return Done{};
    }

    SimulatedPrograms programs_;
};

std::unique_ptr<SimulatedTarget> make(const Settings& settings, SimulatedWorld&) {
    return std::make_unique<SimulatedProcess>(settings);
}

}  // namespace

const SimulatedKind simulated_process = {.family = "process", .make = make};

}  // namespace perilune
