// Random choices that a failing test can repeat.
#pragma once

#include <cstdlib>
#include <random>

namespace perilune::syntax {

// PERILUNE_SEED repeats a failure or tries other sources; tests show the seed with every failure.
inline std::uint64_t seed() {
    const char* given = std::getenv("PERILUNE_SEED");
    return given == nullptr ? 20260301 : std::strtoull(given, nullptr, 10);
}

inline std::size_t below(std::mt19937_64& random, std::size_t limit) { return random() % limit; }

}  // namespace perilune::syntax
