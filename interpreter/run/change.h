// A settled change, as undo sees it.
#pragma once

#include "interpreter/run/record.h"

namespace perilune {

// What taking a change back needs.
struct ChangeDetail {
    Value arguments;
    Value before;
    Value after;
    Value value;  // The result.
};

struct Change {
    EventId id;
    std::string scope;
    std::string target;
    std::string operation;
    std::string recovery;
    std::string outcome;  // done, unknown, or failed with a part left
    std::string child;    // Of a child run: its id.
    bool changed = true;
    std::int64_t seq = 0;

    void keep(const ChangeDetail& detail);
    ChangeDetail detail() const;
    Value arguments() const { return detail().arguments; }

private:
    std::string text_;  // A run may make hundreds of thousands: values need ten times the memory.
};

}  // namespace perilune
