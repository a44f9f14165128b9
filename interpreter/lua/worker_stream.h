// Frames over the host's end of a worker's socket: queued and gathered one way, cut up the other.
#pragma once

#include <optional>
#include <string>

#include "interpreter/base/result.h"

namespace perilune {

// What the worker may still send without an answer being read is the kernel's socket buffer.
class WorkerOutput {
public:
    // Appends one frame; false where the list is larger than any frame may be.
    bool add(const Value& list);
    // Writes what the socket takes; false where the worker's end is closed.
    bool write_to(int fd);
    std::size_t bytes() const { return queued_.size() - written_; }

private:
    std::string queued_;
    std::size_t written_ = 0;
};

class WorkerInput {
public:
    enum class Read { more, drained, closed };
    // Reads once; `more` where there may be more to read.
    Read read_from(int fd);
    // The next whole list, nothing where it is not whole yet, or an error where it is malformed:
    // no list, over frame_bytes_max, over cbor_depth_max, or not CBOR as we write it.
    Result<std::optional<List>> next();

private:
    std::string held_;
    std::size_t at_ = 0;
};

}  // namespace perilune
