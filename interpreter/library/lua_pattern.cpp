// Compiling Lua patterns, and refusing at once what is wrong in them.
#include "interpreter/library/lua_pattern.h"

#include <string>

#include "interpreter/library/problems.h"

namespace perilune {

namespace {

constexpr std::size_t pattern_bytes_max = 1000;

bool is_between(unsigned byte, char low, char high) {
    return byte >= static_cast<unsigned char>(low) && byte <= static_cast<unsigned char>(high);
}

// Whether a class such as %d has the byte, in the "C" locale; nothing where there is no such class.
std::optional<bool> class_has(char name, unsigned byte) {
    const bool digit = is_between(byte, '0', '9');
    const bool lower = is_between(byte, 'a', 'z');
    const bool upper = is_between(byte, 'A', 'Z');
    const bool printed = byte > 0x20 && byte < 0x7f;
    switch (name) {
        case 'a': return lower || upper;
        case 'c': return byte < 0x20 || byte == 0x7f;
        case 'd': return digit;
        case 'g': return printed;
        case 'l': return lower;
        case 'p': return printed && !lower && !upper && !digit;
        case 's': return byte == ' ' || is_between(byte, '\t', '\r');
        case 'u': return upper;
        case 'w': return lower || upper || digit;
        case 'x': return digit || is_between(byte, 'a', 'f') || is_between(byte, 'A', 'F');
        case 'z': return byte == 0;
        default: return std::nullopt;
    }
}

}  // namespace

// Turns the text of a pattern into items, each of which matches by itself.
class LuaPattern::Compiler {
public:
    explicit Compiler(std::string_view pattern) : pattern_(pattern) {}

    Result<LuaPattern> compile() {
        LuaPattern made;
        made.anchored_ = pattern_.starts_with('^');
        at_ = made.anchored_ ? 1 : 0;
        while (at_ < pattern_.size() && wrong_.empty()) made.items_.push_back(read_item());
        if (wrong_.empty() && !open_.empty()) wrong_ = "a \"(\" is never closed";
        if (wrong_.empty()) return made;
        return fail("bad_pattern", "The Lua pattern " + in_quotes(pattern_) +
                                       " cannot be read: " + wrong_ + ". Correct it.");
    }

private:
    Item read_item() {
        const char c = pattern_[at_];
        if (c == '(') return read_open();
        if (c == ')') return read_close();
        if (c == '$' && at_ + 1 == pattern_.size()) {
            ++at_;
            return {.kind = Kind::end};
        }
        if (c == '%' && at_ + 1 < pattern_.size()) {
            const char next = pattern_[at_ + 1];
            if (next == 'b') return read_balance();
            if (next == 'f') return read_frontier();
            if (is_between(static_cast<unsigned char>(next), '0', '9')) return read_reference();
        }
        Item item = {.kind = Kind::bytes, .bytes = read_bytes()};
        if (at_ < pattern_.size() &&
            std::string_view("*+-?").find(pattern_[at_]) != std::string_view::npos)
            item.repeat = pattern_[at_++];
        return item;
    }

    Item read_open() {
        const bool position = pattern_.substr(at_).starts_with("()");
        Item item = {.kind = position ? Kind::position : Kind::open, .capture = count_};
        if (++count_ > captures_max) wrong_ = "it has more than 32 captures";
        if (!position) open_.push_back(item.capture);
        if (position) closed_.set(item.capture % captures_max);
        at_ += position ? 2 : 1;
        return item;
    }

    Item read_close() {
        ++at_;
        if (open_.empty()) {
            wrong_ = "a \")\" closes nothing";
            return {};
        }
        const Item item = {.kind = Kind::close, .capture = open_.back()};
        open_.pop_back();
        closed_.set(item.capture % captures_max);
        return item;
    }

    Item read_reference() {
        const char digit = pattern_[at_ + 1];
        at_ += 2;
        const auto capture = static_cast<std::size_t>(digit - '1');
        if (digit == '0' || !closed_.test(capture))
            wrong_ = std::string("%") + digit + " refers to no closed capture";
        return {.kind = Kind::reference, .capture = capture};
    }

    Item read_balance() {
        if (at_ + 3 >= pattern_.size()) {
            wrong_ = "%b needs two characters";
            return {};
        }
        const Item item = {
            .kind = Kind::balance, .from = pattern_[at_ + 2], .to = pattern_[at_ + 3]};
        at_ += 4;
        return item;
    }

    Item read_frontier() {
        at_ += 2;
        if (at_ < pattern_.size() && pattern_[at_] == '[')
            return {.kind = Kind::frontier, .bytes = read_set()};
        wrong_ = "%f needs a set such as [%w]";
        return {};
    }

    // What one place of the text may hold: ".", "%a", "[a-z]" or a character itself.
    Bytes read_bytes() {
        const char c = pattern_[at_];
        if (c == '[') return read_set();
        Bytes bytes;
        ++at_;
        if (c == '.') return bytes.set();
        if (c != '%') return bytes.set(static_cast<unsigned char>(c));
        if (at_ == pattern_.size()) {
            wrong_ = "it ends with \"%\"";
            return bytes;
        }
        add_class(bytes, pattern_[at_++]);
        return bytes;
    }

    // Adds the class that the letter names (the complement for a capital), or the character.
    static void add_class(Bytes& bytes, char name) {
        const bool capital = is_between(static_cast<unsigned char>(name), 'A', 'Z');
        const char lower = capital ? static_cast<char>(name - 'A' + 'a') : name;
        if (!class_has(lower, 0)) {
            bytes.set(static_cast<unsigned char>(name));
            return;
        }
        for (unsigned byte = 0; byte < 256; ++byte)
            if (*class_has(lower, byte) != capital) bytes.set(byte);
    }

    // The offset of the bracket that closes the set whose content begins at `start`. The first
    // character is content even where it is "]".
    std::size_t find_set_end(std::size_t start) const {
        std::size_t at = start;
        do {
            if (at >= pattern_.size()) return std::string_view::npos;
            at += pattern_[at] == '%' && at + 1 < pattern_.size() ? 2 : 1;
        } while (at >= pattern_.size() || pattern_[at] != ']');
        return at;
    }

    Bytes read_set() {
        Bytes bytes;
        std::size_t at = at_ + 1;
        const bool inverted = at < pattern_.size() && pattern_[at] == '^';
        if (inverted) ++at;
        const std::size_t end = find_set_end(at);
        if (end == std::string_view::npos) {
            wrong_ = "a \"[\" is never closed";
            return bytes;
        }
        for (; at < end; ++at) {
            if (pattern_[at] == '%') {
                add_class(bytes, pattern_[++at]);
            } else if (at + 2 < end && pattern_[at + 1] == '-') {
                for (unsigned byte = 0; byte < 256; ++byte)
                    if (is_between(byte, pattern_[at], pattern_[at + 2])) bytes.set(byte);
                at += 2;
            } else {
                bytes.set(static_cast<unsigned char>(pattern_[at]));
            }
        }
        at_ = end + 1;
        return inverted ? bytes.flip() : bytes;
    }

    std::string_view pattern_;
    std::size_t at_ = 0;
    std::size_t count_ = 0;
    std::vector<std::size_t> open_;
    std::bitset<captures_max> closed_;
    std::string wrong_;
};

Result<LuaPattern> LuaPattern::compile(std::string_view pattern) {
    if (pattern.size() > pattern_bytes_max)
        return fail("bad_pattern", "The Lua pattern " + in_quotes(pattern) +
                                       " has more than 1,000 bytes. Shorten it.");
    return Compiler(pattern).compile();
}

}  // namespace perilune
