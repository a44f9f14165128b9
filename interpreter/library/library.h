// A runbook library: what it holds, read from its folder or from the bundle that a run carries.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "interpreter/base/result.h"
#include "interpreter/library/problems.h"

namespace perilune {

// A library that this one uses, or that one of those uses.
struct Dependency {
    std::string name;
    std::string version;
    std::string folder;  // Absolute.
};

using Texts = std::map<std::string, std::string>;

// Paths are relative to `folder`; those of a dependency's files start with "dependencies/NAME/"
// wherever its folder is, as they do in the bundle.
struct Library {
    std::string folder;  // Absolute.
    std::string name;
    std::string version;
    std::string summary;
    std::vector<Dependency> dependencies;             // Sorted by name.
    std::map<std::string, std::string> runbooks;      // "db/restore" → "runbooks/db/restore.lua"
    std::map<std::string, std::string> modules;       // "checks.http" → "lib/checks/http.lua"
    std::map<std::string, std::string> environments;  // "drill" → "environments/drill.yaml"
    std::map<std::string, std::string> tests;         // "region_outage_test" → "tests/…"
    std::map<std::string, std::string> explorations;
    std::map<std::string, std::string> drills;  // "region-outage" → "drills/region_outage.lua"
    std::vector<std::string> files;      // All that a bundle holds but the environment's: sorted.
    std::vector<std::string> warnings;   // What was left out and why, a line each.
    std::shared_ptr<const Texts> texts;  // Where it is read from a bundle: all there is.
};

// The library whose `perilune.yaml` stands in `start_folder` or in the nearest folder above it.
Result<Library> find_library(const std::string& start_folder);
Result<Library> open_library(const std::string& folder);
// The library of a run, from the texts it carries. Relative paths in settings go on to start at
// `folder`, where it was read.
Result<Library> library_from_texts(Texts texts, const std::string& folder);

// Where a file of the library stands on the disk.
std::string disk_path(const Library& library, const std::string& path);
// The text of a file: of the bundle where the library is one, else of the disk (at most 1 MiB).
Result<std::string> read_library_file(const Library& library, const std::string& path);

// The path of a runbook. `-` and `_` count as the same; a path as a shell completes it
// ("runbooks/db/restore.lua") is accepted too. "drills/NAME" is the file of a drill.
Result<std::string> find_runbook(const Library& library, std::string_view name);
bool is_drill(std::string_view path);
// The path of an environment's file.
Result<std::string> find_environment(const Library& library, std::string_view name);
// "db/restore_all" and "runbooks/db/restore-all.lua" are "db/restore-all".
std::string runbook_name(std::string_view name_or_path);

}  // namespace perilune
