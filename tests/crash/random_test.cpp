// A few of the programs that the torture executes for as long as one likes.
#include <random>

#include <doctest/doctest.h>

#include "tests/crash/torture.h"

using namespace perilune::test;

TEST_CASE("programs_made_at_random_and_troubled_at_random_end_as_if_nothing_had_happened") {
    constexpr int programs = 16;
    const unsigned seed = std::random_device{}();
    Tally tally;
    const std::string problems = for_each_at_once(
        programs, [&](int number) { return torture(seed + static_cast<unsigned>(number), tally); });
    CHECK_MESSAGE(problems == "", problems);
    CHECK_MESSAGE(tally.total() >= 2 * programs, tally.text());
}
