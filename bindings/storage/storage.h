// The family `storage`: one bucket or folder of objects.
#pragma once

#include "interpreter/base/driver.h"
#include "interpreter/base/simulation.h"

namespace perilune {

extern const Family storage_family;

// Objects as plain files of one folder.
extern const DriverKind folder_kind;

// A bucket of AWS S3, Cloudflare R2 or another service that speaks their protocol.
extern const DriverKind s3_kind;

// A bucket in memory, for tests of runbooks.
extern const SimulatedKind simulated_storage;

}  // namespace perilune
