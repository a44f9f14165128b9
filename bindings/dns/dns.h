// The dns family: one zone and its record sets; its operations table and its drivers.
#pragma once

#include "interpreter/base/remote.h"
#include "interpreter/base/simulation.h"

namespace perilune {

extern const Family dns_family;

// An RFC 1035 zone file, edited in place.
extern const DriverKind zone_file_kind;

// A server that takes DNS UPDATE and transfers, signed by TSIG.
extern const DriverKind rfc2136_kind;

// A zone in memory, the servers that are authoritative for it, and resolvers that keep answers.
extern const SimulatedKind simulated_dns;

// Every operation of the family, for providers whose file gives `sets` and `change`.
extern const FamilyRules dns_rules;

// Brings the arguments of a dns call into one form: lower-case names, `values` for `value`,
// canonical values, `ttl_s` in record sets. Refuses what no zone could hold.
Status normalise_dns(const Operation& operation, Map& arguments);

}  // namespace perilune
