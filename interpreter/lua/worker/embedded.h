// The Lua files that are built into a program, as bytecode with its line numbers kept.
#pragma once

#include <cstddef>

namespace perilune::worker {

struct EmbeddedFile {
    const char* name;  // As trusted Lua requires it: "vocabulary.sandbox".
    const unsigned char* bytes;
    std::size_t size;
};

// Made by perilune-embed at build time; ends with an entry whose name is null.
extern const EmbeddedFile embedded_files[];

}  // namespace perilune::worker
