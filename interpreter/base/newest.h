// The newest bytes of a stream that may be long.
#pragma once

#include <string>
#include <string_view>

namespace perilune {

struct Newest {
    std::string bytes = {};
    bool truncated = false;

    // Keeps somewhat more than `bytes_max` between trims, so that adding stays cheap.
    void add(std::string_view piece, std::size_t bytes_max) {
        bytes.append(piece);
        if (bytes.size() > 2 * bytes_max + (1 << 16)) trim(bytes_max);
    }
    void trim(std::size_t bytes_max) {
        if (bytes.size() <= bytes_max) return;
        bytes.erase(0, bytes.size() - bytes_max);
        truncated = true;
    }
};

}  // namespace perilune
