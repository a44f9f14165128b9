#include "interpreter/lua/syntax/tokens.h"

#include <algorithm>
#include <array>

#include "interpreter/lua/syntax/literals.h"

namespace perilune::syntax {

namespace {

// In the order of the words in TokenKind, which is alphabetical.
constexpr std::array<std::string_view, 22> words = {
    "and",      "break",  "do",   "else", "elseif", "end",  "false", "for",
    "function", "goto",   "if",   "in",   "local",  "nil",  "not",   "or",
    "repeat",   "return", "then", "true", "until",  "while"};

bool is_newline(char byte) { return byte == '\n' || byte == '\r'; }
bool is_blank(char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }
bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

TokenKind word_or_name(std::string_view text) {
    const auto found = std::lower_bound(words.begin(), words.end(), text);
    if (found == words.end() || *found != text) return TokenKind::name;
    const auto first = static_cast<std::uint8_t>(TokenKind::word_and);
    return static_cast<TokenKind>(first + (found - words.begin()));
}

// LuaJIT takes any byte past ASCII for a letter, so these would silently become part of a name.
std::string_view misleading_character(std::uint32_t code_point) {
    if (code_point == 0xA0 || code_point == 0x3000 ||
        (code_point >= 0x2000 && code_point <= 0x200A))
        return "a space that is not the plain one outside of a string";
    if (code_point >= 0x2018 && code_point <= 0x201F)
        return "a typographic quote outside of a string; write \" or '";
    if (code_point >= 0x2010 && code_point <= 0x2015)
        return "a typographic dash outside of a string; write -";
    if (code_point == 0xAD || code_point == 0xFEFF ||
        (code_point >= 0x200B && code_point <= 0x206F))
        return "an invisible character outside of a string";
    return "";
}

}  // namespace

bool is_word(TokenKind kind) {
    return kind >= TokenKind::word_and && kind <= TokenKind::word_while;
}

bool is_name_byte(char byte) {
    const auto lower = static_cast<char>(byte | 0x20);
    return (lower >= 'a' && lower <= 'z') || is_digit(byte) || byte == '_' || byte < 0;
}

Lexer::Lexer(std::string_view source, std::deque<std::string>& texts)
    : source_(source), texts_(texts), cursor_(source) {
    if (!source_.starts_with("#!")) return;
    while (offset_ < source_.size() && !is_newline(source_[offset_])) ++offset_;
}

Token Lexer::next() {
    Token token;
    const bool readable = skip_blanks();
    token.span.begin = cursor_.move_to(readable ? offset_ : problem_.position.offset);
    token.kind = readable ? read_kind(token) : TokenKind::broken;
    if (token.kind == TokenKind::broken) {
        problem_.position = PositionCursor(source_).move_to(problem_.position.offset);
        offset_ = source_.size();
    }
    token.span.end = cursor_.move_to(offset_);
    return token;
}

char Lexer::look(std::size_t ahead) const {
    return offset_ + ahead < source_.size() ? source_[offset_ + ahead] : '\0';
}

TokenKind Lexer::fail(std::size_t offset, std::string message) {
    problem_.position.offset = offset;
    problem_.message = std::move(message);
    return TokenKind::broken;
}

TokenKind Lexer::read_kind(Token& token) {
    if (offset_ >= source_.size()) return TokenKind::end_of_file;
    const char byte = look();
    if (is_digit(byte) || (byte == '.' && is_digit(look(1)))) return read_number(token);
    if (is_name_byte(byte)) return read_name(token);
    if (byte == '"' || byte == '\'') return read_short_string(token);
    if (byte == '[' && (look(1) == '[' || look(1) == '=')) return read_long_string(token);
    return read_operator();
}

TokenKind Lexer::read_name(Token& token) {
    const std::size_t begin = offset_;
    while (offset_ < source_.size() && is_name_byte(source_[offset_])) {
        if (source_[offset_] < 0) {
            const Character character = character_at(source_, offset_);
            const std::string_view what = misleading_character(character.code_point);
            if (!what.empty()) return fail(offset_, "Found " + std::string(what) + ".");
            offset_ += character.length;
        } else {
            ++offset_;
        }
    }
    token.text = source_.substr(begin, offset_ - begin);
    return word_or_name(token.text);
}

TokenKind Lexer::read_number(Token& token) {
    const std::size_t begin = offset_;
    const bool hexadecimal = look() == '0' && (look(1) | 0x20) == 'x';
    const char exponent = hexadecimal ? 'p' : 'e';
    char before = '\0';
    while (is_name_byte(look()) || look() == '.' ||
           ((look() == '-' || look() == '+') && (before | 0x20) == exponent)) {
        before = look();
        ++offset_;
    }
    token.text = source_.substr(begin, offset_ - begin);
    NumberReading reading = read_number_text(token.text);
    if (!reading.problem.empty()) return fail(begin, std::move(reading.problem));
    token.number = reading.number;
    return TokenKind::number;
}

TokenKind Lexer::read_short_string(Token& token) {
    const std::size_t begin = offset_++;
    const char quote = source_[begin];
    bool has_escapes = false;
    while (look() != quote || offset_ >= source_.size()) {
        if (offset_ >= source_.size() || is_newline(look()))
            return fail(begin, "Found a string that is not closed on its line; expected " +
                                   std::string(1, quote) +
                                   " at its end. Text of several lines is written [[…]].");
        if (look() != '\\') {
            ++offset_;
            continue;
        }
        has_escapes = true;
        const char letter = look(1);
        offset_ = std::min(offset_ + 2, source_.size());
        if (letter == 'z') {
            while (offset_ < source_.size() && is_blank(look())) ++offset_;
        } else if (is_newline(letter) && is_newline(look()) && look() != letter) {
            ++offset_;
        }
    }
    const std::string_view written = source_.substr(begin + 1, offset_ - begin - 1);
    ++offset_;
    token.text = written;
    if (!has_escapes) return TokenKind::text;
    TextReading reading = read_escapes(written);
    if (!reading.problem.empty())
        return fail(begin + 1 + reading.problem_offset, std::move(reading.problem));
    token.text = texts_.emplace_back(std::move(reading.text));
    return TokenKind::text;
}

int Lexer::long_bracket_level() const {
    if (look() != '[') return -1;
    std::size_t level = 0;
    while (look(1 + level) == '=') ++level;
    return look(1 + level) == '[' ? static_cast<int>(level) : -1;
}

bool Lexer::skip_long_bracket(int level, std::size_t& content_begin, std::size_t& content_end) {
    const std::size_t width = static_cast<std::size_t>(level) + 2;
    const std::string closing = "]" + std::string(width - 2, '=') + "]";
    content_begin = offset_ + width;
    content_end = source_.find(closing, content_begin);
    if (content_end == std::string_view::npos) return false;
    offset_ = content_end + width;
    return true;
}

TokenKind Lexer::read_long_string(Token& token) {
    const std::size_t begin = offset_;
    const int level = long_bracket_level();
    if (level < 0)
        return fail(begin, "Found \"[=\", expected \"[=[\", which begins a long string.");
    std::size_t content_begin = 0;
    std::size_t content_end = 0;
    if (!skip_long_bracket(level, content_begin, content_end))
        return fail(begin, "Found a long string that never ends; expected \"]" +
                               std::string(static_cast<std::size_t>(level), '=') + "]\".");
    std::string_view written = source_.substr(content_begin, content_end - content_begin);
    if (!written.empty() && is_newline(written[0])) {
        const bool pair = written.size() > 1 && is_newline(written[1]) && written[1] != written[0];
        written.remove_prefix(pair ? 2 : 1);
    }
    token.text = written;
    if (written.find('\r') == std::string_view::npos) return TokenKind::text;
    std::string plain;
    for (std::size_t i = 0; i < written.size(); ++i) {
        plain += is_newline(written[i]) ? '\n' : written[i];
        const bool pair = is_newline(written[i]) && i + 1 < written.size() &&
                          is_newline(written[i + 1]) && written[i + 1] != written[i];
        if (pair) ++i;
    }
    token.text = texts_.emplace_back(std::move(plain));
    return TokenKind::text;
}

TokenKind Lexer::read_operator() {
    struct Spelling {
        std::string_view text;
        TokenKind kind;
    };
    // Longer spellings stand before those that begin them.
    static constexpr std::array<Spelling, 28> spellings = {{
        {"...", TokenKind::ellipsis},    {"..", TokenKind::concatenate},
        {"==", TokenKind::equal},        {"~=", TokenKind::not_equal},
        {"<=", TokenKind::less_equal},   {">=", TokenKind::greater_equal},
        {"::", TokenKind::double_colon}, {".", TokenKind::dot},
        {"=", TokenKind::assign},        {"(", TokenKind::open_round},
        {")", TokenKind::close_round},   {",", TokenKind::comma},
        {"{", TokenKind::open_curly},    {"}", TokenKind::close_curly},
        {":", TokenKind::colon},         {"[", TokenKind::open_square},
        {"]", TokenKind::close_square},  {"+", TokenKind::plus},
        {"-", TokenKind::minus},         {"*", TokenKind::star},
        {"/", TokenKind::slash},         {"%", TokenKind::percent},
        {"^", TokenKind::caret},         {"#", TokenKind::hash},
        {"<", TokenKind::less},          {">", TokenKind::greater},
        {";", TokenKind::semicolon},     {"", TokenKind::foreign},
    }};
    const std::string_view rest = source_.substr(offset_, 3);
    for (const auto& spelling : spellings) {
        if (!rest.starts_with(spelling.text)) continue;
        offset_ += std::max<std::size_t>(spelling.text.size(), 1);
        return spelling.kind;
    }
    return TokenKind::foreign;
}

bool Lexer::skip_blanks() {
    while (true) {
        while (offset_ < source_.size() && is_blank(source_[offset_])) ++offset_;
        if (look() != '-' || look(1) != '-') return true;
        if (!skip_comment()) return false;
    }
}

bool Lexer::skip_comment() {
    const std::size_t begin = offset_;
    offset_ += 2;
    const int level = long_bracket_level();
    if (level < 0) {
        while (offset_ < source_.size() && !is_newline(source_[offset_])) ++offset_;
        return true;
    }
    std::size_t content_begin = 0;
    std::size_t content_end = 0;
    if (skip_long_bracket(level, content_begin, content_end)) return true;
    fail(begin, "Found a long comment that never ends; expected \"]" +
                    std::string(static_cast<std::size_t>(level), '=') + "]\".");
    return false;
}

}  // namespace perilune::syntax
