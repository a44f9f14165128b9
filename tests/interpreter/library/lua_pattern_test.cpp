// Lua's patterns in C++, held against the real ones.
#include <cstdio>
#include <cstdlib>
#include <random>

#include <doctest/doctest.h>

#include "interpreter/base/files.h"
#include "interpreter/library/lua_pattern.h"
#include "tests/interpreter/library/temporary_library.h"

using namespace perilune;

namespace {

// "first-end", "none", or "bad" and "slow" for the two errors.
std::string found(std::string_view pattern, std::string_view text) {
    const auto compiled = LuaPattern::compile(pattern);
    if (!compiled) return "bad";
    const auto match = compiled->find(text);
    if (!match) return "slow";
    if (!*match) return "none";
    return std::to_string((*match)->first) + "-" + std::to_string((*match)->end);
}

std::string wrong(std::string_view pattern) { return refusal(LuaPattern::compile(pattern)); }

// A Lua string of bytes in decimal escapes.
std::string lua_text(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        char escape[8];
        std::snprintf(escape, sizeof escape, "\\%03d", static_cast<unsigned char>(c));
        out += escape;
    }
    return out + "\"";
}

struct Pair {
    std::string pattern;
    std::string text;
};

std::vector<Pair> random_pairs(unsigned seed, int count) {
    std::mt19937 random(seed);
    static const std::vector<std::string> pieces = {
        "a",     "b",     "ab",   ".",     "%a",     "%d",     "%w", "%s", "%S",   "[ab]", "[^a]",
        "[a-c]", "[%d_]", "[]a]", "*",     "+",      "-",      "?",  "(",  ")",    "()",   "%1",
        "%2",    "%b()",  "%bxx", "%f[a]", "%f[^a]", "$",      "^",  "%",  "[",    "]",    "%.",
        "1",     " ",     "%x",   "%u",    "[a-]",   "[%a-z]", "%z", "%g", "[!-%]"};
    static constexpr std::string_view letters = "aabbc1 (x)A.";
    std::vector<Pair> pairs;
    for (int i = 0; i < count; ++i) {
        Pair pair;
        for (auto left = random() % 6 + 1; left > 0; --left)
            pair.pattern += pieces[random() % pieces.size()];
        for (auto left = random() % 12; left > 0; --left)
            pair.text += letters[random() % letters.size()];
        pairs.push_back(std::move(pair));
    }
    return pairs;
}

// What string.find of the installed LuaJIT says for each pair, in the words of `found`.
std::vector<std::string> asked_of_lua(const std::vector<Pair>& pairs) {
    const TemporaryFolder folder;
    std::string script =
        "local out = {}\nlocal function ask(pattern, text)\n"
        "  local ok, first, last = pcall(string.find, text, pattern)\n"
        "  out[#out + 1] = not ok and 'bad' or not first and 'none'\n"
        "    or (first - 1) .. '-' .. last\nend\n";
    for (const auto& pair : pairs)
        script += "ask(" + lua_text(pair.pattern) + ", " + lua_text(pair.text) + ")\n";
    script += "io.open(arg[1], 'w'):write(table.concat(out, '\\n'))\n";
    folder.write("ask.lua", script);
    const std::string command = "luajit " + folder.path("ask.lua") + " " + folder.path("out");
    REQUIRE(std::system(command.c_str()) == 0);
    const auto text = read_file(folder.path("out"));
    REQUIRE(text.ok());
    std::vector<std::string> answers;
    for (std::size_t at = 0; at <= text->size();) {
        const auto end = std::min(text->find('\n', at), text->size());
        answers.push_back(text->substr(at, end - at));
        at = end + 1;
    }
    return answers;
}

}  // namespace

TEST_CASE("finds_what_string_find_finds") {
    CHECK(found("^v%d+%.%d+$", "v1.10") == "0-5");
    CHECK(found("^v%d+%.%d+$", "v1.10 ") == "none");
    CHECK(found("%d+", "ab123c") == "2-5");
    CHECK(found("a-b", "aaab") == "0-4");
    CHECK(found("(a*)b%1", "xaabaac") == "1-6");
    CHECK(found("%b()", "f(a(b)c)d") == "1-8");
    CHECK(found("%f[%w]%w+%f[%W]", " ab ") == "1-3");
    CHECK(found("[]]", "a]") == "1-2");
    CHECK(found("[^%s,]+", " ,xy,") == "2-4");
    CHECK(found("a?a?b", "aab") == "0-3");
    CHECK(found("", "abc") == "0-0");
    CHECK(found("^", "") == "0-0");
    CHECK(found("a$b", "a$b") == "0-3");
    CHECK(found("ü", "xü") == "1-3");
    CHECK(found("()%1", "aa") == "none");
}

TEST_CASE("refuses_patterns_that_lua_would_refuse_in_the_middle_of_a_run") {
    CHECK(wrong("[a-z") ==
          "The Lua pattern \"[a-z\" cannot be read: a \"[\" is never closed. "
          "Correct it.");
    CHECK(holds(wrong("abc%"), "it ends with \"%\""));
    CHECK(holds(wrong("(a"), "a \"(\" is never closed"));
    CHECK(holds(wrong("a)"), "a \")\" closes nothing"));
    CHECK(holds(wrong("%1(a)"), "%1 refers to no closed capture"));
    CHECK(holds(wrong("(a%1)"), "%1 refers to no closed capture"));
    CHECK(holds(wrong("%0"), "%0 refers to no closed capture"));
    CHECK(holds(wrong("%bx"), "%b needs two characters"));
    CHECK(holds(wrong("%fa"), "%f needs a set such as [%w]"));
    std::string captures;
    for (int i = 0; i < 33; ++i) captures += "()";
    CHECK(holds(wrong(captures), "it has more than 32 captures"));
    CHECK(holds(wrong(std::string(1001, 'a')), "has more than 1,000 bytes. Shorten it."));
}

TEST_CASE("stops_after_a_bounded_number_of_steps") {
    const std::string many(100000, 'a');
    for (const char* bomb : {"^a*a*a*a*a*b", "a-a-a-a-b", "(a*)(a*)%1%2b", "%b()x", ".-.-.-.-x"}) {
        CAPTURE(bomb);
        CHECK(found(bomb, bomb == std::string("%b()x") ? std::string(100000, '(') : many) ==
              "slow");
    }
    const auto error = LuaPattern::compile("a*a*b")->find(many).error();
    CHECK(error.code == "too_complex");
    CHECK(found("a*b", std::string(1000, 'a') + "b") == "0-1001");
    std::string deep;
    for (int i = 0; i < 500; ++i) deep += "a?";
    CHECK(found(deep, std::string(500, 'a')) == "0-500");
}

TEST_CASE("agrees_with_luajit_on_random_patterns") {
    if (std::system("luajit -v >/dev/null 2>&1") != 0) {
        MESSAGE("luajit is not installed: the comparison is left out");
        return;
    }
    const unsigned seed = std::random_device{}();
    CAPTURE(seed);
    const auto pairs = random_pairs(seed, 20000);
    const auto answers = asked_of_lua(pairs);
    REQUIRE(answers.size() == pairs.size());
    int matched = 0;
    int refused = 0;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        const std::string ours = found(pairs[i].pattern, pairs[i].text);
        matched += ours != "none" && ours != "bad";
        refused += ours == "bad";
        // We refuse at once what Lua notices only when it gets that far.
        if (ours == answers[i] || ours == "bad") continue;
        CAPTURE(pairs[i].pattern);
        CAPTURE(pairs[i].text);
        CHECK(ours == answers[i]);
    }
    CHECK(matched > 2000);
    CHECK(refused < 16000);
}
