// The drivers of one environment's targets, made when first needed.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "interpreter/base/driver.h"
#include "interpreter/library/environment.h"

namespace perilune {

// Makes the driver of a target.
using MakeDriver = std::function<Result<Driver>(const TargetSettings& target, Services& services)>;

class Drivers {
public:
    // `make` empty: by the driver's kind.
    Drivers(const Environment& environment, Services services, MakeDriver make = {});

    // The target's driver, or why there is none.
    Result<Driver*> of(const std::string& target);
    // Empty where the target's driver has the operation; else why not.
    std::string lacks(const std::string& target, const std::string& operation) const;
    const DriverKind* kind_of(const std::string& target) const;
    const Environment& environment() const { return environment_; }

private:
    const Environment& environment_;
    Services services_;
    MakeDriver make_;
    std::map<std::string, std::unique_ptr<Driver>> made_;
};

}  // namespace perilune
