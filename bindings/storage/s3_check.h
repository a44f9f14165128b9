// Proves that what was read is what the service holds, by the best checksum that it states.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "bindings/storage/s3_object.h"
#include "interpreter/base/digest.h"

namespace perilune {

class S3Check {
public:
    S3Check(const S3Place& place, const S3Object& object);

    // Bytes from the object's beginning on, in their order.
    void add(std::string_view bytes);
    // Whether they were the whole object; raises `damaged` where they were not.
    Status finish();

    // What is compared: "crc64nvme", "sha256", "md5", "md5 of parts", or "size" alone.
    std::string_view kind() const;

private:
    enum class Kind { size, crc64, sha256, md5, md5_of_parts };

    void add_to_parts(std::string_view bytes);
    std::string found();

    std::string what_;  // For messages.
    Kind kind_ = Kind::size;
    double size_bytes_;
    double seen_bytes_ = 0;
    std::string expected_;
    std::uint64_t crc_ = 0;
    std::unique_ptr<Digest> digest_;
    double part_bytes_ = 0;
    double part_seen_bytes_ = 0;
    std::string part_digests_;  // Raw, in a row.
};

}  // namespace perilune
