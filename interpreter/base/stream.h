// A stream of bytes between two drivers that do not know each other: a database's backup into a
// storage target. The host hands one driver the other's port; both sides may block (off the loop).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "interpreter/base/result.h"

namespace perilune {

// Takes bytes; what it made becomes visible, whole, only with `commit`.
class ByteSink {
public:
    virtual ~ByteSink() = default;
    virtual Status write(std::string_view bytes) = 0;
    // Makes it durable and visible. Returns the stored object's description (key, size_bytes,
    // digest).
    virtual Result<Value> commit() = 0;
    // Leaves nothing behind.
    virtual void abandon() = 0;
};

class ByteSource {
public:
    virtual ~ByteSource() = default;
    // At most `bytes_max` bytes; empty at the end.
    virtual Result<std::string> read(std::size_t bytes_max) = 0;
};

// What a storage driver offers to other drivers of the same run.
class ObjectPort {
public:
    virtual ~ObjectPort() = default;
    virtual Result<std::unique_ptr<ByteSink>> write_object(const std::string& key) = 0;
    virtual Result<std::unique_ptr<ByteSource>> read_object(const std::string& key) = 0;
    // Objects below a prefix, by key: list of Object.
    virtual Result<Value> list_objects(const std::string& prefix) = 0;
    virtual Result<Value> head_object(const std::string& key) = 0;  // Nil where absent.
    virtual Status delete_object(const std::string& key) = 0;
};

}  // namespace perilune
