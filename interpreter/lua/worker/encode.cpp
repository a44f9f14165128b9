// Values of Lua into CBOR, refusing by path what is not plain data.
#include "interpreter/lua/worker/codec.h"

#include <algorithm>
#include <cmath>

#include "interpreter/lua/worker/handles.h"

namespace perilune::worker {

namespace {

constexpr std::size_t shown_name_max = 80;

bool is_identifier(std::string_view name) {
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    if (name.empty() || !is_letter(name[0])) return false;
    return std::all_of(name.begin(), name.end(),
                       [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

// How a field stands in a path: ".ttl", or ["with a space"].
std::string path_step(std::string_view name) {
    if (is_identifier(name)) return '.' + std::string(name.substr(0, shown_name_max));
    std::string shown = "[\"";
    for (const char c : name.substr(0, shown_name_max)) {
        const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
        shown += control ? '?' : c;
    }
    return shown + "\"]";
}

std::string_view text_at(lua_State* L, int index) {
    std::size_t size = 0;
    const char* text = lua_tolstring(L, index, &size);
    return {text, size};
}

}  // namespace

bool Encoder::append(lua_State* L, int index, std::size_t bytes_max) {
    end_max_ = out_.size() + bytes_max;
    names_.clear();
    refusal_ = {};
    return append_value(L, index, value_tables_max);
}

std::string Encoder::refusal_text() const {
    if (refusal_.path.empty()) return "it " + refusal_.reason;
    const std::string_view path = refusal_.path;
    return std::string(path[0] == '.' ? path.substr(1) : path) + ' ' + refusal_.reason;
}

bool Encoder::refuse(const char* code, std::string reason) {
    refusal_.code = code;
    refusal_.reason = std::move(reason);
    return false;
}

bool Encoder::fits(std::size_t more) {
    if (out_.size() <= end_max_ && more <= end_max_ - out_.size()) return true;
    return refuse("too_large",
                  "makes the value larger than 1 MiB (use a storage target's streams "
                  "for large data)");
}

bool Encoder::append_value(lua_State* L, int index, int tables_left) {
    switch (lua_type(L, index)) {
        case LUA_TNIL: out_ += byte_null; break;
        case LUA_TBOOLEAN: out_ += lua_toboolean(L, index) ? byte_true : byte_false; break;
        case LUA_TNUMBER:
            if (std::isnan(lua_tonumber(L, index))) return refuse("not_plain", "is not a number");
            append_number(out_, lua_tonumber(L, index));
            break;
        case LUA_TSTRING: return append_text(L, index);
        case LUA_TTABLE: return append_table(L, index, tables_left);
        case LUA_TUSERDATA: return append_handle(L, index);
        default: return refuse("not_plain", std::string("is a ") + luaL_typename(L, index));
    }
    return fits(0);
}

bool Encoder::append_text(lua_State* L, int index) {
    const std::string_view text = text_at(L, index);
    if (!fits(text.size())) return false;
    append_bytes(out_, text);
    return fits(0);
}

bool Encoder::append_handle(lua_State* L, int index) {
    if (handle_kind(L, index) == HandleKind::none)
        return refuse("not_plain", "is an object of the host");
    const std::string_view cbor = handle_cbor(L, index);
    if (!fits(cbor.size())) return false;
    out_ += cbor;
    return true;
}

bool Encoder::append_table(lua_State* L, int index, int tables_left) {
    if (tables_left == 0)
        return refuse("too_deep", "has more than " + std::to_string(value_tables_max) +
                                      " tables in each other, or holds itself");
    if (lua_getmetatable(L, index)) {
        lua_pop(L, 1);
        return refuse("not_plain", "is a table with a metatable");
    }
    Shape shape;
    shape.first_key = names_.size();
    bool well = find_shape(L, index, shape);
    if (well) {
        well = shape.is_list ? append_list(L, index, shape, tables_left - 1)
                             : append_map(L, index, shape, tables_left - 1);
    }
    names_.resize(shape.first_key);
    return well;
}

// Counts the keys, which must all be 1..n or all be names, and collects names.
bool Encoder::find_shape(lua_State* L, int index, Shape& shape) {
    double greatest = 0;
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        lua_pop(L, 1);
        const int kind = lua_type(L, -1);
        const bool is_number = kind == LUA_TNUMBER;
        const char* wrong = nullptr;
        if (!is_number && kind != LUA_TSTRING) {
            wrong = lua_typename(L, kind);
        } else if (shape.count > 0 && is_number != shape.is_list) {
            wrong = "mixed";
        } else if (is_number) {
            const double number = lua_tonumber(L, -1);
            if (number < 1 || number != std::floor(number)) wrong = "number";
            greatest = std::max(greatest, number);
        } else {
            shape.is_list = false;
            names_.push_back(text_at(L, -1));
        }
        ++shape.count;
        // Each entry takes a byte at least: a table of millions is refused before it is walked.
        if (wrong || !fits(shape.count)) {
            lua_pop(L, 1);
            if (!wrong) return false;
            if (wrong == std::string_view("mixed"))
                return refuse("not_plain", "has both numbers and names as keys");
            return refuse("not_plain", "has a key that is neither a name nor one of 1..n (a " +
                                           std::string(wrong) + ")");
        }
    }
    if (shape.is_list && greatest != static_cast<double>(shape.count))
        return refuse("not_plain", "has number keys that are not 1..n without a gap");
    return true;
}

bool Encoder::append_list(lua_State* L, int index, const Shape& shape, int tables_left) {
    append_head(out_, Major::array, shape.count);
    for (std::size_t i = 1; i <= shape.count; ++i) {
        lua_rawgeti(L, index, static_cast<int>(i));
        const bool well = append_value(L, lua_gettop(L), tables_left);
        lua_pop(L, 1);
        if (!well) {
            refusal_.path.insert(0, '[' + std::to_string(i) + ']');
            return false;
        }
    }
    return true;
}

bool Encoder::append_map(lua_State* L, int index, const Shape& shape, int tables_left) {
    append_head(out_, Major::map, shape.count);
    const auto begin = names_.begin() + static_cast<std::ptrdiff_t>(shape.first_key);
    std::sort(begin, names_.end());
    for (std::size_t i = 0; i < shape.count; ++i) {
        const std::string_view name = names_[shape.first_key + i];
        if (!fits(name.size())) return false;
        append_bytes(out_, name);
        lua_pushlstring(L, name.data(), name.size());
        lua_rawget(L, index);
        const bool well = append_value(L, lua_gettop(L), tables_left);
        lua_pop(L, 1);
        if (!well) {
            refusal_.path.insert(0, path_step(name));
            return false;
        }
    }
    return true;
}

}  // namespace perilune::worker
