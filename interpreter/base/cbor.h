// Deterministic CBOR (RFC 8949, 4.2.1): the messages between the host and its workers.
#pragma once

#include <string>
#include <string_view>

#include "interpreter/base/result.h"

namespace perilune {

constexpr int cbor_depth_max = 32;
constexpr std::size_t frame_bytes_max = 4 * 1024 * 1024;
// Private tags: a secret's template, and a value of a plan that only the run will know.
constexpr std::uint64_t cbor_tag_secret = 0x5053;
constexpr std::uint64_t cbor_tag_unknown = 0x5055;

// Text is a byte string (Lua's are bytes); whole numbers up to 2^53 are integers, all others
// 64-bit floats; a table is an array where its keys are 1..n, else a map with sorted keys.
void append_cbor(std::string& out, const Value& value);
std::string to_cbor(const Value& value);

// Takes a value's one form, and so gives what encodes to the same bytes again. Refuses what a
// well-behaved peer never sends: longer heads than needed, keys out of order or twice, a nil in a
// map, trailing bytes, indefinite lengths, other tags, lengths past the end, deeper than
// `depth_max`.
Result<Value> from_cbor(std::string_view bytes, int depth_max = cbor_depth_max);

}  // namespace perilune
