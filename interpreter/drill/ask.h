// Calls a target's operations from outside of any run, as the prober and the marker do.
#pragma once

#include <string>

#include "interpreter/run/host.h"

namespace perilune {

// The targets of an environment, as a drill itself uses them. Nothing is journaled.
class Targets {
public:
    explicit Targets(Host& host) : host_(host) {}

    Awaitable<Result<Value>> observe(std::string target, std::string operation, Map arguments,
                                     double within_s);
    // `before` and `act` of a change; what is not known to have happened is an error.
    Awaitable<Result<Value>> change(std::string target, std::string operation, Map arguments,
                                    double within_s);
    Host& host() { return host_; }

private:
    Result<std::shared_ptr<Call>> make_call(const std::string& target, const std::string& operation,
                                            const Map& arguments, double within_s);
    Host& host_;
};

}  // namespace perilune
