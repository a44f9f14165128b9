// Unix sockets at paths of any length: the kernel takes 107 bytes, folders do not know that.
#pragma once

#include <string>

#include "interpreter/base/files.h"
#include "interpreter/base/result.h"

namespace perilune {

// Listens at `path`, whose folder is made (0700); accepting does not wait.
Result<Descriptor> listen_at(const std::string& path);
// Connects to whoever listens at `path`; code `no_supervisor` where nobody does.
Result<Descriptor> connect_to(const std::string& path);

}  // namespace perilune
