// `perilune.yaml`: the name, version and dependencies of a library.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "interpreter/base/result.h"
#include "interpreter/library/problems.h"

namespace perilune {

// A dependency as the file names it.
struct DependencyWish {
    std::string name;
    std::string path;     // A folder relative to the library's; may lead out of it. Empty: what
                          // comes with the program.
    std::string version;  // "1.4": at least 1.4 of the same major version; "=1.4.2"; ">=1.4".
    Place place;
};

struct Manifest {
    std::string name;
    std::string version;  // Three whole numbers: "1.4.2".
    std::string summary;
    std::vector<DependencyWish> dependencies;
};

// Reads the text of a `perilune.yaml`; `shown` names it in messages.
Result<Manifest> parse_manifest(std::string_view text, std::string_view shown);

// Whether `version` satisfies `wish`. As package managers do, a plain "1.4" means at least 1.4 and
// below 2, and below 1.0 the second number counts as the first one: "0.4" excludes 0.5.
bool satisfies(std::string_view version, std::string_view wish);
bool is_version(std::string_view text);
bool is_version_wish(std::string_view text);

}  // namespace perilune
