// Record types and values: one canonical text for one value, whoever wrote it.
//
// In a canonical value targets are lower-case without a last dot, addresses as inet_ntop writes
// them, TXT is the plain text unless the borders of its strings carry meaning, and the fields of
// all other types are separated by one space.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "interpreter/base/result.h"

namespace perilune {

// One word of a record as a zone file has it; `text` is without its quotes, escapes kept.
struct RdataWord {
    std::string text;
    bool quoted = false;
};

// The type in upper case, where it is one we know or is written TYPE1234 (RFC 3597).
Result<std::string> checked_type(std::string_view type);
// The number of a checked type; the type of a number.
std::uint16_t type_number(std::string_view type);
std::string type_name(std::uint16_t number);

// Splits one line at blanks, minding quotes and escapes.
Result<std::vector<RdataWord>> split_words(std::string_view line);

// The canonical value of a record's words; relative names in it join `origin`.
Result<std::string> value_of_words(std::string_view type, const std::vector<RdataWord>& words,
                                   std::string_view origin);
// The canonical value of a text a runbook gives; its targets are whole host names.
Result<std::string> value_of_text(std::string_view type, std::string_view text);
// The words of a canonical value as a zone file takes them, whatever its origin.
std::string zone_file_words(std::string_view type, std::string_view value);

}  // namespace perilune
