// Reads the parameter `expect` and compares statuses with it.
#include "bindings/http/http_expectation.h"

#include <algorithm>
#include <cmath>

#include "interpreter/base/json.h"

namespace perilune {

Status HttpExpectation::add(const Value& one) {
    const std::string text = one.is_number() ? to_json(one) : one.text();
    const bool whole_class = text.size() == 3 && text.ends_with("xx");
    const bool digits =
        text.size() == 3 && text.find_first_not_of("0123456789") == std::string::npos;
    if ((!digits && !whole_class) || text[0] < '1' || text[0] > '5')
        return fail("bad_argument",
                    "expect must be a status such as 204, a class such as \"2xx\", "
                    "or a list of such, but it is " +
                        to_json(one) + ".");
    const int first = whole_class ? (text[0] - '0') * 100 : std::stoi(text);
    ranges_.push_back({first, whole_class ? first + 99 : first});
    return Done{};
}

Result<HttpExpectation> HttpExpectation::read(const Value& expect) {
    HttpExpectation made;
    const List all = expect.is_list() ? expect.list() : List{expect};
    for (const auto& one : all)
        if (const auto added = made.add(one); !added) return added.error();
    if (made.ranges_.empty())
        return fail("bad_argument", "expect names no status; write 204, \"2xx\" or a list.");
    return made;
}

bool HttpExpectation::met(int status) const {
    return std::ranges::any_of(
        ranges_, [&](const Range& range) { return status >= range.first && status <= range.last; });
}

std::string HttpExpectation::shown() const {
    std::string all;
    for (const auto& range : ranges_) {
        if (!all.empty()) all += " or ";
        all += std::to_string(range.first).substr(0, range.first == range.last ? 3 : 1);
        if (range.first != range.last) all += "xx";
    }
    return all;
}

}  // namespace perilune
