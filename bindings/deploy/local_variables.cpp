#include "bindings/deploy/local_variables.h"

#include "interpreter/base/digest.h"

namespace perilune {

Result<Variables> open_variables(const Value& values, const Call& call) {
    Variables variables;
    for (const auto& [name, value] : values.map()) {
        if (value.is_boolean()) continue;
        Variable variable{.value = value.text(), .secret = {}, .digest = {}};
        if (value.is_secret()) {
            const auto opened = call.open_secret(value);
            if (!opened) return opened.error();
            if (opened->find('\0') != std::string::npos)
                return fail("bad_argument", "The secret value of the variable " + name +
                                                " holds a NUL byte: no program can be given it.");
            variable = {*opened, value, to_hex(sha256(*opened))};
        }
        variables.emplace(name, std::move(variable));
    }
    return variables;
}

Value variable_state(const Variables& variables, const std::string& name) {
    const auto found = variables.find(name);
    if (found == variables.end()) return false;
    const Variable& variable = found->second;
    Value state;
    if (variable.secret.is_nil()) return state.set("value", variable.value);
    return state.set("secret", variable.secret).set("digest", variable.digest);
}

Value variable_argument(const Value& state) {
    if (!state.is_map()) return false;
    return state.has("secret") ? state["secret"] : state["value"];
}

}  // namespace perilune
