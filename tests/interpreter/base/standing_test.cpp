// What undo makes of the state that it finds.
#include "interpreter/base/standing.h"

#include <doctest/doctest.h>

using namespace perilune;

TEST_CASE("undo_takes_what_it_finds_for_the_changes_own_only_where_it_is") {
    const Value old(1), made(2), others(3);
    CHECK(standing_of(old, made, old) == Standing::before);
    CHECK(standing_of(old, made, made) == Standing::left);
    CHECK(standing_of(old, made, others) == Standing::other);
    CHECK(standing_of(old, {}, others) == Standing::left);
}

TEST_CASE("a_change_that_tells_no_state_before_it_never_looks_as_if_it_were_taken_back") {
    CHECK(standing_of({}, {}, {}) == Standing::left);
    CHECK(standing_of({}, Value(1), {}) == Standing::left);
    CHECK(standing_of({}, Value(1), Value(1)) == Standing::left);
    CHECK(standing_of({}, Value(1), Value(2)) == Standing::other);
    CHECK(standing_of(Value(1), {}, Value(1)) == Standing::before);
}
