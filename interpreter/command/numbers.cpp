#include "interpreter/command/numbers.h"

#include <charconv>
#include <string>

namespace perilune {

Result<std::uint64_t> read_number(const Invocation& invocation, const char* name,
                                  std::uint64_t least) {
    const std::string text = invocation.get(name);
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    if (read.ec != std::errc() || read.ptr != end || number < least)
        return fail("bad_argument", std::string(name) + " needs a whole number of at least " +
                                        std::to_string(least) + ", but it is \"" + text + "\".");
    return number;
}

}  // namespace perilune
