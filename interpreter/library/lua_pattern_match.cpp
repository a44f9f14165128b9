// Matching compiled Lua patterns, with a bound on the work.
#include <algorithm>
#include <array>
#include <string>

#include "interpreter/library/lua_pattern.h"

namespace perilune {

// Tries the items at one place of the text after another, going back where a later item fails. It
// calls itself at most once per repeated item, so the pattern's length bounds the stack.
class LuaPattern::Matcher {
public:
    Matcher(const std::vector<Item>& items, std::string_view text, std::size_t steps_max)
        : items_(items), text_(text), steps_left_(steps_max) {}

    bool gave_up() const { return steps_left_ == 0; }

    // The end of a match of the items from `index` on that begins at `at`.
    std::optional<std::size_t> match(std::size_t index, std::size_t at) {
        for (; index < items_.size(); ++index) {
            if (!step()) return std::nullopt;
            const Item& item = items_[index];
            if (item.kind == Kind::bytes && item.repeat != '1') return repeat(index, at);
            const auto next = match_one(item, at);
            if (!next) return std::nullopt;
            at = *next;
        }
        return at;
    }

private:
    struct Capture {
        std::size_t first = 0;
        std::size_t end = 0;
        bool position = false;
    };

    bool step() {
        if (steps_left_ > 0) --steps_left_;
        return steps_left_ > 0;
    }

    bool has(const Bytes& bytes, std::size_t at) const {
        return at < text_.size() && bytes.test(static_cast<unsigned char>(text_[at]));
    }

    // An item that matches in one way only; the place after it.
    std::optional<std::size_t> match_one(const Item& item, std::size_t at) {
        switch (item.kind) {
            case Kind::bytes: return has(item.bytes, at) ? std::optional(at + 1) : std::nullopt;
            case Kind::end: return at == text_.size() ? std::optional(at) : std::nullopt;
            // A reference stands after the end of its capture, so whatever way leads to it has set
            // both places anew: nothing needs to be put back where a later item fails.
            case Kind::open:
                captures_[item.capture] = {.first = at, .end = at, .position = false};
                return at;
            case Kind::close: captures_[item.capture].end = at; return at;
            case Kind::position:
                captures_[item.capture] = {.first = at, .end = at, .position = true};
                return at;
            case Kind::reference: return match_reference(captures_[item.capture], at);
            case Kind::balance: return match_balance(item, at);
            case Kind::frontier: return match_frontier(item, at);
        }
        return std::nullopt;
    }

    std::optional<std::size_t> match_reference(const Capture& captured, std::size_t at) {
        // Lua compares a position's capture with nothing: it never matches.
        if (captured.position) return std::nullopt;
        const auto wanted = text_.substr(captured.first, captured.end - captured.first);
        // Comparing a long text is as much work as several steps.
        steps_left_ -= std::min(steps_left_, wanted.size() / 16);
        if (!text_.substr(at).starts_with(wanted)) return std::nullopt;
        return at + wanted.size();
    }

    std::optional<std::size_t> match_balance(const Item& item, std::size_t at) {
        if (at >= text_.size() || text_[at] != item.from) return std::nullopt;
        std::size_t depth = 1;
        for (++at; at < text_.size() && step(); ++at) {
            if (text_[at] == item.to) {
                if (--depth == 0) return at + 1;
            } else if (text_[at] == item.from) {
                ++depth;
            }
        }
        return std::nullopt;
    }

    std::optional<std::size_t> match_frontier(const Item& item, std::size_t at) const {
        // Before the first and after the last byte Lua sees a NUL.
        const auto byte = [&](std::size_t where) {
            return where < text_.size() ? static_cast<unsigned char>(text_[where]) : 0U;
        };
        const unsigned before = at == 0 ? 0U : byte(at - 1);
        if (item.bytes.test(before) || !item.bytes.test(byte(at))) return std::nullopt;
        return at;
    }

    std::optional<std::size_t> repeat(std::size_t index, std::size_t at) {
        const Item& item = items_[index];
        if (item.repeat == '-') {
            while (true) {
                if (const auto end = match(index + 1, at)) return end;
                if (!step() || !has(item.bytes, at)) return std::nullopt;
                ++at;
            }
        }
        const std::size_t least = item.repeat == '+' ? 1 : 0;
        const std::size_t most = item.repeat == '?' ? 1 : text_.size();
        std::size_t count = 0;
        while (count < most && has(item.bytes, at + count) && step()) ++count;
        for (; count + 1 > least; --count) {
            if (const auto end = match(index + 1, at + count)) return end;
            if (count == 0 || !step()) return std::nullopt;
        }
        return std::nullopt;
    }

    const std::vector<Item>& items_;
    std::string_view text_;
    std::size_t steps_left_;
    std::array<Capture, captures_max> captures_ = {};
};

Result<std::optional<LuaPattern::Match>> LuaPattern::find(std::string_view text,
                                                          std::size_t steps_max) const {
    Matcher matcher(items_, text, steps_max);
    for (std::size_t first = 0; first <= text.size(); ++first) {
        const auto end = matcher.match(0, first);
        if (matcher.gave_up())
            return fail("too_complex", "The Lua pattern takes too long on a text of " +
                                           std::to_string(text.size()) +
                                           " bytes. Write it with fewer repetitions.");
        if (end) return std::optional(Match{.first = first, .end = *end});
        if (anchored_) break;
    }
    return std::optional<Match>();
}

}  // namespace perilune
