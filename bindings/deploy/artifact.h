// Built versions as folders: what they hold, and a durable copy of one.
#pragma once

#include <optional>
#include <string>

#include "interpreter/base/result.h"

namespace perilune {

struct Artifact {
    std::string digest;  // SHA-256 over names, kinds, execute bits and contents, hexadecimal.
    double size_bytes = 0;
    double built_at = 0;  // Its newest file, Unix seconds.
};

// Nothing where the folder is not there.
Result<std::optional<Artifact>> read_artifact(const std::string& folder);

// Copies a folder with everything in it; durable when it returns. A `to` that is there already,
// from a try that was cut short, is replaced.
Status copy_artifact(const std::string& from, const std::string& to);

// Whether `version` can be the name of a folder below the artifacts.
bool is_version(const std::string& version);

}  // namespace perilune
