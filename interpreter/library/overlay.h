// `extends`: one environment's file laid over another.
#pragma once

#include <string>
#include <vector>

#include "interpreter/base/result.h"
#include "interpreter/library/library.h"
#include "interpreter/library/yaml.h"

namespace perilune {

struct Overlaid {
    YamlNode root;                   // Without `extends`.
    std::vector<std::string> files;  // Every file read, the environment's own first.
    std::vector<std::string> warnings;
};

// Reads an environment's file and those it extends, and merges them by key: maps are merged, all
// else is replaced, an empty value removes the key. A map that names another `driver` or `provider`
// than the one below replaces it whole: its settings belong to that driver. `kind` is not
// inherited. Refuses circles, paths out of the library, and world-writable files where policy
// depends on them.
Result<Overlaid> read_overlaid(const Library& library, const std::string& path);

YamlNode merge(YamlNode below, YamlNode above);

}  // namespace perilune
