// Work that leaves no trace: in a copy of the process, which ends with it.
#pragma once

#include <functional>

#include "interpreter/base/result.h"

namespace perilune {

struct CopyEnd {
    int status = 0;  // It exited with this,
    int signal = 0;  // or was ended by this one; SIGXCPU is its limit of processor time.
    bool well() const { return status == 0 && signal == 0; }
};

// Does `work` in a copy of this process, which must have one thread, and waits for its end. The
// copy has `cpu_s` seconds of processor time, rounded up, and ends with this process at the latest.
// What `work` throws ends the copy as it would end the program.
Result<CopyEnd> in_a_copy(double cpu_s, const std::function<void()>& work);

}  // namespace perilune
