#include "interpreter/command/find_run.h"

#include "interpreter/base/suggest.h"

namespace perilune {

Result<RunRow> find_run(Store& store, const std::string& typed) {
    auto exact = store.run(typed);
    if (!exact) return exact.error();
    if (*exact) return **exact;
    auto rows = store.runs(100000);
    if (!rows) return rows.error();
    std::vector<const RunRow*> found;
    std::vector<std::string> ids;
    for (const auto& row : *rows) {
        if (!row.parent.empty()) continue;
        if (typed == "last") return row;
        ids.push_back(row.id);
        if (typed.size() >= 3 && row.id.find(typed) != std::string::npos) found.push_back(&row);
    }
    if (found.size() == 1) return *found.front();
    if (found.empty())
        return fail("no_such_run", "There is no run \"" + typed + "\"." + did_you_mean(typed, ids) +
                                       " See: perilune runs");
    std::string all;
    for (const auto* row : found) all += "\n  " + row->id + "  " + row->runbook;
    return fail("bad_argument", "Several runs have \"" + typed + "\" in their id:" + all);
}

Result<std::vector<RunRow>> find_tree(Store& store, const std::string& typed) {
    auto row = find_run(store, typed);
    if (!row) return row.error();
    std::vector<RunRow> rows = {std::move(*row)};
    for (std::size_t i = 0; i < rows.size(); ++i) {
        auto children = store.children(rows[i].id);
        if (!children) return children.error();
        rows.insert(rows.end(), children->begin(), children->end());
    }
    return rows;
}

}  // namespace perilune
