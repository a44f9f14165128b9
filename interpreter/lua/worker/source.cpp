// Text-only loading of scripts, with a scan for the one literal that would load the FFI.
#include "interpreter/lua/worker/source.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace perilune::worker {

namespace {

constexpr char escape_byte = '\x1b';  // Bytecode begins with it (LUA_SIGNATURE).
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// As LuaJIT's lexer: bytes above 127 belong to names.
bool is_name_byte(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

bool is_one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

// Walks over source as LuaJIT's lexer cuts it, to look at numbers only.
class NumberScan {
public:
    explicit NumberScan(std::string_view source) : source_(source) {}

    bool finds_ffi_number() {
        while (at_ < source_.size()) {
            const char c = source_[at_];
            if (c == '-' && look(1) == '-') {
                skip_comment();
            } else if (c == '"' || c == '\'') {
                skip_string(c);
            } else if (c == '[' && long_bracket_level() >= 0) {
                skip_long_bracket();
            } else if (is_digit(c) || (c == '.' && is_digit(look(1)))) {
                if (is_ffi_number()) return true;
            } else if (is_name_byte(c)) {
                while (at_ < source_.size() && is_name_byte(source_[at_])) ++at_;
            } else {
                ++at_;
            }
        }
        return false;
    }

private:
    char look(std::size_t ahead) const {
        return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
    }

    // Of "[==[" here; -1 where this is no such bracket.
    int long_bracket_level() const {
        std::size_t ahead = 1;
        while (look(ahead) == '=') ++ahead;
        return look(ahead) == '[' ? static_cast<int>(ahead) - 1 : -1;
    }

    void skip_long_bracket() {
        const auto level = static_cast<std::size_t>(long_bracket_level());
        const std::string closing = ']' + std::string(level, '=') + ']';
        const auto end = source_.find(closing, at_ + level + 2);
        at_ = end == std::string_view::npos ? source_.size() : end + closing.size();
    }

    void skip_comment() {
        at_ += 2;
        if (look(0) == '[' && long_bracket_level() >= 0) return skip_long_bracket();
        while (at_ < source_.size() && !is_one_of(source_[at_], "\n\r")) ++at_;
    }

    // An escaped line end may be two bytes, and "\z" takes every blank and line end after it: who
    // believed the string to end there would take what follows for one, numbers and all.
    void skip_escape() {
        const char escaped = look(1);
        at_ += 2;
        if (escaped == 'z') {
            while (at_ < source_.size() && is_one_of(source_[at_], " \t\n\v\f\r")) ++at_;
        } else if (is_one_of(escaped, "\n\r") && is_one_of(look(0), "\n\r") && look(0) != escaped) {
            ++at_;
        }
    }

    void skip_string(char quote) {
        ++at_;
        while (at_ < source_.size()) {
            if (source_[at_] == '\\') {
                skip_escape();
            } else if (source_[at_] == quote || is_one_of(source_[at_], "\n\r")) {
                ++at_;
                return;
            } else {
                ++at_;
            }
        }
    }

    // Moves past one number as lex_number of LuaJIT does, and looks at how it ends.
    bool is_ffi_number() {
        const bool hexadecimal = look(0) == '0' && is_one_of(look(1), "xX");
        const std::string_view exponents = hexadecimal ? "pP" : "eE";
        const std::size_t begin = at_;
        while (at_ < source_.size()) {
            const char c = source_[at_];
            const bool sign =
                at_ > begin && is_one_of(c, "+-") && is_one_of(source_[at_ - 1], exponents);
            if (!is_name_byte(c) && c != '.' && !sign) break;
            ++at_;
        }
        return is_one_of(source_[at_ - 1], "iIlL");
    }

    std::string_view source_;
    std::size_t at_ = 0;
};

}  // namespace

const char* find_unfit_source(std::string_view source) {
    std::string_view text = source;
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    if (text.starts_with('#')) {
        text.remove_prefix(std::min(text.find_first_of("\n\r"), text.size()));
        text.remove_prefix(std::min(text.find_first_not_of("\n\r"), text.size()));
    }
    if (text.starts_with(escape_byte)) return "this is bytecode; only Lua source text is loaded";
    if (source.find('\0') != std::string_view::npos) return "the source holds a NUL byte";
    if (NumberScan(text).finds_ffi_number())
        return "numbers that end in LL, ULL or i are not part of the language";
    return nullptr;
}

int load_source(lua_State* L) {
    std::size_t size = 0;
    const char* text = luaL_checklstring(L, 1, &size);
    const char* chunk_name = luaL_checkstring(L, 2);
    luaL_checktype(L, 3, LUA_TTABLE);
    if (const char* unfit = find_unfit_source({text, size})) {
        lua_pushnil(L);
        lua_pushfstring(L, "%s: %s.", chunk_name + std::strspn(chunk_name, "@="), unfit);
        return 2;
    }
    if (luaL_loadbufferx(L, text, size, chunk_name, "t") != 0) {
        lua_pushnil(L);
        lua_insert(L, -2);
        return 2;
    }
    lua_pushvalue(L, 3);
    lua_setfenv(L, -2);
    return 1;
}

}  // namespace perilune::worker
