// What a run carries of its library, so that it goes on as it began whatever happens to the files.
#pragma once

#include <string>
#include <vector>

#include "interpreter/base/result.h"
#include "interpreter/library/library.h"

namespace perilune {

struct Bundle {
    Texts files;         // Path below the library's folder → text.
    std::string digest;  // Hexadecimal.
};

// Every Lua file of runbooks/ and lib/, of the library and its dependencies
// ("dependencies/NAME/…"), their `perilune.yaml`, and the environment's files
// (`Environment::files`). Every file is checked; all that are wrong are named at once.
Result<Bundle> load_bundle(const Library& library,
                           const std::vector<std::string>& environment_files = {});

// SHA-256 over the sorted pairs of path, a NUL byte and the text's own SHA-256. For a bundle to
// which the caller added files of its own.
std::string bundle_digest(const Texts& files);

}  // namespace perilune
