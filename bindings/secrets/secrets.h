// The secrets family: a secret store that a runbook manages; its table and its drivers.
//
// A driver of this family keeps a SecretProvider as its `state`: what opens the handles that its
// `read` gives (see provider_of in bindings/secrets/provider.h).
#pragma once

#include "interpreter/base/remote.h"
#include "interpreter/base/simulation.h"

namespace perilune {

extern const Family secrets_family;

// A folder of this host: one file a version, 0600.
extern const DriverKind secrets_file_kind;
// The environment variables of this host, read only.
extern const DriverKind secrets_environment_kind;
// What a declared program prints, read only.
extern const DriverKind secrets_command_kind;

// A store in memory.
extern const SimulatedKind simulated_secrets;

// What opens the handles of stores whose file gives `value`.
extern const FamilyRules secrets_rules;

}  // namespace perilune
