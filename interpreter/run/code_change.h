// What it means for a run that its code is exchanged: which files differ, and which targets would
// no longer be the things that the run has worked on.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "interpreter/library/environment.h"

namespace perilune {

// "changed: runbooks/a.lua", "new: …", "gone: …", by path.
std::vector<std::string> changed_files(const Texts& carried, const Texts& now);

// Rule 7.8: of the targets that a run has used, those which another driver would serve, or which a
// setting that says which thing they are would make another thing; a line each.
std::vector<std::string> moved_targets(const Environment& before, const Environment& now,
                                       const std::set<std::string>& used);

}  // namespace perilune
