// Applications and their releases: the family and its drivers for release folders, of this machine
// and of hosts over ssh.
#pragma once

#include "interpreter/base/driver.h"
#include "interpreter/base/simulation.h"

namespace perilune {

extern const Family deploy_family;
extern const DriverKind deploy_local_kind;
extern const DriverKind deploy_ssh_kind;
extern const SimulatedKind simulated_deploy;

// Refuses what no driver can mean: variables without a usable name, weights that do not sum to 100.
Status normalise_deploy_call(const Operation& operation, Map& arguments);

}  // namespace perilune
