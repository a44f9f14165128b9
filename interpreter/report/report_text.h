// A run's report as plain text, for a terminal or a mail.
#pragma once

#include <string>

#include "interpreter/journal/store.h"
#include "interpreter/report/layout.h"
#include "interpreter/report/timeline.h"

namespace perilune::report {

// Outcome first, then what is left and the next command, objectives, facts, changes, decisions, and
// the whole history. `row` may be empty.
std::string report_text(const Timeline& timeline, const RunRow& row, const Style& style = {});

// One line of the history as the screen shows it; `indent` columns before the clock.
struct HistoryLine;
void add_history_line(Page& page, const HistoryLine& line);

}  // namespace perilune::report
