// Lists the files of a library's folders in one fixed order.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "interpreter/library/problems.h"

namespace perilune {

// The paths (relative to `folder`) of everything below `folder`/`inner` whose name has `ending`,
// sorted. Names that start with a point are left out. A link to a folder is not followed, so that
// no circle is walked: it is named in `warnings`. Deeper than 20 folders or more than 10,000
// entries are problems.
std::vector<std::string> list_files(const std::string& folder, const std::string& inner,
                                    std::string_view ending, Problems& problems,
                                    std::vector<std::string>& warnings);

}  // namespace perilune
