#include "bindings/deploy/local_variables.h"

#include <algorithm>

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

Result<WantedVariables> read_wanted(const Call& call) {
    WantedVariables wanted;
    for (const auto& name : call.arguments["names"].list()) wanted.names.push_back(name.text());
    for (const auto& [name, value] : call.arguments["values"].map()) wanted.names.push_back(name);
    auto opened = open_variables(call.arguments["values"], call);
    if (!opened) return opened.error();
    wanted.set = std::move(*opened);
    std::sort(wanted.names.begin(), wanted.names.end());
    return wanted;
}

Value state_of(const Variables& variables, const WantedVariables& wanted) {
    Value state;
    state.as_map();
    for (const auto& name : wanted.names) state.set(name, variable_state(variables, name));
    return state;
}

Value env_value(const WantedVariables& wanted, bool changed) {
    Value value;
    return value.set("changed", changed)
        .set("names", List(wanted.names.begin(), wanted.names.end()));
}

std::optional<Restore> restore_env(const Call& call, const Value& before, const Value& result) {
    if (!result["changed"].boolean()) return std::nullopt;
    Value values;
    values.as_map();
    for (const auto& [name, state] : before.map()) values.set(name, variable_argument(state));
    Value arguments;
    arguments.set("values", values).set("apply", call.arguments["apply"]);
    return Restore{"set_env", arguments};
}

}  // namespace perilune
