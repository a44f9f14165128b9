#include "interpreter/base/late_library.h"

#include <stdexcept>
#include <string>

#include <dlfcn.h>

namespace perilune {

void* find_in_library(const char* library, const char* function) {
    void* const opened = ::dlopen(library, RTLD_NOW | RTLD_LOCAL);
    void* const found = opened ? ::dlsym(opened, function) : nullptr;
    if (found) return found;
    const char* const why = ::dlerror();
    throw std::runtime_error("Loading " + std::string(function) + " of the library " + library +
                             " failed: " + (why ? why : "it holds nothing of that name") +
                             ". Install that library again.");
}

}  // namespace perilune
