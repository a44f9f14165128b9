// A run's report as one self-contained HTML file: no script, nothing fetched, light and dark, fit
// for paper.
#pragma once

#include <string>

#include "interpreter/journal/store.h"
#include "interpreter/report/timeline.h"

namespace perilune::report {

// `row` may be empty. Every value is escaped; the file forbids scripts and fetching by a
// Content-Security-Policy of its own besides.
std::string report_html(const Timeline& timeline, const RunRow& row);

}  // namespace perilune::report
