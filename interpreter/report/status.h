// A run's state in a few lines: what runs, since when, what it waits for, the next command.
#pragma once

#include <string>
#include <vector>

#include "interpreter/report/timeline.h"
#include "interpreter/report/usual.h"
#include "interpreter/report/verdict.h"

namespace perilune::report {

std::vector<std::string> status_lines(const Timeline& timeline, const RunRow& row,
                                      const Style& style = {}, const Usual& usual = {});
// What the lines say, with `waiting` (list of { what, path, since }) and `running` (steps).
Value status_value(const Timeline& timeline, const RunRow& row, const Usual& usual = {});

// Parameters, targets, locks, digests: what the run was given.
std::vector<std::string> show_lines(const Timeline& timeline, const RunRow& row,
                                    const Style& style = {});
Value show_value(const Timeline& timeline, const RunRow& row);

}  // namespace perilune::report
