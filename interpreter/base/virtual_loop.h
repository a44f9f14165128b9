// A loop on a virtual clock, for simulated worlds: what waits four hours is over in an instant.
#pragma once

#include "interpreter/base/loop.h"

namespace perilune {

class VirtualLoop : public Loop {
public:
    // Does what is due without letting time pass; false where there was nothing.
    virtual bool run_due() = 0;
    // Lets time pass up to `at_s` on the boot clock, doing what falls due; no further than a stop.
    virtual void run_until(double at_s) = 0;
    // Whether anything is queued or set for a later time.
    virtual bool idle() const = 0;
    // Forgets all that is queued or set: what it holds is held no longer.
    virtual void drop() = 0;
    // When the next timer is due; infinite where there is none.
    virtual double next_s() const = 0;
};

// `clock` is the one that use_clock was given. What is done "off the loop" is done on it, in turn.
// Descriptors cannot be watched. `run` lets time pass until `stop`, or until nothing is left.
std::unique_ptr<VirtualLoop> make_virtual_loop(VirtualClock& clock);

// The same loop for a second owner; the first must outlive it.
std::unique_ptr<Loop> share_loop(Loop& loop);

}  // namespace perilune
