#include "interpreter/base/suggest.h"

#include <algorithm>

namespace perilune {

namespace {

// Edits (insert, remove, replace, swap of neighbours) that lead from one word to the other.
std::size_t distance(std::string_view left, std::string_view right) {
    std::vector<std::vector<std::size_t>> cost(left.size() + 1,
                                               std::vector<std::size_t>(right.size() + 1));
    for (std::size_t i = 0; i <= left.size(); ++i) cost[i][0] = i;
    for (std::size_t j = 0; j <= right.size(); ++j) cost[0][j] = j;
    for (std::size_t i = 1; i <= left.size(); ++i) {
        for (std::size_t j = 1; j <= right.size(); ++j) {
            const std::size_t replace = cost[i - 1][j - 1] + (left[i - 1] != right[j - 1]);
            cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, replace});
            if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
                cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    }
    return cost[left.size()][right.size()];
}

}  // namespace

std::string nearest(std::string_view wrong, const std::vector<std::string>& candidates) {
    std::string best;
    std::size_t best_distance =
        std::max<std::size_t>(1, std::min<std::size_t>(wrong.size(), 60) / 3);
    for (const auto& candidate : candidates) {
        if (wrong.size() > 60 || candidate.empty()) continue;
        const std::size_t edits = distance(wrong, candidate);
        if (edits < best_distance || (edits == best_distance && best.empty())) {
            best = candidate;
            best_distance = edits;
        }
    }
    return best;
}

std::string did_you_mean(std::string_view wrong, const std::vector<std::string>& candidates) {
    const std::string found = nearest(wrong, candidates);
    return found.empty() ? "" : " Did you mean \"" + found + "\"?";
}

}  // namespace perilune
