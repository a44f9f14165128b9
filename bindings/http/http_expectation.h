// Which statuses of an answer count as success.
#pragma once

#include <string>
#include <vector>

#include "interpreter/base/result.h"

namespace perilune {

class HttpExpectation {
public:
    // From 204, "204", "2xx", or a list of such.
    static Result<HttpExpectation> read(const Value& expect);

    bool met(int status) const;
    std::string shown() const;  // "200 or 2xx"

private:
    struct Range {
        int first;
        int last;
    };
    Status add(const Value& one);

    std::vector<Range> ranges_;
};

}  // namespace perilune
