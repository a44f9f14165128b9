// Libraries that are loaded when one of their functions is first called.
#include "interpreter/base/late_library.h"

#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

namespace {

using namespace perilune;

std::string complaint(const char* library, const char* function) {
    try {
        find_in_library(library, function);
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return {};
}

}  // namespace

TEST_CASE("calls_a_function_of_a_library_loaded_at_that_moment") {
    constexpr LateFunction<"libm.so.6", "hypot", double(double, double)> hypotenuse;
    CHECK(hypotenuse(3.0, 4.0) == doctest::Approx(5));
}

TEST_CASE("names_the_library_and_the_function_that_are_missing") {
    const std::string no_library = complaint("libno_such.so.7", "dig");
    CHECK(no_library.find("dig of the library libno_such.so.7") != std::string::npos);
    const std::string no_function = complaint("libm.so.6", "no_such_function");
    CHECK(no_function.find("no_such_function") != std::string::npos);
    CHECK(no_function.find("Install that library") != std::string::npos);
}
