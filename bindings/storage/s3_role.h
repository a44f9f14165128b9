// Keys of a role, which are asked for before a bucket's requests are signed with them.
#pragma once

#include "bindings/storage/s3_client.h"

namespace perilune {

// Does nothing where the settings hold keys themselves. See renew_aws_role.
Awaitable<Status> renew_s3_role(S3Pointer s3, S3Bounds bounds);

}  // namespace perilune
