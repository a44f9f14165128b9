#include "interpreter/run/change.h"

#include "interpreter/base/json.h"

namespace perilune {

void Change::keep(const ChangeDetail& detail) {
    text_ =
        to_canonical_json(Value(List{detail.arguments, detail.before, detail.after, detail.value}));
    text_.shrink_to_fit();
}

ChangeDetail Change::detail() const {
    const auto read = from_canonical_json(text_);
    if (!read || read->list().size() != 4) return {};
    const List& parts = read->list();
    return {.arguments = parts[0], .before = parts[1], .after = parts[2], .value = parts[3]};
}

}  // namespace perilune
