// Compresses a stream on its way into a sink, and unpacks one on its way out of a source.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "interpreter/base/stream.h"

namespace perilune {

// "zstd", "gzip" or "none"; another name is a bug of the caller and throws.
class Packer {
public:
    using Take = std::function<Status(std::string_view packed)>;
    virtual ~Packer() = default;
    virtual Status write(std::string_view bytes) = 0;
    // Writes what is left. Nothing may be written afterwards.
    virtual Status finish() = 0;

    static std::unique_ptr<Packer> make(const std::string& compression, Take take);
};

class Unpacker {
public:
    using Take = std::function<Status(std::string_view bytes)>;
    virtual ~Unpacker() = default;
    // Errors: damaged_stream.
    virtual Status write(std::string_view packed) = 0;
    // Refuses a stream that was cut off.
    virtual Status finish() = 0;

    static std::unique_ptr<Unpacker> make(const std::string& compression, Take take);
};

}  // namespace perilune
