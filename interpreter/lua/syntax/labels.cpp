#include "interpreter/lua/syntax/labels.h"

#include <algorithm>

namespace perilune::syntax {

namespace {

bool has_label(const std::vector<Name>& labels, std::string_view text) {
    return std::any_of(labels.begin(), labels.end(),
                       [&](const Name& label) { return label.text == text; });
}

Problem too_many(const Name& label) {
    return {label.position, "Found more than " + std::to_string(Labels::labels_max) +
                                " labels or gotos in one block. Split the function."};
}

}  // namespace

void Labels::open_block() {
    functions_.back().scopes.push_back({.locals = locals(), .labels = {}, .jumps = {}});
}

std::optional<Problem> Labels::close_block() {
    Frame& frame = functions_.back();
    const Scope block = std::move(frame.scopes.back());
    frame.scopes.pop_back();
    frame.locals.resize(block.locals);
    for (const Jump& jump : block.jumps) {
        if (has_label(block.labels, jump.label.text)) continue;
        if (frame.scopes.empty())
            return Problem{jump.label.position,
                           "Found a goto to the label \"" + std::string(jump.label.text) +
                               "\", which no block around it has. Write ::" +
                               std::string(jump.label.text) + ":: where it shall go on."};
        frame.scopes.back().jumps.push_back({jump.label, block.locals});
    }
    return std::nullopt;
}

std::optional<Problem> Labels::jump(const Name& label) {
    if (scope().jumps.size() >= labels_max) return too_many(label);
    scope().jumps.push_back({label, locals()});
    return std::nullopt;
}

std::optional<Problem> Labels::add_label(const Name& label, bool ends_block) {
    Scope& block = scope();
    const auto same = [&](const Name& other) { return other.text == label.text; };
    const auto first = std::find_if(block.labels.begin(), block.labels.end(), same);
    if (first != block.labels.end())
        return Problem{label.position, "Found the label \"" + std::string(label.text) +
                                           "\" a second time in one block; the first is on line " +
                                           std::to_string(first->position.line) + "."};
    if (block.labels.size() >= labels_max) return too_many(label);
    const std::size_t alive = ends_block ? block.locals : locals();
    for (const Jump& jump : block.jumps) {
        if (jump.label.text != label.text || jump.locals >= alive) continue;
        const std::string_view local = functions_.back().locals[jump.locals];
        return Problem{jump.label.position,
                       "Found a goto that jumps into the scope of the local \"" +
                           std::string(local) + "\" to the label \"" + std::string(label.text) +
                           "\" on line " + std::to_string(label.position.line) +
                           ". Declare the local before the goto, or put the code between both "
                           "into do … end."};
    }
    std::erase_if(block.jumps, [&](const Jump& jump) { return same(jump.label); });
    block.labels.push_back(label);
    return std::nullopt;
}

}  // namespace perilune::syntax
