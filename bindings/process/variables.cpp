#include "bindings/process/variables.h"

namespace perilune {

std::string refuse_variable(std::string_view name) {
    if (name.empty()) return "a variable has no name.";
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '=' || byte < 0x20 || byte == 0x7f)
            return "the name of a variable holds `=`, a line break or another control byte.";
    }
    if (name.starts_with("LD_") || name.starts_with("DYLD_") || name == "GLIBC_TUNABLES")
        return "the variable " + std::string(name) +
               " is refused: the dynamic loader obeys it, and it could put other code into the "
               "program.";
    return {};
}

}  // namespace perilune
