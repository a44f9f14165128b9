#include "interpreter/run/comparison_order.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace perilune {

namespace {

using Kind = ComparedEffect::Kind;

// The strand of the new telling that would have asked what the recorded one asked.
std::string told_strand(const RecordedAsk& ask, const Recollection& recorded,
                        const ComparedStrands& strands) {
    if (const auto found = strands.named.find(ask.id.strand); found != strands.named.end())
        return found->second;
    for (std::string at = ask.scope; !at.empty(); at = recorded.state().scope(at).parent)
        if (const auto found = strands.named.find(recorded.state().scope(at).strand);
            found != strands.named.end())
            return found->second;
    return "/";
}

// The records between which the strand has asked what stands at `place`, in the order of asking.
std::pair<std::int64_t, std::int64_t> met_around(const std::vector<ComparedEffect>& effects,
                                                 std::size_t place) {
    std::int64_t before = effects[place].after;
    std::int64_t next = std::numeric_limits<std::int64_t>::max();
    for (std::size_t i = 0; i < effects.size(); ++i) {
        const ComparedEffect& effect = effects[i];
        if (effect.seq == 0 || effect.sign == '-' || effect.strand != effects[place].strand)
            continue;
        if (i < place) before = std::max(before, effect.seq);
        if (i > place && effect.seq > before) next = std::min(next, effect.seq);
    }
    return {before, next};
}

bool may_become(const ComparedEffect& was, const ComparedEffect& now) {
    return now.sign == '+' && was.kind == now.kind && was.path == now.path &&
           was.target == now.target && was.name == now.name &&
           (was.kind == Kind::change || was.kind == Kind::observe || was.kind == Kind::child);
}

// The same call with other arguments, at the same place among those that are the same.
bool pair_up(Comparison& comparison, const ComparedEffect& was) {
    for (std::size_t place = 0; place < comparison.effects.size(); ++place) {
        ComparedEffect& now = comparison.effects[place];
        if (!may_become(was, now)) continue;
        const auto [before, next] = met_around(comparison.effects, place);
        if (was.seq < before || was.seq > next) continue;
        now.sign = '~';
        now.was = was.arguments;
        now.seq = was.seq;
        return true;
    }
    return false;
}

// What is new stands after what its strand asked before it, and after what it would be instead of.
void place_added(std::vector<ComparedEffect>& effects) {
    for (std::size_t place = 0; place < effects.size(); ++place) {
        ComparedEffect& effect = effects[place];
        if (effect.sign != '+') continue;
        const auto [before, next] = met_around(effects, place);
        effect.after = before;
        for (const auto& gone : effects)
            if (gone.sign == '-' && gone.strand == effect.strand && gone.seq < next)
                effect.after = std::max(effect.after, gone.seq);
    }
}

void sort_effects(std::vector<ComparedEffect>& effects) {
    place_added(effects);
    std::stable_sort(effects.begin(), effects.end(), [](const auto& one, const auto& other) {
        const auto key = [](const ComparedEffect& effect) {
            return std::make_tuple(effect.seq > 0 ? effect.seq : effect.after, effect.seq == 0);
        };
        return key(one) < key(other);
    });
}

}  // namespace

bool is_compared(const Event& event) {
    return event.kind == "operation" || event.kind == "child" || event.kind == "question" ||
           event.kind == "failure" || (event.kind == "timer" && event.name == "sleep");
}

void settle_comparison(
    Comparison& comparison, Recollection& recorded, ComparedStrands strands,
    const std::function<ComparedEffect(const Event& event, const std::string& path)>& effect_of) {
    std::vector<ComparedEffect> left;
    for (const auto& ask : recorded.asks()) {
        if (ask.taken) continue;
        const Event event = event_of(recorded.record(ask.seq));
        if (!is_compared(event)) continue;
        ComparedEffect effect = effect_of(event, ask.path);
        effect.seq = ask.seq;
        if (pair_up(comparison, effect)) {
            std::int64_t& newest = strands.newest[told_strand(ask, recorded, strands)];
            newest = std::max(newest, ask.seq);
            continue;
        }
        effect.sign = '-';
        effect.strand = told_strand(ask, recorded, strands);
        left.push_back(std::move(effect));
    }
    for (auto& effect : left) {
        const bool beyond =
            strands.stopped[effect.strand] && effect.seq > strands.newest[effect.strand];
        (beyond ? comparison.not_compared : comparison.effects).push_back(std::move(effect));
    }
    sort_effects(comparison.effects);
    sort_effects(comparison.not_compared);
}

}  // namespace perilune
