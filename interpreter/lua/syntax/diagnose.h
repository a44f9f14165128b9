// Finds what is wrong in a file that parses: unknown names, lost values, secrets compared as text.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "interpreter/lua/syntax/scopes.h"

namespace perilune::syntax {

enum class Severity { warning, error };

struct Diagnostic {
    std::string file;
    Position position;
    std::string code;     // A short snake_case word, listed below.
    std::string message;  // Full sentences: what is wrong, and what to write instead.
    Severity severity = Severity::error;
};

using NameSet = std::set<std::string, std::less<>>;

// The names that a file may use without declaring them.
struct KnownNames {
    NameSet globals;
    // The fields of library tables; a table that is not listed may have any fields.
    std::map<std::string, NameSet, std::less<>> fields;
};

// In the order in which they stand in the file. Codes:
//   unknown_global            error    a name that is neither a local nor known
//   global_assignment         error    a value given to a name that is no local
//   unknown_field             error    a field that a listed library does not have
//   library_assignment        error    a value given to a field of a listed library
//   secret_comparison         error    a secret's handle compared with text
//   too_many_upvalues         error    a function that LuaJIT refuses
//   unused_local              warning  a local or local function never read, but for `_…`
//   step_assigns_outer_local  warning  a step that assigns a local declared outside of it
std::vector<Diagnostic> diagnose(const Tree& tree, const Scopes& scopes, const KnownNames& known);

// "FILE:LINE:COLUMN: error: MESSAGE (code)", as one line.
std::string show_diagnostic(const Diagnostic& diagnostic);

}  // namespace perilune::syntax
