// Asks the drilled service as a user would, several times a second, and keeps every answer.
#pragma once

#include <vector>

#include "interpreter/drill/ask.h"
#include "interpreter/drill/drill.h"
#include "interpreter/drill/measure.h"

namespace perilune {

// A name is looked up as a resolver on the user's side does: what it answered is used until its
// TTL has passed. A question that takes longer than its time limit got no good answer; the next one
// is asked at its own time all the same.
class Prober {
public:
    Prober(Targets& targets, ProbePlan plan);
    ~Prober();
    Prober(const Prober&) = delete;
    Prober& operator=(const Prober&) = delete;

    void start();
    void stop();
    // How many questions have no answer yet; each gets one within the plan's timeout.
    std::size_t open() const { return open_; }
    // In the order in which they were asked; those still open are not among them.
    std::vector<Probe> probes() const;
    // Since when every answer has been good; 0 where the newest is not, or there is none.
    double good_since() const { return good_since_; }

private:
    struct Shared;
    void tick();
    void took(const Probe& probe);

    Targets& targets_;
    ProbePlan plan_;
    std::shared_ptr<Shared> shared_;
    std::vector<Probe> probes_;
    double good_since_ = 0;
    Loop::Id timer_ = 0;
    std::size_t open_ = 0;
};

}  // namespace perilune
