// The programs that an environment file declares, and what a runbook may ask of them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "interpreter/base/driver.h"

namespace perilune {

// One rule of a program's arguments: an exact text, or `/pattern/` for the whole argument.
class ArgumentRule {
public:
    static Result<ArgumentRule> parse(const std::string& text);
    bool fits(const std::string& argument) const;

private:
    struct Pattern;
    std::string text_;
    std::shared_ptr<const Pattern> pattern_;
};

struct DeclaredProgram {
    std::string name;
    std::string path;
    bool any_arguments = false;
    std::vector<ArgumentRule> arguments;
    Effect effect = Effect::change;
    Map environment;                     // Text or secrets.
    std::vector<std::string> variables;  // Names that a runbook may set.
    std::string folder;
    bool input = false;
    std::size_t output_max = 1 << 20;
    std::vector<int> expect_exit;  // Also a success, beside the one the call expects.
};

using DeclaredPrograms = std::map<std::string, DeclaredProgram, std::less<>>;

// Reads the setting `programs`; relative folders start at `folder`.
Result<DeclaredPrograms> read_declared(const Value& programs, const std::string& folder);

// The declared program that a call names, if the call's arguments, variables and input are all
// allowed; else `not_declared` or `not_permitted`.
Result<const DeclaredProgram*> permit(const DeclaredPrograms& programs, const Call& call);

// argv and environment of a permitted call, secrets opened. Variables beside the declared and the
// given ones: PATH=/usr/bin:/bin and LANG=C.UTF-8, nothing else; no HOME.
struct ProgramInvocation {
    std::vector<std::string> argv;
    std::vector<std::string> environment;
    std::string input;
};
Result<ProgramInvocation> make_invocation(const DeclaredProgram& program, const Call& call);

// Adds the handles of the secrets that the program is given to a keeper's note. What the program
// prints may hold their values, and is read by hosts that have not opened them.
void note_secrets(Value& note, const DeclaredProgram& program, const Call& call);
// Opens the noted secrets again, so that the host masks them in what it is about to read.
Status open_noted(const Value& note, const Call& call);
Value without_secrets(const Value& note);

}  // namespace perilune
