// Heads, byte strings and numbers of CBOR (RFC 8949, section 3), shortest form first.
#include "interpreter/lua/worker/cbor.h"

#include <bit>
#include <cmath>

namespace perilune::worker {

namespace {

constexpr unsigned info_one_byte = 24;  // A count of one byte follows the head's own byte.
constexpr unsigned info_eight_bytes = 27;
constexpr double exact_max = 9007199254740992.0;  // 2^53: whole numbers up to it are exact.

void append_big_endian(std::string& out, std::uint64_t number, int width) {
    for (int shift = (width - 1) * 8; shift >= 0; shift -= 8)
        out += static_cast<char>(number >> shift & 0xff);
}

}  // namespace

void append_head(std::string& out, Major major, std::uint64_t count) {
    const unsigned lead = static_cast<unsigned>(major) << 5;
    if (count < info_one_byte) {
        out += static_cast<char>(lead | count);
        return;
    }
    unsigned info = info_one_byte;
    if (count > 0xff) ++info;
    if (count > 0xffff) ++info;
    if (count > 0xffffffff) ++info;
    out += static_cast<char>(lead | info);
    append_big_endian(out, count, 1 << (info - info_one_byte));
}

void append_bytes(std::string& out, std::string_view bytes) {
    append_head(out, Major::bytes, bytes.size());
    out += bytes;
}

void append_number(std::string& out, double number) {
    const bool whole = number == std::floor(number) && std::abs(number) <= exact_max;
    if (whole && !(number == 0 && std::signbit(number))) {
        if (number >= 0)
            return append_head(out, Major::natural, static_cast<std::uint64_t>(number));
        return append_head(out, Major::negative, static_cast<std::uint64_t>(-number) - 1);
    }
    out += byte_float;
    append_big_endian(out, std::bit_cast<std::uint64_t>(number), 8);
}

bool read_head(std::string_view input, std::size_t& at, Head& head) {
    if (at >= input.size()) return false;
    const auto lead = static_cast<unsigned char>(input[at++]);
    head.major = static_cast<Major>(lead >> 5);
    head.info = lead & 31;
    head.count = head.info;
    if (head.info < info_one_byte) return true;
    if (head.info > info_eight_bytes) return false;
    const std::size_t width = std::size_t{1} << (head.info - info_one_byte);
    if (input.size() - at < width) return false;
    head.count = 0;
    for (std::size_t i = 0; i < width; ++i)
        head.count = head.count << 8 | static_cast<unsigned char>(input[at++]);
    return true;
}

bool read_bytes(std::string_view input, std::size_t& at, std::string_view& bytes) {
    Head head;
    if (!read_head(input, at, head)) return false;
    if (head.major != Major::bytes && head.major != Major::text) return false;
    if (head.count > input.size() - at) return false;
    bytes = input.substr(at, head.count);
    at += head.count;
    return true;
}

}  // namespace perilune::worker
