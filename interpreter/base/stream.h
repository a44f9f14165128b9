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

struct Call;

// What is known of an object before its first byte is written.
struct ObjectOutline {
    std::string key;
    double size_bytes = -1;         // Negative: not known.
    std::string content_type = {};  // Empty: not known.
    std::string digest = {};        // SHA-256 in hexadecimal; other bytes are then refused.
    // The change that writes it: where it is made again after a crash, what was sent is not sent
    // a second time.
    Call* call = nullptr;
};

// What a storage driver offers to other drivers of the same run.
class ObjectPort {
public:
    virtual ~ObjectPort() = default;
    virtual Result<std::unique_ptr<ByteSink>> write_object(const std::string& key) = 0;
    // The same, where more is known than the key; a driver that can use none of it need not.
    virtual Result<std::unique_ptr<ByteSink>> begin_object(const ObjectOutline& outline) {
        return write_object(outline.key);
    }
    virtual Result<std::unique_ptr<ByteSource>> read_object(const std::string& key) = 0;
    // Objects below a prefix, by key: list of Object.
    virtual Result<Value> list_objects(const std::string& prefix) = 0;
    virtual Result<Value> head_object(const std::string& key) = 0;  // Nil where absent.
    // Listed objects with what a listing may leave out, such as digests that are known.
    virtual Result<List> describe_objects(List listed) { return listed; }
    virtual Status delete_object(const std::string& key) = 0;
};

}  // namespace perilune
