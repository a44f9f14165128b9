// Applications and their releases: the family and its driver for release folders of this machine.
#pragma once

#include "interpreter/base/driver.h"

namespace perilune {

extern const Family deploy_family;
extern const DriverKind deploy_local_kind;

// Refuses what no driver can mean: variables without a usable name, weights that do not sum to 100.
Status normalise_deploy_call(const Operation& operation, Map& arguments);

}  // namespace perilune
