// What any text file of a library must be before a parser sees it: a plain, readable UTF-8 file.
#pragma once

#include <string>
#include <string_view>

#include "interpreter/base/result.h"
#include "interpreter/library/problems.h"

namespace perilune {

constexpr std::size_t source_bytes_max = 1 << 20;

// Line and column (in characters, from 1) of the byte at `offset`.
Place place_at(const Place& file, std::string_view text, std::size_t offset);

// Reads a file of at most 1 MiB. Refuses a folder, FIFO, device, loop of links or unreadable file
// with one line that starts with `shown` and ends with what to do.
Result<std::string> read_source(const std::string& path, std::string_view shown);

// Refuses, with line and column, a byte order mark, NUL and other control bytes, lone carriage
// returns and text that is not UTF-8. CRLF and tabs pass.
Status check_source_text(std::string_view text, std::string_view shown);

// A Lua file: also refuses one that is empty or holds compiled code (its first byte is ESC).
Status check_lua_text(std::string_view text, std::string_view shown);

// Refuses a file that anybody on the machine may change, itself or by replacing it in its folder.
Status refuse_world_writable(const std::string& path, std::string_view shown);

}  // namespace perilune
