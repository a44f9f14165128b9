// Checks the calls of operations: the name, each argument, and what is missing.
#include "interpreter/command/check.h"

#include "bindings/table.h"
#include "interpreter/base/suggest.h"

namespace perilune {

namespace {

std::vector<std::string> parameter_names(const Operation& operation) {
    std::vector<std::string> names = {"timeout"};
    for (const auto& parameter : operation.used_parameters()) names.emplace_back(parameter.name);
    return names;
}

// One argument by itself, so that its own place is told. Empty where nothing is wrong with it.
std::string argument_problem(const Family& family, const Operation& operation,
                             const Parameter& parameter, const Value& value) {
    Operation alone = operation;
    alone.parameters = {};
    if (parameter.name != "timeout") {
        alone.parameters[0] = parameter;
        alone.parameters[0].group = {};
    }
    Family plain = family;
    plain.normalise = nullptr;
    const auto checked = check_arguments(plain, alone, Map{{std::string(parameter.name), value}});
    return checked ? "" : checked.error().message;
}

class CallCheck {
public:
    CallCheck(Sources& sources, const SourceFile& file, const syntax::OperationUse& use)
        : sources_(sources), file_(file), use_(use) {}

    void check() {
        const Family* family = find_family(use_.family);
        if (!family) return;
        const Operation* operation = family->operation(use_.operation);
        if (!operation) return refuse_operation(*family);
        if (!use_.arguments) return;
        for (const auto& key : use_.arguments->keys) check_key(*family, *operation, key);
        if (well_ && use_.arguments->complete) check_whole(*family, *operation);
    }

private:
    void refuse_operation(const Family& family) {
        std::vector<std::string> names;
        for (const auto& known : family.operations) names.emplace_back(known.name);
        add_finding(sources_, file_, use_.position, "unknown_operation",
                    "The family " + use_.family + " has no operation \"" + use_.operation + "\"." +
                        did_you_mean(use_.operation, names));
    }

    void check_key(const Family& family, const Operation& operation, const syntax::Key& key) {
        const Parameter* parameter = operation.parameter(key.name);
        if (!parameter) {
            well_ = false;
            add_finding(sources_, file_, key.position, "unknown_parameter",
                        use_.family + ":" + use_.operation + " has no parameter \"" + key.name +
                            "\"." + did_you_mean(key.name, parameter_names(operation)));
            return;
        }
        if (!key.literal || key.literal->is_nil()) {
            given_[key.name] = Unknown{"the run"};
            all_literal_ = false;
            return;
        }
        given_[key.name] = *key.literal;
        const std::string problem = argument_problem(family, operation, *parameter, *key.literal);
        if (problem.empty()) return;
        well_ = false;
        add_finding(sources_, file_, key.position, "bad_argument", problem);
    }

    // What is missing, and what only shows when all is known.
    void check_whole(const Family& family, const Operation& operation) {
        Family tolerant = family;
        if (!all_literal_) tolerant.normalise = nullptr;
        const auto checked = check_arguments(tolerant, operation, given_);
        if (!checked)
            add_finding(sources_, file_, use_.position, "bad_argument", checked.error().message);
    }

    Sources& sources_;
    const SourceFile& file_;
    const syntax::OperationUse& use_;
    Map given_;
    bool well_ = true;
    bool all_literal_ = true;
};

}  // namespace

void check_operations(Sources& sources, const SourceFile& file) {
    // A call on a handle that may be one of several targets is one call all the same.
    std::set<std::pair<std::size_t, std::string>> seen;
    for (const auto& use : file.facts.operations)
        if (seen.emplace(use.position.offset, use.family).second)
            CallCheck(sources, file, use).check();
}

}  // namespace perilune
