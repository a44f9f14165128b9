// What is known of the program that was started as a key.
#pragma once

#include "bindings/process/local_programs.h"

namespace perilune {

// A key's folder as it is now.
struct FoundKey {
    bool held = false;
    std::optional<KeptStatus> status;

    bool running() const { return held && status && !status->over(); }
    bool lost() const { return !held && status && !status->over(); }
};

Result<FoundKey> find_key(const LocalPrograms& local, const std::string& key);
// What `before` and `after` hold: undo compares them.
Value key_state(const FoundKey& found, const std::string& key);

}  // namespace perilune
