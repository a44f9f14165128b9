// The simulated target of `database`: a server in memory, and what a test does to it from outside.
#pragma once

#include "bindings/database/simulated_handlers.h"
#include "interpreter/base/simulation.h"

namespace perilune {

class SimulatedDatabase final : public SimulatedTarget {
public:
    SimulatedDatabase(const Settings& settings, SimulatedWorld& world);

    Driver make_driver(Services& services) override;
    Value look() override;
    Result<Value> control(std::string_view name, const Value& arguments) override;
    std::vector<std::string_view> controls() const override;

    const std::shared_ptr<SimulatedServer>& server() const { return server_; }

private:
    Status replicate(const Value& arguments);
    Result<Value> execute(const Value& arguments);
    Status materialize_view(const Value& arguments);
    Status back_up(const Value& arguments);
    Status spoil_backup(std::string_view control, const Value& arguments);
    Status age_backup(const Value& arguments);
    Result<SimulatedTarget*> storage() const;
    void look_at_rows();

    Settings settings_;
    SimulatedWorld& world_;
    std::shared_ptr<SimulatedServer> server_;
    std::size_t sessions_ = 0;                      // That were ever connected.
    std::shared_ptr<const std::string> looked_at_;  // The image whose rows were looked at last,
    Value rows_;                                    // how many each table of it has,
    Value tables_;                                  // and the first ones.
    std::shared_ptr<ServerPace> pace_ = std::make_shared<ServerPace>();
};

}  // namespace perilune
