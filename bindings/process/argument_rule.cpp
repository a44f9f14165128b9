// The one file that adapts POSIX patterns: which arguments a declared program may be given.
#include <regex.h>

#include "bindings/process/declared.h"

namespace perilune {

struct ArgumentRule::Pattern {
    regex_t compiled{};
    ~Pattern() { ::regfree(&compiled); }
};

namespace {

// A longer argument fits no pattern, only an exact text: patterns take time and memory by length.
constexpr std::size_t matched_bytes_max = 4096;

// A reference such as \1 makes matching take time without bound.
bool has_reference(const std::string& pattern) {
    for (std::size_t i = 0; i + 1 < pattern.size(); ++i) {
        if (pattern[i] != '\\') continue;
        ++i;
        if (pattern[i] >= '1' && pattern[i] <= '9') return true;
    }
    return false;
}

}  // namespace

Result<ArgumentRule> ArgumentRule::parse(const std::string& text) {
    ArgumentRule rule;
    rule.text_ = text;
    if (text.find('\0') != std::string::npos)
        return fail("bad_setting", "a rule of `arguments` holds a NUL byte.");
    // A path such as /etc/hosts is an exact text: only what also ends in a slash is a pattern.
    if (text.size() < 3 || text.front() != '/' || text.back() != '/') return rule;
    const std::string inner = text.substr(1, text.size() - 2);
    if (has_reference(inner))
        return fail("bad_setting", "the pattern " + text + " refers back (\\1): not allowed here.");
    auto pattern = std::make_shared<Pattern>();
    const int code =
        ::regcomp(&pattern->compiled, ("^(" + inner + ")$").c_str(), REG_EXTENDED | REG_NOSUB);
    if (code != 0) {
        char reason[200];
        ::regerror(code, &pattern->compiled, reason, sizeof reason);
        return fail("bad_setting", "the pattern " + text +
                                       " is not a POSIX extended regular "
                                       "expression: " +
                                       reason + ".");
    }
    rule.pattern_ = std::move(pattern);
    return rule;
}

bool ArgumentRule::fits(const std::string& argument) const {
    if (!pattern_) return argument == text_;
    return argument.size() <= matched_bytes_max &&
           ::regexec(&pattern_->compiled, argument.c_str(), 0, nullptr, 0) == 0;
}

}  // namespace perilune
