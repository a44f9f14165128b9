#include "bindings/storage/s3_crc64.h"

#include <array>
#include <bit>
#include <cstring>

#include "interpreter/base/json.h"

namespace perilune {

namespace {

constexpr std::uint64_t polynomial = 0x9a6c9329ac4bc9b5;  // Bits in the order of transmission.
constexpr std::size_t lanes = 8;

using Table = std::array<std::uint64_t, 256>;

// Table n gives what a byte does that stands n bytes before the end of a word.
constexpr std::array<Table, lanes> make_tables() {
    std::array<Table, lanes> tables{};
    for (std::uint64_t byte = 0; byte < 256; ++byte) {
        std::uint64_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ polynomial : crc >> 1;
        tables[0][byte] = crc;
    }
    for (std::size_t lane = 1; lane < lanes; ++lane)
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const std::uint64_t crc = tables[lane - 1][byte];
            tables[lane][byte] = crc >> 8 ^ tables[0][crc & 0xff];
        }
    return tables;
}

constexpr std::array<Table, lanes> tables = make_tables();

static_assert(std::endian::native == std::endian::little, "Words are read as they lie in memory.");

// A linear map of checksums: what each of the 64 bits becomes.
using Matrix = std::array<std::uint64_t, 64>;

std::uint64_t mapped(const Matrix& matrix, std::uint64_t bits) {
    std::uint64_t sum = 0;
    for (; bits != 0; bits &= bits - 1)
        sum ^= matrix[static_cast<std::size_t>(std::countr_zero(bits))];
    return sum;
}

Matrix twice(const Matrix& matrix) {
    Matrix out{};
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = mapped(matrix, matrix[i]);
    return out;
}

}  // namespace

std::uint64_t crc64_nvme(std::uint64_t before, std::string_view bytes) {
    std::uint64_t crc = ~before;
    while (bytes.size() >= lanes) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), lanes);
        word ^= crc;
        crc = 0;
        for (std::size_t lane = 0; lane < lanes; ++lane)
            crc ^= tables[lanes - 1 - lane][word >> 8 * lane & 0xff];
        bytes.remove_prefix(lanes);
    }
    for (const char c : bytes)
        crc = crc >> 8 ^ tables[0][(crc ^ static_cast<unsigned char>(c)) & 0xff];
    return ~crc;
}

// Zero bytes after a text change its checksum by a linear map, which is squared as a power is.
std::uint64_t crc64_joined(std::uint64_t first, std::uint64_t second, std::uint64_t second_bytes) {
    Matrix zeros{};  // First of one bit.
    zeros[0] = polynomial;
    for (std::size_t i = 1; i < zeros.size(); ++i) zeros[i] = std::uint64_t{1} << (i - 1);
    for (int doubling = 0; doubling < 3; ++doubling) zeros = twice(zeros);
    for (; second_bytes != 0; second_bytes >>= 1) {
        if ((second_bytes & 1) != 0) first = mapped(zeros, first);
        zeros = twice(zeros);
    }
    return first ^ second;
}

std::string crc64_text(std::uint64_t crc) {
    std::string bytes;
    for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(crc >> shift & 0xff);
    return to_base64(bytes);
}

}  // namespace perilune
