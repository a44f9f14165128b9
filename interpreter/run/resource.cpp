#include "interpreter/run/resource.h"

#include "interpreter/base/json.h"
#include "interpreter/run/unknowns.h"

namespace perilune {

namespace {

// Takes the first word off a list separated by spaces.
std::string_view take_word(std::string_view& listed) {
    const auto space = listed.find(' ');
    const auto word = listed.substr(0, space);
    listed = space == std::string_view::npos ? std::string_view() : listed.substr(space + 1);
    return word;
}

}  // namespace

std::string resource_key(const std::string& target, const Operation& row, const Value& arguments) {
    std::string key = target;
    for (std::string_view left = row.resource; !left.empty();)
        key += "|" + to_canonical_json(arguments[take_word(left)]);
    return key;
}

bool is_resource_known(const Operation& row, const Value& arguments) {
    for (std::string_view left = row.resource; !left.empty();)
        if (holds_unknown(arguments[take_word(left)])) return false;
    return true;
}

bool resources_overlap(const std::string& one, const std::string& other) {
    return one == other || one.starts_with(other + "|") || other.starts_with(one + "|");
}

bool names_word(std::string_view listed, std::string_view wanted) {
    while (!listed.empty())
        if (take_word(listed) == wanted) return true;
    return false;
}

}  // namespace perilune
