// "Did you mean": the nearest of the names that would have been right.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace perilune {

// Returns ` Did you mean "get"?`, or nothing where no candidate is near enough.
std::string did_you_mean(std::string_view wrong, const std::vector<std::string>& candidates);
// The nearest candidate, or empty.
std::string nearest(std::string_view wrong, const std::vector<std::string>& candidates);

}  // namespace perilune
