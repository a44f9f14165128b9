// What journals were like at one moment, in a form that is signed and kept elsewhere: it shows a
// tail that was cut off and a journal that was written anew, which a chain of hashes alone does
// not.
#pragma once

#include <map>
#include <string>

#include "interpreter/journal/store.h"

namespace perilune {

struct Checkpoint {
    struct Head {
        std::int64_t seq = 0;
        std::string hash;  // 32 raw bytes: of the newest record then.
    };
    double at = 0;
    std::map<std::string, Head> runs;
};

// A line for the form, one for the time, one for each run: "run ID RECORDS HASH".
std::string checkpoint_text(const Checkpoint& checkpoint);
Result<Checkpoint> read_checkpoint(std::string_view text);

// What of a run's journal is not as the checkpoint has it; empty where all of it is. The chain
// itself is checked elsewhere.
std::string against_checkpoint(Store& store, const std::string& run, const Checkpoint::Head& noted);

}  // namespace perilune
