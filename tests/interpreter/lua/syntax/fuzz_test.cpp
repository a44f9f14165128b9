// Random sources: the parser agrees with LuaJIT on them, and no bytes whatever harm it.
#include <doctest/doctest.h>

#include "interpreter/lua/syntax/parser.h"
#include "tests/interpreter/lua/syntax/engine.h"
#include "tests/interpreter/lua/syntax/seed.h"
#include "tests/interpreter/lua/syntax/snippets.h"

namespace {

using namespace perilune;
using namespace perilune::syntax;

constexpr std::string_view vocabulary[] = {
    "and",        "break",    "do",     "else",   "elseif", "end",     "false",
    "for",        "function", "goto",   "if",     "in",     "local",   "nil",
    "not",        "or",       "repeat", "return", "then",   "true",    "until",
    "while",      "a",        "b",      "f",      "x",      "1",       "2.5",
    "'s'",        "[[t]]",    "...",    "+",      "-",      "*",       "/",
    "^",          "%",        "#",      "==",     "~=",     "<",       "<=",
    "=",          "=",        "(",      ")",      "(",      ")",       "{",
    "}",          "[",        "]",      "::",     ";",      ":",       ",",
    ",",          ".",        "..",     "\n",     "f()",    "a = 1",   "x.y",
    "::a::",      "goto a",   "do",     "end",    "end",    "local x", "function() return 1 end",
    "while x do", "if x then"};

std::string random_tokens(std::mt19937_64& random) {
    std::string source;
    for (std::size_t i = 0, count = 1 + below(random, 14); i < count; ++i)
        source += std::string(vocabulary[below(random, std::size(vocabulary))]) + " ";
    return source;
}

// Two snippets after one another, with tokens put in, taken out or doubled.
std::string mutated_snippets(std::mt19937_64& random) {
    std::string source(snippets()[below(random, snippets().size())]);
    source += below(random, 2) == 0 ? "\n" : " ";
    source += snippets()[below(random, snippets().size())];
    for (std::size_t i = 0, count = below(random, 3); i < count; ++i) {
        const std::size_t at = source.empty() ? 0 : below(random, source.size());
        switch (below(random, 3)) {
            case 0:
                source.insert(
                    at, " " + std::string(vocabulary[below(random, std::size(vocabulary))]) + " ");
                break;
            case 1: source.erase(at, 1 + below(random, 5)); break;
            default: source.insert(at, source.substr(at, 1 + below(random, 12)));
        }
    }
    return source;
}

// What the parser refuses on purpose although LuaJIT takes it.
bool is_stated_exception(const std::string& message) {
    for (const std::string_view part : {"UTF-8", "NUL byte", "64-bit", "imaginary", "typographic",
                                        "invisible", "byte order mark", "that is not the plain"}) {
        if (message.find(part) != std::string::npos) return true;
    }
    return false;
}

int compare(const std::string& source) {
    const auto tree = parse_lua(source, "source");
    // LuaJIT skips any first line that begins with "#".
    if (source.starts_with("#") && !source.starts_with("#!")) return 0;
    if (!tree.ok() && is_stated_exception(tree.error().message)) return 0;
    const std::string refusal = engine_refusal(source);
    CAPTURE(seed());
    CAPTURE(source);
    CAPTURE(refusal);
    CAPTURE(tree.ok() ? "" : tree.error().message);
    CHECK(tree.ok() == refusal.empty());
    return tree.ok() ? 1 : 0;
}

}  // namespace

TEST_CASE("judges_random_tokens_as_luajit_does") {
    std::mt19937_64 random(seed());
    int accepted = 0;
    for (int i = 0; i < 60000; ++i) accepted += compare(random_tokens(random));
    CHECK(accepted > 200);
}

TEST_CASE("judges_mutated_snippets_as_luajit_does") {
    std::mt19937_64 random(seed());
    int accepted = 0;
    for (int i = 0; i < 30000; ++i) accepted += compare(mutated_snippets(random));
    CHECK(accepted > 1000);
}

TEST_CASE("survives_any_bytes_and_always_says_where_it_stopped") {
    std::mt19937_64 random(seed());
    int refused = 0;
    for (int i = 0; i < 20000; ++i) {
        std::string source = mutated_snippets(random);
        for (std::size_t k = 0, count = below(random, 4); k < count && !source.empty(); ++k)
            source[below(random, source.size())] = static_cast<char>(random());
        const auto tree = parse_lua(source, "source");
        if (tree.ok()) continue;
        ++refused;
        CAPTURE(seed());
        CAPTURE(tree.error().message);
        REQUIRE(tree.error().code == "syntax_error");
        REQUIRE(tree.error().message.starts_with("source:"));
        REQUIRE(tree.error().detail["line"].integer() >= 1);
        REQUIRE(tree.error().detail["column"].integer() >= 1);
    }
    CHECK(refused > 1000);
}
