// Durations and sizes as people write them.
#include <doctest/doctest.h>

#include "interpreter/base/units.h"

namespace perilune {

TEST_CASE("parts_of_a_duration_add_up_exactly") {
    CHECK(*parse_duration("1400ms") == 1.4);
    CHECK(*parse_duration("0.3s") == 0.3);
    CHECK(*parse_duration("1h30m") == 5400);
    CHECK(*parse_duration("2w1d") == 15 * 86400);
    CHECK(!parse_duration("1.4").ok());
    CHECK(!parse_duration("ms").ok());
    CHECK(!parse_duration("3 s").ok());
}

}  // namespace perilune
