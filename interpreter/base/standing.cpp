#include "interpreter/base/standing.h"

namespace perilune {

Standing standing_of(const Value& before, const Value& after, const Value& now) {
    if (before.is_nil() && now.is_nil()) return Standing::left;
    if (now == before) return Standing::before;
    return after.is_nil() || now == after ? Standing::left : Standing::other;
}

}  // namespace perilune
