// The family `storage`: one bucket or folder of objects.
#pragma once

#include "interpreter/base/driver.h"

namespace perilune {

extern const Family storage_family;

// Objects as plain files of one folder.
extern const DriverKind folder_kind;

// A bucket of AWS S3, Cloudflare R2 or another service that speaks their protocol.
extern const DriverKind s3_kind;

}  // namespace perilune
