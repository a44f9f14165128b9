#include "interpreter/run/unknowns.h"

#include <algorithm>

namespace perilune {

bool holds_unknown(const Value& value) {
    const auto holds = [](const auto& held) { return holds_unknown(held); };
    const auto field_holds = [](const auto& field) { return holds_unknown(field.second); };
    return value.is_unknown() || std::ranges::any_of(value.list(), holds) ||
           std::ranges::any_of(value.map(), field_holds);
}

}  // namespace perilune
