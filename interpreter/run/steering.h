// What people and programs outside of a run tell it to do.
#pragma once

#include <string>
#include <string_view>

#include "interpreter/base/value.h"

namespace perilune {

// Who stops and undoes a child run together with what is above it.
inline constexpr std::string_view parent_run = "the parent run";

// A command from outside: approve, reject, answer, plan, signal, pause, retry, skip, undo, cancel,
// settle, review.
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
    // What the journal knows it by: a signal may have an identity of its own.
    const std::string& identity() const {
        const std::string& own = body["id"].text();
        return kind != "signal" || own.empty() ? id : own;
    }
};

}  // namespace perilune
