#include "interpreter/base/shell_words.h"

namespace perilune {

std::string quote_word(std::string_view word) {
    std::string quoted = "'";
    for (const char c : word)
        if (c == '\'')
            quoted += "'\\''";
        else
            quoted += c;
    return quoted + "'";
}

std::string quote_words(const std::vector<std::string>& words) {
    std::string quoted;
    for (const auto& word : words) quoted += (quoted.empty() ? "" : " ") + quote_word(word);
    return quoted;
}

}  // namespace perilune
