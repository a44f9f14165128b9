// Values, calls, times and differences in the few words that fit into a line.
#pragma once

#include <string>

#include "interpreter/base/value.h"

namespace perilune::report {

// One line, `shown`: text bare, everything else as JSON; secrets as [secret NAME].
std::string preview(const Value& value, int width = 60);
// `name = app, ttl = 60`; empty for no arguments.
std::string arguments_text(const Value& arguments, int width = 100);
// `dns/site:upsert { name = app, ttl = 60 }`
std::string call_text(const std::string& target, const std::string& operation,
                      const Value& arguments, int width = 100);
// What a change made of what was there: `ttl 300 → 60, records.value a → b`, or `a → b`.
std::string difference(const Value& before, const Value& after, int width = 100);

std::string clock_text(double unix_s);      // "02:14:07"
std::string day_text(double unix_s);        // "2026-03-01"
std::string day_and_clock(double unix_s);   // "2026-03-01 02:14:07 UTC"
// "3 changes", "1 change"
std::string count_text(std::size_t count, const std::string& one, const std::string& many);

// Seconds of a duration written as a number or as text such as "30m"; 0 where it is none.
double seconds_of(const Value& duration);

}  // namespace perilune::report
