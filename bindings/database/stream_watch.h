// What the stages of a long stream share.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "interpreter/base/result.h"

namespace perilune {

// How a long transfer hears that it has to stop, and tells how far it is.
struct StreamWatch {
    std::function<std::optional<Error>()> stopped;
    std::function<void(std::string)> tell;
};

// The next stage of a stream.
using TakeBytes = std::function<Status(std::string_view bytes)>;

}  // namespace perilune
