// What a fuzzer asserts: where it does not hold the program ends, and the input is kept.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace perilune::fuzz {

inline void require(bool holds, std::string_view sentence, const std::string& seen = "") {
    if (holds) return;
    std::fprintf(stderr, "BROKEN PROPERTY: %.*s\n%s\n", static_cast<int>(sentence.size()),
                 sentence.data(), seen.c_str());
    std::abort();
}

// The whole of what libFuzzer hands over.
inline std::string_view text_of(const unsigned char* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

}  // namespace perilune::fuzz
