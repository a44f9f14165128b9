// Quoting: whatever a word holds, a POSIX shell reads the same word back and does nothing with it.
#include "interpreter/base/shell_words.h"

#include <random>

#include <doctest/doctest.h>

#include "tests/services/service.h"

using namespace perilune;
using namespace perilune::test;

namespace {

// What the shell makes of the quoted words: each on the next program's command line, as it is.
std::string read_back(const std::string& shell, const std::vector<std::string>& words) {
    return run_to_end({shell, "-c", "printf '%s\\0' " + quote_words(words)}).output;
}

std::string expected(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) text += word + '\0';
    return text;
}

}  // namespace

TEST_CASE("a_shell_reads_back_every_word_that_was_quoted") {
    std::string all_bytes;
    for (int byte = 1; byte < 256; ++byte) all_bytes += static_cast<char>(byte);
    const std::vector<std::string> words = {
        "",      " ",     "plain", "it's", "'",    "''",       "'\\''", "\\",     "\\'", "a\\",
        "\"",    "$HOME", "$(id)", "`id`", "${x}", "*",        "/*",    "?[a-z]", "~",   "~root",
        "a\nb",  "\n",    "a;id",  "a|id", "a&",   "!",        "!!",    "#x",     "-n",  "--",
        "{a,b}", "\t\r",  "%s%n",  "=x",   "a=b",  "\x1b[31m", "ä€𝄞",   all_bytes};
    for (const char* shell : {"/bin/sh", "/bin/bash"}) {
        CAPTURE(shell);
        CHECK(read_back(shell, words) == expected(words));
    }
}

TEST_CASE("a_shell_reads_back_words_of_random_nasty_bytes") {
    constexpr std::string_view nasty = "'\"\\$`!*?[]{}()<>|&;#~ \t\n%=-a\xff\x81";
    const unsigned seed = std::random_device{}();
    MESSAGE("seed " << seed);
    std::mt19937 random(seed);
    std::vector<std::string> words(200);
    for (auto& word : words)
        for (auto left = random() % 12; left > 0; --left) word += nasty[random() % nasty.size()];
    CHECK(read_back("/bin/sh", words) == expected(words));
}
