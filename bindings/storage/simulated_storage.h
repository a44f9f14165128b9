// The simulated target of `storage`: one bucket in memory, and what a test does to it from outside.
#pragma once

#include "bindings/storage/simulated_bucket.h"
#include "interpreter/base/simulation.h"

namespace perilune {

class SimulatedStorage final : public SimulatedTarget {
public:
    SimulatedStorage(const Settings& settings, SimulatedWorld& world);

    Driver make_driver(Services& services) override;
    Value look() override;
    Result<Value> control(std::string_view name, const Value& arguments) override;
    std::vector<std::string_view> controls() const override;

private:
    Result<Value> control_object(std::string_view name, const Value& arguments);

    SimulatedWorld& world_;
    std::shared_ptr<BucketState> state_;
    std::shared_ptr<const ObjectStore> store_;
};

}  // namespace perilune
