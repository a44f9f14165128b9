// What a runbook file says without being executed: its declarations, targets, operations, names.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "interpreter/base/value.h"
#include "interpreter/lua/syntax/scopes.h"

namespace perilune::syntax {

struct PlacedName {
    std::string name;
    Position position;
};

// One `name = value` of a table. Pointers stay valid as long as the tree.
struct Key {
    std::string name;
    Position position;
    const Expression* value = nullptr;
    std::optional<Value> literal = {};  // Where the file alone says the value.
};

// A table's keys as far as they are written as text; `complete` where there is nothing else in it
// and nothing else in the file could change it.
struct Keys {
    std::vector<Key> keys;
    bool complete = true;
    const Key* find(std::string_view name) const;
};

// One entry of the runbook's `targets`: what it may touch, and the changes it may make there.
struct DeclaredTarget {
    std::string family;  // Empty where the key is not "FAMILY/NAME".
    std::string target;
    std::string key;  // As written.
    Position position;
    std::vector<PlacedName> changes;
    bool complete = true;  // False where the changes are not a literal list of texts.
};

// A call such as `dns("site")`.
struct TargetUse {
    std::string family;
    std::string target;
    Position position;
    // Whether the handle goes where the file does not show what is called on it: it is an argument,
    // a field, or what a function returns.
    bool escapes = false;
};

// A method called on a handle: `dns("site"):upsert { … }`, also by way of a local.
struct OperationUse {
    std::string family;
    std::string target;
    std::string operation;
    Position position;              // Of the operation's name.
    std::optional<Keys> arguments;  // Where the argument is one literal table or there is none.
};

// A global function called with a name first: `step("Tell the one on call", …)`. The function is
// also "parallel" or "wait_for", once for every branch or signal.
struct NamedCall {
    std::string function;
    std::string name;
    Position position;  // Of the name.
    bool known = true;  // False where only executing the file would tell the name.
};

struct Facts {
    std::string returns;  // What the file's `return` calls: "runbook", "drill", …; or empty.
    Position returns_position;  // Of the return, or of the file's end.
    std::optional<Keys> keys;   // Of the table given to it, where it is one.
    std::vector<DeclaredTarget> targets;
    bool targets_complete = true;  // False where some of `targets` cannot be told from the file.
    std::vector<TargetUse> target_uses;
    std::vector<OperationUse> operations;
    // Of step, approve, confirm, ask, manual, wait_until, hold, meanwhile, keep, parallel,
    // wait_for, require, run_runbook, secret, world, and of families whose name is not known.
    std::vector<NamedCall> names;

    bool is_runbook() const { return returns == "runbook"; }
    // Those of `names` that are given to one function.
    std::vector<const NamedCall*> named(std::string_view function) const;
};

// `families` are the names of the families' functions. Everything is in the order of the file.
Facts read_facts(const Tree& tree, const Scopes& scopes,
                 const std::set<std::string, std::less<>>& families);

// The keys of a table that the expression is, directly or by way of one local.
std::optional<Keys> keys_of(const Scopes& scopes, const Expression& expression);

}  // namespace perilune::syntax
