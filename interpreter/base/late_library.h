// Shared libraries that few runs need, loaded when one of their functions is first called: curl and
// libpq bring two dozen others with them, a third of what a cold start took.
#pragma once

#include <algorithm>
#include <cstddef>

namespace perilune {

// A text as a template's argument.
template <std::size_t size>
struct FixedText {
    char text[size] = {};
    // NOLINTNEXTLINE: implicit, so that a literal is one.
    constexpr FixedText(const char (&given)[size]) { std::copy_n(given, size, text); }
};

// The address of `function` in `library`, loaded if it is not yet, and for good. Throws
// std::runtime_error where either is missing. From any thread.
void* find_in_library(const char* library, const char* function);

// Those that the program may load, by their names as files.
inline constexpr FixedText curl_library = "libcurl.so.4";
inline constexpr FixedText postgres_library = "libpq.so.5";

// Stands for the function of that name: the same call loads what it needs.
template <FixedText library, FixedText name, typename Function>
struct LateFunction {
    template <typename... Given>
    auto operator()(Given... given) const {
        static const auto found =
            reinterpret_cast<Function*>(find_in_library(library.text, name.text));
        return found(given...);
    }
};

}  // namespace perilune
