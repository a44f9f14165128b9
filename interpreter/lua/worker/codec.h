// Turns values on Lua's stack into CBOR and back, with raw access only: no script code runs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <lua.hpp>

#include "interpreter/lua/worker/cbor.h"

namespace perilune::worker {

// Tables in each other that one value may have; the rest of `frame_depth_max` is for the frame,
// what the vocabulary wraps around a value, and a secret's own arrays.
constexpr int value_tables_max = 24;

// Why a value does not cross. The reason begins with the path: "records[3].ttl is a function".
struct Refusal {
    const char* code = "";  // not_plain | too_deep | too_large
    std::string path;
    std::string reason;
};

// Appends values to `out`. The caller has made room on the stack with `encode_stack_slots`.
class Encoder {
public:
    explicit Encoder(std::string& out) : out_(out) {}

    // Appends the value at `index`, at most `bytes_max` of it; false where it is refused, and then
    // what was appended is to be cut off again.
    bool append(lua_State* L, int index, std::size_t bytes_max = value_bytes_max);
    std::string refusal_text() const;
    const char* refusal_code() const { return refusal_.code; }

private:
    struct Shape {
        std::size_t count = 0;
        bool is_list = true;
        std::size_t first_key = 0;  // Where the table's names begin in names_.
    };

    bool append_value(lua_State* L, int index, int tables_left);
    bool append_text(lua_State* L, int index);
    bool append_table(lua_State* L, int index, int tables_left);
    bool append_list(lua_State* L, int index, const Shape& shape, int tables_left);
    bool append_map(lua_State* L, int index, const Shape& shape, int tables_left);
    bool append_handle(lua_State* L, int index);
    bool find_shape(lua_State* L, int index, Shape& shape);
    bool fits(std::size_t more);
    bool refuse(const char* code, std::string reason);

    std::string& out_;
    std::size_t end_max_ = 0;
    std::vector<std::string_view> names_;  // Of all open tables; each sorts its own part.
    Refusal refusal_;
};

constexpr int encode_stack_slots = 8 * frame_depth_max;

// Pushes the value that begins at `at` and moves past it. False where it is malformed; the caller
// restores the stack.
bool push_decoded(lua_State* L, std::string_view input, std::size_t& at,
                  int depth_left = frame_depth_max);

}  // namespace perilune::worker
