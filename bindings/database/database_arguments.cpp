#include "bindings/database/database_arguments.h"

namespace perilune {

Result<std::vector<std::string>> names_of(const Value& list) {
    std::vector<std::string> names;
    for (const auto& name : list.list()) {
        if (!name.is_text() || name.text().empty())
            return fail("bad_argument", "A list of names must contain texts only.");
        names.push_back(name.text());
    }
    return names;
}

Value list_of(const std::vector<std::string>& names) {
    List list;
    for (const auto& name : names) list.emplace_back(name);
    return Value(std::move(list));
}

}  // namespace perilune
