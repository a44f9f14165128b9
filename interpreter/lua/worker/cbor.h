// The parts of deterministic CBOR that the worker writes and reads without the host's values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace perilune::worker {

// The format is that of interpreter/base/cbor.h; the tests hold the two against each other.
constexpr int frame_depth_max = 32;
constexpr std::size_t frame_bytes_max = 4 * 1024 * 1024;
constexpr std::size_t value_bytes_max = 1024 * 1024;
constexpr std::uint64_t tag_secret = 0x5053;
constexpr std::uint64_t tag_unknown = 0x5055;

enum class Major : unsigned char { natural, negative, bytes, text, array, map, tag, simple };

constexpr char byte_false = '\xf4';
constexpr char byte_true = '\xf5';
constexpr char byte_null = '\xf6';
constexpr char byte_float = '\xfb';

struct Head {
    Major major = Major::simple;
    unsigned info = 0;  // The low five bits; 20, 21, 22 and 27 tell simple values apart.
    std::uint64_t count = 0;
};

void append_head(std::string& out, Major major, std::uint64_t count);
void append_bytes(std::string& out, std::string_view bytes);
void append_number(std::string& out, double number);

// Reads one head at `at` and moves past it; false where it is cut or indefinite.
bool read_head(std::string_view input, std::size_t& at, Head& head);
// Reads one byte or text string; the view is into `input`.
bool read_bytes(std::string_view input, std::size_t& at, std::string_view& bytes);

}  // namespace perilune::worker
