#include "interpreter/run/child_params.h"

#include "interpreter/library/parameters.h"
#include "interpreter/run/supposed.h"

namespace perilune {

Result<std::string> find_child(const Library& library, const std::string& name) {
    auto path = find_runbook(library, name);
    if (path && is_drill(*path))
        return fail("bad_runbook", *path +
                                       " is a drill and no runbook: a run cannot start it. "
                                       "Execute it with perilune drill.");
    return path;
}

Result<Map> child_params(const Prepared& prepared, const Value& given) {
    auto declared = read_declarations(prepared.facts["parameters"]);
    if (!declared) return declared.error();
    const auto& of_runbooks = prepared.environment.parameters;
    const auto found = of_runbooks.find(prepared.runbook);
    Map defaults = found == of_runbooks.end() ? Map() : found->second;
    // A plan may not know yet what is given; nothing is said against that.
    Map known, unknown;
    for (const auto& [name, value] : given.map()) {
        const bool later = holds_unknown(value) && declared->erase(name) > 0;
        if (later) defaults.erase(name);
        (later ? unknown : known).insert_or_assign(name, value);
    }
    auto checked = check_parameters(*declared, known, defaults);
    if (checked) checked->merge(unknown);
    return checked;
}

}  // namespace perilune
