// What people and programs outside of a run tell it to do.
#pragma once

#include <string>

#include "interpreter/base/value.h"

namespace perilune {

// A command from outside: approve, answer, signal, pause, retry, skip, undo, cancel, settle.
struct Command {
    std::string id;  // Unique; a command taken once is not taken again.
    std::string kind;
    std::string who;  // "user@host (operating system)"
    Value body;       // name, step, decision, value, reason, happened, …
    double at = 0;
    // Where a signature was found to be somebody's: whose, and { text, signature, key }. Else the
    // operating system says who it is, and nothing proves that.
    std::string person = {};
    Value proof = {};

    const std::string& name() const { return person.empty() ? who : person; }
};

}  // namespace perilune
