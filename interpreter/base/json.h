// JSON text: canonical for the journal, plain for people, programs and providers.
#pragma once

#include <string>
#include <string_view>

#include "interpreter/base/result.h"

namespace perilune {

// One form for one value: sorted keys, shortest numbers, `-0.0`; bytes that are not UTF-8 as
// {"$bytes": base64} (a key as "$bytes:base64"), a secret as {"$secret": […]}, ±inf as {"$number"},
// an unknown as {"$unknown": source}; a key with `$` first gets another. An empty table is {}.
std::string to_canonical_json(const Value& value);
void append_canonical_json(std::string& out, const Value& value);
// The inverse of to_canonical_json.
Result<Value> from_canonical_json(std::string_view text);

// Ordinary JSON for other programs: secrets as "[secret NAME]", bytes that are not UTF-8 replaced.
// `indent` spaces a level; -1 for one line.
std::string to_json(const Value& value, int indent = -1);
// Reads any JSON text (nested at most 100 deep). A JSON null becomes nil and so is absent in maps.
Result<Value> from_json(std::string_view text);

// True where the bytes are well-formed UTF-8.
bool is_utf8(std::string_view text);
std::string to_base64(std::string_view bytes);
Result<std::string> from_base64(std::string_view text);

}  // namespace perilune
