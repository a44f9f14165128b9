// What undo makes of the state that it finds (rule 8.4): whether there is anything to take back,
// and whether that is still the change's own.
#pragma once

#include "interpreter/base/value.h"

namespace perilune {

enum class Standing {
    before,  // As it was before the change: nothing is to be taken back.
    left,    // As the change left it, as far as the driver tells.
    other,   // Neither: somebody else changed it since.
};

// `before` was found before the change and `after` was left by it; `now` is found by the same
// reading as `before`. A driver that tells no state before its changes (nil) has not said that
// nothing is there to take back: the reversal looks for itself.
Standing standing_of(const Value& before, const Value& after, const Value& now);

}  // namespace perilune
