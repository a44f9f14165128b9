// Which of many dated things a retention keeps: one calendar for objects and for backups.
#pragma once

#include <string>
#include <vector>

#include "interpreter/base/result.h"

namespace perilune {

// How many of each are kept. A thing is kept when any one of the rules keeps it.
struct Retention {
    int last = 0;    // The newest, whenever they were made.
    int daily = 0;   // The newest of each of so many days that have one; days are UTC.
    int weekly = 0;  // As daily; weeks begin on Monday (ISO 8601).
    int monthly = 0;
    int yearly = 0;
};

struct Dated {
    std::string id;
    double at_s = 0;  // Unix seconds.
};

struct RetentionChoice {
    std::vector<std::string> kept;     // Newest first.
    std::vector<std::string> removed;  // Oldest first: the order in which they are deleted.
};

// Reads `{ last?, daily?, weekly?, monthly?, yearly? }`. A rule that keeps nothing is refused, as
// are unknown names: a slip of the pen must not delete everything.
Result<Retention> read_retention(const Value& value);

// Decides, and changes nothing. The newest `keep_at_least` are always kept. Where more than
// `delete_at_most` would go, the answer is `too_many_deletions` and nothing may be deleted.
Result<RetentionChoice> choose_retention(std::vector<Dated> things, const Retention& retention,
                                         double keep_at_least, double delete_at_most);

}  // namespace perilune
