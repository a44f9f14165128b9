#include "interpreter/lua/syntax/advice.h"

#include <array>

namespace perilune::syntax {

namespace {

struct Translation {
    std::string_view written;
    std::string_view advice;
};

// Longer spellings stand before those that begin them.
constexpr std::array<Translation, 23> foreign_operators = {{
    {"=>", " A function is written \"function(x) … end\", at least is written \">=\"."},
    {"=<", " At most is written \"<=\" in Lua."},
    {"!==", " Not equal is written \"~=\" in Lua."},
    {"!=", " Not equal is written \"~=\" in Lua."},
    {"!", " Negation is written \"not\" in Lua."},
    {"&&", " Conjunction is written \"and\" in Lua."},
    {"||", " Disjunction is written \"or\" in Lua."},
    {"+=", " Lua has no \"+=\"; write \"x = x + …\"."},
    {"-=", " Lua has no \"-=\"; write \"x = x - …\"."},
    {"*=", " Lua has no \"*=\"; write \"x = x * …\"."},
    {"/=", " Lua has no \"/=\"; write \"x = x / …\" (not equal is written \"~=\")."},
    {"%=", " Lua has no \"%=\"; write \"x = x % …\"."},
    {"^=", " Lua has no \"^=\"; write \"x = x ^ …\"."},
    {"..=", " Lua has no \"..=\"; write \"x = x .. …\"."},
    {"++", " Lua has no \"++\"; write \"x = x + 1\"."},
    {"&", " This Lua has no operators on bits; \"and\" joins conditions."},
    {"|", " This Lua has no operators on bits; \"or\" joins conditions."},
    {"~", " This Lua has no operators on bits; negation is written \"not\"."},
    {"??", " A default is written \"value or default\" in Lua."},
    {"?", " A choice is written \"condition and this or that\" in Lua."},
    {"`", " A string is written with \" or ', or [[…]] over several lines."},
    {"\\", " A backslash stands only inside strings."},
    {"@", " Lua has no annotations; a comment begins with \"--\"."},
}};

// Names that are words of other languages, at the beginning of what was meant as a statement.
constexpr std::array<Translation, 19> foreign_words = {{
    {"continue",
     " Lua has no \"continue\"; write \"goto continue\", and \"::continue::\" before "
     "the loop's \"end\"."},
    {"elif", " Write \"elseif\"."},
    {"elsif", " Write \"elseif\"."},
    {"var", " A variable is declared with \"local\"."},
    {"let", " A variable is declared with \"local\"."},
    {"const", " A variable is declared with \"local\"."},
    {"def", " A function is declared with \"local function\"."},
    {"fn", " A function is declared with \"local function\"."},
    {"func", " A function is declared with \"local function\"."},
    {"switch", " Lua has no \"switch\"; write \"if … elseif … end\"."},
    {"case", " Lua has no \"case\"; write \"if … elseif … end\"."},
    {"foreach", " Write \"for key, value in pairs(map) do\"."},
    {"throw", " An error is raised with error(…)."},
    {"raise", " An error is raised with error(…)."},
    {"import", " Another file is read with require(\"name\")."},
    {"unless", " Write \"if not\"."},
    {"loop", " Write \"while true do\"."},
    {"try", " An error is caught with try(function() … end)."},
    {"catch", " An error is caught with try(function() … end)."},
}};

std::string_view foreign_operator_at(std::string_view source, std::size_t offset) {
    for (const auto& foreign : foreign_operators) {
        if (source.substr(offset, 3).starts_with(foreign.written)) return foreign.written;
    }
    return "";
}

template <std::size_t count>
std::string_view find_advice(const std::array<Translation, count>& table, std::string_view text) {
    for (const auto& translation : table) {
        if (translation.written == text) return translation.advice;
    }
    return "";
}

constexpr std::string_view field_or_method =
    " A field of a table is written \"name = value\", a call of a method \"object:method(…)\".";

std::string_view advise_on_assign(Expecting expecting) {
    if (expecting == Expecting::other) return "";
    if (expecting == Expecting::end_of_call)
        return " To compare, write \"==\"; named arguments stand in a table: f { name = value }.";
    return " To compare, write \"==\".";
}

std::string_view advise_on_words(const Finding& finding) {
    const bool statement = finding.expecting == Expecting::statement;
    if (finding.expecting == Expecting::assignment || statement) {
        const std::string_view advice = find_advice(foreign_words, finding.before);
        if (!advice.empty()) return advice;
    }
    switch (finding.found.kind) {
        case TokenKind::word_end:
            if (statement) return " There is no open block for this \"end\" to close.";
            break;
        case TokenKind::word_else:
        case TokenKind::word_elseif:
            if (statement) return " It belongs to no \"if\" that is still open.";
            break;
        case TokenKind::word_until:
            if (statement) return " It belongs to no \"repeat\" that is still open.";
            break;
        default: break;
    }
    return "";
}

std::string_view advise_on_punctuation(const Finding& finding) {
    const bool block_word =
        finding.expecting == Expecting::then_word || finding.expecting == Expecting::do_word;
    switch (finding.found.kind) {
        case TokenKind::assign: return advise_on_assign(finding.expecting);
        case TokenKind::hash:
        case TokenKind::slash:
            if (finding.expecting == Expecting::statement) return " A comment begins with \"--\".";
            break;
        case TokenKind::not_equal:
        case TokenKind::equal:
            if (finding.expecting == Expecting::assignment ||
                finding.expecting == Expecting::statement)
                return " To assign, write \"=\"; a comparison alone does nothing.";
            break;
        case TokenKind::open_curly:
            if (block_word) return " Blocks are written without braces and end with \"end\".";
            if (finding.expecting == Expecting::statement)
                return " A block is written \"do … end\".";
            break;
        case TokenKind::comma:
        case TokenKind::number:
        case TokenKind::text:
        case TokenKind::word_true:
        case TokenKind::word_false:
        case TokenKind::word_nil:
            if (finding.expecting == Expecting::method) return field_or_method;
            break;
        case TokenKind::close_curly:
            if (finding.expecting == Expecting::method) return field_or_method;
            if (finding.expecting == Expecting::statement ||
                finding.expecting == Expecting::end_word)
                return " A block ends with \"end\".";
            break;
        case TokenKind::colon:
            if (finding.expecting == Expecting::end_of_table)
                return " A field is written \"name = value\" or \"[\\\"any text\\\"] = value\".";
            if (block_word) return " A block begins with a word, not with a colon.";
            break;
        case TokenKind::semicolon:
            if (finding.expecting == Expecting::statement)
                return " A \";\" may only follow a statement.";
            break;
        default: break;
    }
    return "";
}

}  // namespace

std::string describe_token(std::string_view source, const Token& token) {
    if (token.kind == TokenKind::end_of_file) return "the end of the file";
    const std::size_t begin = token.span.begin.offset;
    std::string_view written = source.substr(begin, token.span.end.offset - begin);
    if (token.kind == TokenKind::text) {
        std::size_t length = std::min<std::size_t>(token.text.find('\n'), 40);
        while (length < token.text.size() && length > 0 && (token.text[length] & 0xC0) == 0x80)
            --length;
        return "the string \"" + std::string(token.text.substr(0, length)) +
               (length < token.text.size() ? "…\"" : "\"");
    }
    const std::string_view foreign = foreign_operator_at(source, begin);
    if (!foreign.empty() && token.kind != TokenKind::not_equal) written = foreign;
    if (token.kind == TokenKind::foreign && foreign.empty())
        written = source.substr(begin, character_at(source, begin).length);
    return "\"" + std::string(written.substr(0, 60)) + "\"";
}

std::string advise(const Finding& finding) {
    const std::size_t begin = finding.found.span.begin.offset;
    if (finding.found.kind == TokenKind::end_of_file)
        return std::string(finding.expecting == Expecting::assignment
                               ? find_advice(foreign_words, finding.before)
                               : "");
    if (finding.found.kind != TokenKind::not_equal) {
        const std::string_view foreign = foreign_operator_at(finding.source, begin);
        if (!foreign.empty()) return std::string(find_advice(foreign_operators, foreign));
    }
    if (finding.expecting == Expecting::expression && begin > 0) {
        const std::string_view pair = finding.source.substr(begin - 1, 2);
        if (pair == "//") return " Whole division is written math.floor(a / b).";
        if (pair == "<<" || pair == ">>") return " This Lua has no operators on bits.";
    }
    const bool is_name =
        finding.expecting == Expecting::name || finding.expecting == Expecting::method;
    if (is_word(finding.found.kind) && is_name) {
        const std::string word(finding.found.text);
        return " \"" + word + "\" is a word of the language; a field of that name is written [\"" +
               word + "\"].";
    }
    const std::string_view words = advise_on_words(finding);
    return std::string(words.empty() ? advise_on_punctuation(finding) : words);
}

}  // namespace perilune::syntax
