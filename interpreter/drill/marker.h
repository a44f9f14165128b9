// Writes numbered marks into a database or a bucket, and finds out at the end which survived.
#pragma once

#include <set>
#include <vector>

#include "interpreter/drill/ask.h"
#include "interpreter/drill/drill.h"
#include "interpreter/drill/measure.h"

namespace perilune {

// A mark is a row of the table perilune_mark, or an object perilune-mark/NUMBER. One is written at
// a time: a target that does not answer takes no further ones.
class Marker {
public:
    Marker(Targets& targets, MarkPlan plan);
    ~Marker();
    Marker(const Marker&) = delete;
    Marker& operator=(const Marker&) = delete;

    // Makes the table, where it is a database.
    Awaitable<Result<Value>> prepare();
    void start();
    void stop();
    const std::vector<Mark>& marks() const { return marks_; }
    const MarkPlan& plan() const { return plan_; }
    // The numbers of the marks that the survivor has.
    Awaitable<Result<std::set<std::int64_t>>> survived();

private:
    struct Alive {
        bool here = true;
    };
    void write();

    Targets& targets_;
    MarkPlan plan_;
    std::vector<Mark> marks_;
    std::int64_t next_ = 1;
    bool stopped_ = true;
    Loop::Id timer_ = 0;
    std::shared_ptr<Alive> alive_ = std::make_shared<Alive>();
};

}  // namespace perilune
