// CRC-64/NVME, the checksum that S3 keeps of whole objects however many parts they came in
// (NVM Express, NVM Command Set, 5.2.1.3.4; AWS, "Checking object integrity in Amazon S3").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace perilune {

// The checksum of what came before (0 at first) and these bytes after it.
std::uint64_t crc64_nvme(std::uint64_t before, std::string_view bytes);

// The checksum of two texts in a row from their own ones and the length of the second.
std::uint64_t crc64_joined(std::uint64_t first, std::uint64_t second, std::uint64_t second_bytes);

// As it stands in a header: base64 of its eight bytes, the highest first.
std::string crc64_text(std::uint64_t crc);

}  // namespace perilune
