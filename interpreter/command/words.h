// The words of the runbook language, in one place: what `check` knows, and what stubs describe.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "interpreter/lua/syntax/diagnose.h"

namespace perilune {

// A function or table that the vocabulary adds to Lua's own.
struct Word {
    std::string_view name;
    std::string_view doc;        // Full sentences.
    std::string_view signature;  // LuaCATS annotations and the declaration itself.
};

// Of stdlib/vocabulary, without the families' functions.
std::span<const Word> all_words();

// The fields of `run`.
std::span<const std::string_view> run_fields();

// The keys that runbook { … } may have.
std::span<const std::string_view> runbook_keys();

// Every name a script may use without declaring it: Lua's own that the sandbox keeps, the words,
// and the families; with the fields of the libraries.
const syntax::KnownNames& known_names();

}  // namespace perilune
