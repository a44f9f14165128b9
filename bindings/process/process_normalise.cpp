// What a runbook may hand to a program, refused or made plain before any driver sees it.
#include <cmath>

#include "bindings/process/process.h"
#include "bindings/process/variables.h"

namespace perilune {

namespace {

constexpr std::size_t key_bytes_max = 200;
constexpr std::size_t argument_bytes_max = 128 * 1024;  // Linux: MAX_ARG_STRLEN.

Error refused(const Operation& operation, const std::string& message) {
    return fail("bad_argument", "process:" + std::string(operation.name) + ": " + message);
}

// A whole number as a program would be given it.
Status make_text(const Operation& operation, Value& value, const std::string& what) {
    if (value.is_number() && value.number() == std::floor(value.number()) &&
        std::abs(value.number()) < 1e15)
        value = std::to_string(value.integer());
    if (!value.is_text())
        return refused(operation,
                       what + " must be text, but it is " + std::string(value.kind()) + ".");
    if (value.text().find('\0') != std::string::npos)
        return refused(operation, what + " holds a NUL byte.");
    if (value.text().size() >= argument_bytes_max)
        return refused(operation, what + " is longer than a program can be given (128 KiB).");
    return Done{};
}

Status normalise_arguments(const Operation& operation, Value& arguments) {
    std::size_t number = 0;
    for (auto& argument : arguments.as_list()) {
        const std::string what = "argument " + std::to_string(++number);
        if (argument.is_unknown()) continue;
        if (argument.is_secret())
            return refused(operation, what +
                                          " is a secret, and every process of the machine could "
                                          "read it there. Use `input` or `environment`.");
        if (const auto made = make_text(operation, argument, what); !made) return made;
    }
    return Done{};
}

Status normalise_environment(const Operation& operation, Value& environment) {
    for (auto& [name, value] : environment.as_map()) {
        if (const std::string reason = refuse_variable(name); !reason.empty())
            return refused(operation, reason);
        if (value.is_secret() || value.is_unknown()) continue;
        if (const auto made = make_text(operation, value, "the variable " + name); !made)
            return made;
    }
    return Done{};
}

}  // namespace

Status normalise_process_call(const Operation& operation, Map& arguments) {
    if (const auto key = arguments.find("key"); key != arguments.end() && key->second.is_text()) {
        const std::string& text = key->second.text();
        if (text.empty() || text.size() > key_bytes_max || text.find('\0') != std::string::npos)
            return refused(operation, "`key` must have 1 to 200 bytes, none of them NUL.");
    }
    if (const auto found = arguments.find("arguments");
        found != arguments.end() && !found->second.is_unknown())
        if (const auto made = normalise_arguments(operation, found->second); !made) return made;
    if (const auto found = arguments.find("environment");
        found != arguments.end() && !found->second.is_unknown())
        if (const auto made = normalise_environment(operation, found->second); !made) return made;
    return Done{};
}

}  // namespace perilune
