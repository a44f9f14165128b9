// Follows blocks and the locals alive in them, to tell which jumps and declarations are right.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "interpreter/lua/syntax/tree.h"

namespace perilune::syntax {

// The rules of goto, break and the number of locals, as LuaJIT applies them while it compiles.
class Labels {
public:
    static constexpr std::size_t locals_max = 200;  // In one function at one time (LuaJIT's own).

    // Of one block. LuaJIT has such limits too; without one, comparing each with each takes long.
    static constexpr std::size_t labels_max = 1000;

    void open_function() { functions_.emplace_back(); }
    void close_function() { functions_.pop_back(); }
    void open_block();
    // Jumps that found no label here look for it in the block around; names one that has none.
    std::optional<Problem> close_block();
    void open_loop() { ++functions_.back().loops; }
    void close_loop() { --functions_.back().loops; }

    bool in_loop() const { return functions_.back().loops > 0; }
    std::size_t locals() const { return functions_.back().locals.size(); }
    void declare(std::string_view name) { functions_.back().locals.push_back(name); }
    std::optional<Problem> jump(const Name& label);
    // `ends_block`: nothing but labels follows, so that no local of the block is alive there.
    std::optional<Problem> add_label(const Name& label, bool ends_block);

private:
    struct Jump {
        Name label;
        std::size_t locals;  // How many were alive.
    };
    struct Scope {
        std::size_t locals;  // How many were alive when it began.
        std::vector<Name> labels;
        std::vector<Jump> jumps;  // Not yet resolved.
    };
    struct Frame {
        std::vector<std::string_view> locals;
        std::vector<Scope> scopes;
        std::size_t loops = 0;
    };
    Scope& scope() { return functions_.back().scopes.back(); }

    std::vector<Frame> functions_;
};

}  // namespace perilune::syntax
