// A run's report as Markdown, for an incident's page or a merge request.
#pragma once

#include <string>

#include "interpreter/journal/store.h"
#include "interpreter/report/timeline.h"

namespace perilune::report {

// The same sections as the HTML report, in the same order. Nothing a runbook or provider says can
// become markup, a link or a picture. `row` may be empty.
std::string report_markdown(const Timeline& timeline, const RunRow& row);

}  // namespace perilune::report
